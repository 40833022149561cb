"""What became of commands: told by the bank's answer, or later by its journal."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import msgspec

from cranny.core.errors import NotFound
from cranny.core.events import Event
from cranny.fleet.anomalies import raise_anomaly
from cranny.fleet.commands import tables
from cranny.fleet.commands.asking import get, told, words
from cranny.fleet.commands.lifecycle import COMMAND, CommandState, CommandTrigger
from cranny.platform import events
from cranny.platform.db import Database, Tx
from cranny.platform.reactions import Reaction

SWEEP_S: Final = 3.0
OPEN: Final = frozenset({CommandState.AWAITING, CommandState.ISSUED, CommandState.UNKNOWN})
DONE: Final = frozenset({CommandState.EXECUTED})
NOT_DONE: Final = frozenset({CommandState.REFUSED, CommandState.DECLINED, CommandState.LAPSED})


class Answered(msgspec.Struct, frozen=True):
    """Of a bank's `command.answered`."""

    bank: UUID
    command: UUID
    outcome: str
    reason: str = ""
    doors: tuple[str, ...] = ()


async def settle(tx: Tx, id_: UUID, *, executed: bool, answer: str = "", opened: Sequence[str] = ()) -> None:
    """It was done, or refused because of `answer`. What was settled before stays so; a contradiction is listed. Raises
    NotFound, code `command-not-found`."""
    row = await get(tx, id_)
    trigger = CommandTrigger.EXECUTE if executed else CommandTrigger.REFUSE
    data = {**told(row), "answer": answer, "opened": list(opened)}
    (moved,) = await events.move(tx, COMMAND, [id_], trigger, data={id_: data}, words=words(row))
    if moved.before in OPEN:
        heard = None if answer in ("absent", "never-arrived") else tx.now()
        await tx.run(tables.SETTLE, tx.tenant, id_, tx.now(), answer, list(opened), heard)
    elif moved.after in (NOT_DONE if executed else DONE):
        said = {"said": moved.before, "now": "executed" if executed else "refused"}
        await raise_anomaly(tx, row.bank, "command_contradicted", f"commands/{id_}", said)


async def lose(tx: Tx, id_: UUID) -> None:
    """No answer came."""
    row = await get(tx, id_)
    await events.move(tx, COMMAND, [id_], CommandTrigger.LOSE, data={id_: told(row)}, words=words(row), strict=False)


async def _journal_says(tx: Tx, event: Event) -> None:
    answered = msgspec.convert(event.data, Answered)
    try:
        await settle(
            tx,
            answered.command,
            executed=answered.outcome == "executed",
            answer=answered.reason,
            opened=answered.doors,
        )
    except NotFound:
        # Signed by us and not in our books: they were restored from an older copy.
        detail = {"outcome": answered.outcome, "doors": list(answered.doors)}
        await raise_anomaly(tx, answered.bank, "command_unknown", f"commands/{answered.command}", detail)


REACTION: Final = Reaction("fleet.commands", frozenset({"command.answered"}), _journal_says)


async def sweep(db: Database, tenant: UUID) -> int:
    """Commands that nobody confirmed or answered in time, and unknown ones that the bank's journal has passed by
    without a word. Returns how many."""
    async with db.transaction(tenant) as tx:
        over = await tx.all(tables.OVER, tenant, tx.now())
        for row in over:
            trigger = CommandTrigger.LOSE if row["state"] == CommandState.ISSUED else CommandTrigger.LAPSE
            late = await get(tx, row["id"])
            data = {late.id: told(late)}
            await events.move(tx, COMMAND, [late.id], trigger, data=data, words=words(late), strict=False)
        overtaken = await tx.all(tables.OVERTAKEN, tenant)
        for row in overtaken:
            await settle(tx, row["id"], executed=False, answer="never-arrived")
    return len(over) + len(overtaken)
