"""Codes that a bank makes by itself, for whoever stores something of their own: the secret is drawn here, only its
verifiers are kept, and it is shown once. Their locators are the bank's own, so that no server's can collide."""

from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from cranny.core.errors import Refused
from cranny.core.ids import Ids
from cranny.core.rng import Rng
from cranny.edge import lifecycle
from cranny.edge.rows import Grant
from cranny.edge.state import State
from cranny.wire.codes import (
    BANK_LOCATORS,
    code_material,
    draw_code,
    draw_qr,
    qr_verifier,
    show_code,
    show_qr,
)
from cranny.wire.kdf import SALT_BYTES, Kdf

DIGEST_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Minted:
    """`grant` is the row to keep; `digest` stands where a tracking number's would. The clear code never is in a row,
    a fact or a log."""

    grant: Grant
    digest: bytes
    code: str = field(repr=False)
    qr: str = field(repr=False)


async def mint(state: State, pepper: bytes, kdf: Kdf, *, ids: Ids, rng: Rng) -> Minted:
    """A collect grant with a new code. Raises Refused, code `full`, when all of the bank's locators are taken."""
    mark, locator = state.mark, _locator(state, rng)
    code, qr, salt = draw_code(locator, rng), draw_qr(locator, rng), rng.bytes(SALT_BYTES)
    grant = Grant(
        grant=ids.new(),
        state=lifecycle.GRANT.start,
        purpose="collect",
        locator=locator,
        salt=salt,
        code_verifier=await kdf.derive(code_material(pepper, mark.tenant, mark.bank, code), salt),
        qr_verifier=qr_verifier(pepper, mark.tenant, mark.bank, qr),
        door="",
        generation=0,
    )
    return Minted(grant, rng.bytes(DIGEST_BYTES), show_code(code), show_qr(qr))


def is_minted(state: State, grant: UUID | None) -> bool:
    """Whether the bank made this grant's code itself."""
    known = state.grants.get(grant) if grant else None
    return known is not None and known.locator in BANK_LOCATORS


def _locator(state: State, rng: Rng) -> int:
    """One that nobody has; of those, one that was never used or has rested longest."""
    rested: dict[int, UUID] = {}
    for grant in state.grants.values():
        rested[grant.locator] = max(grant.grant, rested.get(grant.locator, grant.grant))
    free = [locator for locator in BANK_LOCATORS if locator not in state.by_locator]
    fresh = [locator for locator in free if locator not in rested]
    if fresh:
        return fresh[rng.below(len(fresh))]
    if not free:
        raise Refused("All of the bank's own codes are in use.", code="full")
    return min(free, key=lambda locator: rested[locator])
