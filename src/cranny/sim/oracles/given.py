"""What a bank may know of its rights: the entries that the server gave, up to where the bank has applied them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from cranny.wire.messages import DeliveryGiven, DeliveryWithdrawn, Given, GrantGiven, GrantRevoked, Policy


def _nobody(_: GrantGiven) -> None:
    """Nobody listens."""


@dataclass(slots=True)
class RightsGiven:
    """`deposits` finds a delivery by its deposit grant."""

    bank: UUID
    entries: Mapping[tuple[UUID, int], Given]
    applied: int = 0
    policy: Policy = field(default_factory=Policy)
    deliveries: dict[UUID, DeliveryGiven] = field(default_factory=dict)
    deposits: dict[UUID, DeliveryGiven] = field(default_factory=dict)
    withdrawn: set[UUID] = field(default_factory=set)
    grants: dict[UUID, GrantGiven] = field(default_factory=dict)
    revoked: set[UUID] = field(default_factory=set)
    told: Callable[[GrantGiven], None] = _nobody
    """Told of each grant."""

    def advance(self, applied: int) -> bool:
        """Follow the bank to where it is. False when it claims entries that nobody gave, or goes back."""
        if applied < self.applied:
            return False
        for seq in range(self.applied + 1, applied + 1):
            given = self.entries.get((self.bank, seq))
            if given is None:
                return False
            self._take(given)
            self.applied = seq
        return True

    def _take(self, given: Given) -> None:
        match given:
            case Policy():
                self.policy = given
            case DeliveryGiven():
                self.deliveries.setdefault(given.delivery, given)
                self.deposits.setdefault(given.deposit_grant, given)
            case DeliveryWithdrawn():
                self.withdrawn.add(given.delivery)
            case GrantGiven():
                self.grants.setdefault(given.grant, given)
                self.told(given)
            case GrantRevoked():
                self.revoked.add(given.grant)
