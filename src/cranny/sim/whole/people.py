"""Whom the server knows by their address."""

from typing import Final
from uuid import UUID

DOMAIN: Final = "@example.org"


class People:
    """`owners` by the ids that the server gave to them."""

    def __init__(self) -> None:
        self.owners: dict[UUID, UUID] = {}

    def address(self, owner: UUID) -> str:
        return f"{owner.hex}{DOMAIN}"

    def met(self, person: UUID, owner: UUID) -> None:
        self.owners[person] = owner

    def whose(self, address: str) -> UUID:
        """The inverse of `address`."""
        return UUID(hex=address.removesuffix(DOMAIN))
