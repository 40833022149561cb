"""The clear code, for whoever must show or send it. Each reading leaves an event; the event holds no code."""

from dataclasses import dataclass
from uuid import UUID

from cranny.access import sealed
from cranny.access.ends import told
from cranny.access.lifecycle import LIVE
from cranny.access.tables import GET, KEPT, GrantRow, SecretRow
from cranny.core.errors import NotFound, Refused
from cranny.core.events import NewEvent
from cranny.platform import events, rows
from cranny.platform.db import Tx
from cranny.platform.keys import Keyring
from cranny.wire.codes import show_code, show_qr


@dataclass(frozen=True, slots=True, repr=False)
class Revealed:
    """`code` as people read it (`042 193 550`), None once it was switched off; `qr` as the symbol holds it."""

    code: str | None
    qr: str


async def reveal(tx: Tx, keyring: Keyring, grant: UUID, *, who: str, why: str, words: bool = False) -> Revealed:
    """Open the secrets of a living grant. `words`: `why` is what somebody wrote, else it is a word of ours. Raises
    NotFound, code `grant-not-found`; Refused, code `grant-ended` or `grant-has-no-code`."""
    record = await tx.one(GET, tx.tenant, [grant])
    if record is None:
        raise NotFound(f"There is no grant {grant}.", code="grant-not-found")
    row = rows.to(GrantRow, record)
    if row.locator is None and row.purpose != "deposit":
        raise Refused(
            "The bank made this code itself and showed it once: nobody else knows it. Recall the delivery to open its "
            "door.",
            code="grant-has-no-code",
        )
    if row.locator is None:
        raise Refused("A deposit grant has no code: the tracking number proves it.", code="grant-has-no-code")
    kept = await tx.one(KEPT, tx.tenant, grant)
    if row.state not in LIVE or kept is None:
        raise Refused(f"This grant is {row.state}: its code was erased when it ended.", code="grant-ended")
    data, reason = {**told(row), "who": who}, {"reason": why}
    event = NewEvent(
        "grant.revealed", f"grants/{grant}", data if words else {**data, **reason}, reason if words else {}
    )
    await events.record(tx, [event])
    secret = rows.to(SecretRow, kept)
    return Revealed(
        None if row.code_off else show_code(sealed.open_code(keyring, tx.tenant, grant, row.locator, secret.code)),
        show_qr(sealed.open_qr(keyring, tx.tenant, grant, row.locator, secret.qr)),
    )
