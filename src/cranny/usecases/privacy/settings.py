"""How long each kind of data is kept, and whether people are asked how they want to be told."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from cranny.core.errors import Invalid
from cranny.core.events import NewEvent
from cranny.platform import events, rows
from cranny.platform.db import Tx
from cranny.platform.personal import Kept
from cranny.usecases.privacy import tables
from cranny.usecases.privacy.tables import SettingsRow

CHANGED = "privacy.settings_changed"


async def read(tx: Tx) -> SettingsRow | None:
    """None where the tenant has settled nothing."""
    record = await tx.one(tables.GET, tx.tenant)
    return None if record is None else rows.to(SettingsRow, record)


async def ask_since(tx: Tx) -> datetime | None:
    found = await read(tx)
    return found.ask_since if found else None


def days(kept: Sequence[Kept], settled: SettingsRow | None) -> dict[str, int]:
    """How long each kind is kept, in days. Pure."""
    own = settled.days if settled else {}
    return {one.kind: int(own.get(one.kind, one.days)) for one in kept}


async def write(tx: Tx, kept: Sequence[Kept], wanted: Mapping[str, int], *, ask: bool, by: str) -> None:
    """All of it anew: a kind that is left out is kept as we propose. Raises Invalid, codes `retention-unknown`,
    `retention-invalid`."""
    check(kept, wanted)
    await tx.run(tables.PUT, tx.tenant, tx.now() if ask else None, dict(wanted), tx.now(), by)
    await events.record(
        tx, [NewEvent(CHANGED, f"tenants/{tx.tenant}", {"by": by, "ask": ask, "days": dict(sorted(wanted.items()))})]
    )


def check(kept: Sequence[Kept], wanted: Mapping[str, int]) -> None:
    """Raises as `write` does. Pure."""
    known = {one.kind: one for one in kept}
    if unknown := sorted(wanted.keys() - known.keys()):
        raise Invalid(
            f"There is no kind of data {', '.join(unknown)}. There are: {', '.join(sorted(known))}.",
            code="retention-unknown",
        )
    for kind, asked in sorted(wanted.items()):
        one = known[kind]
        if not one.least <= asked <= one.most:
            raise Invalid(f"`{kind}` is kept for {one.least} to {one.most} days.", code="retention-invalid")
