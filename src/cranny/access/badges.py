"""Badges: which one opens a grant. The number is kept sealed, and the bank gets no more than its verifier."""

from uuid import UUID

from cranny import fleet, sites
from cranny.access import sealed
from cranny.access.ends import told
from cranny.access.lifecycle import LIVE
from cranny.access.tables import BADGE, DROP_BADGE, KEEP_BADGE, LOCK, GrantRow
from cranny.core.errors import Invalid, NotFound, Refused
from cranny.core.events import NewEvent
from cranny.platform import events, rows
from cranny.platform.db import Tx
from cranny.platform.keys import Keyring
from cranny.wire.codes import badge_verifier, normal_badge
from cranny.wire.messages import BadgeGiven


async def give_badge(tx: Tx, keyring: Keyring, grant: UUID, badge: str | None, *, who: str) -> GrantRow:
    """From now on this badge opens `grant`, and no other; with None none does. Raises NotFound, code
    `grant-not-found`; Invalid, code `badge-invalid`; Refused, codes `grant-ended`, `grant-has-no-code` (a deposit
    is proven by its tracking number), `badges-off` (the bank's policy)."""
    row = await _living(tx, grant)
    number = "" if badge is None else normal_badge(badge)
    if badge is not None:
        if not number:
            raise Invalid("A badge's number has 4 to 64 printable signs, as its reader gives it.", code="badge-invalid")
        if not (await sites.get_bank(tx, row.bank)).policy.badges:
            raise Refused("The policy of this bank lets no badge open anything.", code="badges-off")
    await _keep(tx, keyring, row, number)
    kind = "grant.badge_given" if number else "grant.badge_taken"
    await events.record(tx, [NewEvent(kind, f"grants/{grant}", {**told(row), "who": who})])
    return row


async def move_badge(tx: Tx, keyring: Keyring, old: UUID, new: UUID) -> None:
    """The badge of a grant that is about to end opens the one in its place, at whichever bank that is, as far as the
    policy there lets it."""
    number = await badge_of(tx, keyring, old)
    row = await _living(tx, new)
    if number and (await sites.get_bank(tx, row.bank)).policy.badges:
        await _keep(tx, keyring, row, number)


async def badge_of(tx: Tx, keyring: Keyring, grant: UUID) -> str:
    """Empty when it has none."""
    kept = await tx.value(BADGE, tx.tenant, grant)
    return sealed.open_badge(keyring, tx.tenant, grant, kept) if kept else ""


def verifier(tx: Tx, keyring: Keyring, grant: GrantRow, badge: str) -> bytes:
    """What the grant's bank gets of a badge; empty for none."""
    return badge_verifier(keyring.pepper(grant.bank), tx.tenant, grant.bank, badge) if badge else b""


async def _living(tx: Tx, grant: UUID) -> GrantRow:
    """Locked, so that its verifiers go down with this badge or before it."""
    record = await tx.one(LOCK, tx.tenant, grant)
    if record is None:
        raise NotFound(f"There is no grant {grant}.", code="grant-not-found")
    row = rows.to(GrantRow, record)
    if row.state not in LIVE:
        raise Refused(f"This grant is {row.state}: no badge can open it any more.", code="grant-ended")
    if row.locator is None:
        raise Refused("A deposit grant is proven by the tracking number, not by a badge.", code="grant-has-no-code")
    return row


async def _keep(tx: Tx, keyring: Keyring, row: GrantRow, number: str) -> None:
    if number:
        await tx.run(KEEP_BADGE, tx.tenant, row.id, sealed.seal_badge(keyring, tx.tenant, row.id, number))
    else:
        await tx.run(DROP_BADGE, tx.tenant, row.id)
    if row.verified_at is not None:  # else it goes down with the other verifiers
        await fleet.append(tx, row.bank, [BadgeGiven(row.id, verifier(tx, keyring, row, number))])
