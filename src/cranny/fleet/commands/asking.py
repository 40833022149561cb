"""Asking for a command, and agreeing to it: a deed each, in the caller's transaction. What is to be sent afterwards is
returned, and sent by `sending` once the transaction is through."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from cranny import sites
from cranny.core.clock import Clock, ago, ahead
from cranny.core.errors import Forbidden, Invalid, NotFound, Refused
from cranny.core.events import NewEvent
from cranny.fleet.commands import tables
from cranny.fleet.commands.lifecycle import COMMAND, CommandState, CommandTrigger
from cranny.fleet.commands.shapes import CommandAsked
from cranny.fleet.commands.tables import Action, CommandRow, Why
from cranny.fleet.lifecycle import BankState
from cranny.platform import events, rows
from cranny.platform.auth import Principal
from cranny.platform.db import Tx
from cranny.sites import DoorNow
from cranny.wire import commands as wire

AGREE_WITHIN: Final = timedelta(minutes=5)
WINDOW: Final = timedelta(minutes=10)
"""Openings of one person in this time are counted."""
LINGER_S: Final = 10
"""So long after it was sent a command may still be obeyed, at most: that bounds how late anything can happen."""
OLDEST_S: Final = wire.LONGEST_MS // 1000 - LINGER_S
"""A bank that was not heard for so long is out of reach: its tokens are too old."""
TRIES: Final = 2
SLACK_S: Final = 5.0
SLOW_S: Final = 180.0
"""How long a restart, or the opening of every door, may take before it is said to be unknown."""
EVERY_DOOR: Final[Mapping[Action, Why]] = {"open_all": "open-all", "inventory": "inventory"}
ONE_DOOR: Final = frozenset({"open", "take_out", "put_back", "token"})
SENT: Final[Mapping[Action, wire.Action]] = {
    "open": "open",
    "open_all": "open",
    "reboot": "reboot",
    "take_out": "take_out",
    "put_back": "put_back",
    "inventory": "inventory",
}
"""What the bank is asked for. A token is not in it."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What to send, and for how many seconds to wait for the answer."""

    command: wire.Command
    wait_s: float


async def ask(
    tx: Tx, bank: UUID, asked: CommandAsked, *, by: Principal, id_: UUID | None = None
) -> tuple[UUID, Outgoing | None]:
    """`by` asks. Returns the command's id, and what to send; None when a second person has to agree first, or when
    `id_` was asked for before. Raises NotFound, codes `bank-not-found`, `door-not-found`; Invalid, code `door-missing`
    or `door-unwanted`; Refused, code `bank-offline`."""
    doors = _aimed_at(asked.action, asked.door, await sites.list_doors(tx, bank))
    if asked.action in SENT:
        await _reach(tx, bank)
    await tx.run(tables.LOCK_ASKER, by.id)
    why = await _second_person(tx, bank, asked.action, doors, by.id)
    command = id_ or tx.ids.new()
    added = await tx.value(
        tables.ADD,
        tx.tenant,
        command,
        COMMAND.start,
        bank,
        asked.action,
        [door.label for door in doors],
        [door.generation or 0 for door in doors],
        asked.reason.strip(),
        why,
        by.id,
        by.kind,
        tx.now(),
        ahead(tx.clock, AGREE_WITHIN),
    )
    if added is None:
        return command, None
    row = await get(tx, command)
    if why:
        await events.record(tx, [NewEvent("command.asked", f"commands/{command}", told(row), words(row))])
        return command, None
    if asked.action not in SENT:
        await _allow(tx, row, None)
        return command, None
    return command, await _issue(tx, row, CommandTrigger.ISSUE, None)


async def agree(tx: Tx, id_: UUID, *, by: Principal) -> Outgoing | None:
    """As `confirm`, which raises the same; for a token nothing is to be sent."""
    row = await get(tx, id_)
    if row.action in SENT:
        return await confirm(tx, id_, by=by)
    _be_second(tx, row, by)
    await _allow(tx, row, by)
    return None


async def confirm(tx: Tx, id_: UUID, *, by: Principal) -> Outgoing:
    """`by` agrees to what is sent to a bank, and is not the one who asked. The bank is asked about the door as it was
    when somebody asked: one that changed since stays shut. Raises NotFound, code `command-not-found`; Forbidden, code
    `own-command`; Refused, codes `confirmation-expired`, `command-confirm-when-…`, `bank-offline`."""
    row = await get(tx, id_)
    _be_second(tx, row, by)
    return await _issue(tx, row, CommandTrigger.CONFIRM, by)


def _be_second(tx: Tx, row: CommandRow, by: Principal) -> None:
    if row.asked_by == by.id:
        raise Forbidden("Whoever asked can't confirm it as well: a second person has to.", code="own-command")
    if row.state is CommandState.AWAITING and row.expires <= tx.now():
        raise Refused("Nobody confirmed it in time. Ask anew.", code="confirmation-expired")


async def decline(tx: Tx, id_: UUID, *, by: Principal) -> None:
    """It is not wanted; whoever asked may take it back, too. Raises NotFound, code `command-not-found`; Refused, code
    `command-decline-when-…`."""
    row = await get(tx, id_)
    data = {**told(row), "declined_by": by.who}
    await events.move(tx, COMMAND, [id_], CommandTrigger.DECLINE, data={id_: data}, words=words(row))


async def foresee(tx: Tx, bank: UUID, action: Action, door: str, *, by: Principal) -> Why:
    """Whether a second person would have to agree if `by` asked for it now. Raises what `ask` raises for what it is
    aimed at."""
    doors = _aimed_at(action, door, await sites.list_doors(tx, bank))
    return await _second_person(tx, bank, action, doors, by.id)


async def get(tx: Tx, id_: UUID) -> CommandRow:
    """Raises NotFound, code `command-not-found`."""
    record = await tx.one(tables.GET, tx.tenant, id_)
    if record is None:
        raise NotFound(f"There is no command {id_}.", code="command-not-found")
    return rows.to(CommandRow, record)


def told(row: CommandRow) -> dict[str, Any]:
    """What every event says of a command; `words` go with it."""
    confirmed = {"confirmed_by": f"{row.confirmed_kind}s/{row.confirmed_by}"} if row.confirmed_by else {}
    return {
        "bank": str(row.bank),
        "action": row.action,
        "doors": row.doors,
        "generations": row.generations,
        "by": f"{row.asked_kind}s/{row.asked_by}",
        **confirmed,
    }


def words(row: CommandRow) -> dict[str, str]:
    """What whoever asked said."""
    return {"reason": row.reason}


async def _allow(tx: Tx, row: CommandRow, confirmed_by: Principal | None) -> None:
    """Nothing is sent: whoever asked may have the token signed."""
    agreed = {"confirmed_by": confirmed_by.who} if confirmed_by else {}
    data = {row.id: {**told(row), **agreed}}
    (moved,) = await events.move(tx, COMMAND, [row.id], CommandTrigger.EXECUTE, data=data, words=words(row))
    if moved.before is not CommandState.AWAITING:  # the table lets a bank say so twice, and nobody else
        raise Refused("Somebody has dealt with it already.", code=f"command-confirm-when-{moved.before}")
    second = (confirmed_by.id, confirmed_by.kind) if confirmed_by else (None, None)
    await tx.run(tables.ALLOW, tx.tenant, row.id, tx.now(), *second)


async def _issue(tx: Tx, row: CommandRow, trigger: CommandTrigger, confirmed_by: Principal | None) -> Outgoing:
    """With the freshest token there is at this moment."""
    heard, age_s = await _reach(tx, row.bank)
    open_wait_s = (await sites.get_bank(tx, row.bank)).policy.open_wait_s
    slow = row.action in ("open_all", "reboot")
    wait_s = LINGER_S + TRIES * open_wait_s + SLACK_S
    ttl_ms = (age_s + LINGER_S) * 1000
    agreed = {"confirmed_by": confirmed_by.who} if confirmed_by else {}
    await events.move(tx, COMMAND, [row.id], trigger, data={row.id: {**told(row), **agreed}}, words=words(row))
    expires = ahead(tx.clock, timedelta(seconds=SLOW_S if slow else wait_s + SLACK_S))
    own = (heard["boot"], heard["head_epoch"], heard["mono_ms"])
    second = (confirmed_by.id, confirmed_by.kind) if confirmed_by else (None, None)
    await tx.run(tables.SEND, tx.tenant, row.id, tx.now(), expires, *own, ttl_ms, *second)
    command = wire.Command(
        command=row.id,
        tenant=tx.tenant,
        bank=row.bank,
        boot=heard["boot"],
        token=heard["token"],
        ttl_ms=ttl_ms,
        action=SENT[row.action],
        by=f"{row.asked_kind}s/{row.asked_by}",
        reason=row.reason,
        targets=tuple(wire.Target(*target) for target in zip(row.doors, row.generations, strict=True)),
    )
    return Outgoing(command, wait_s)


def _aimed_at(action: Action, door: str, doors: Sequence[DoorNow]) -> list[DoorNow]:
    if action == "open_all":
        return list(doors)
    if action not in ONE_DOOR:
        if door:
            raise Invalid(f"`{action}` is for the whole bank: leave `door` out.", code="door-unwanted")
        return []
    if not door:
        raise Invalid(f"`{action}` needs the label of a `door`.", code="door-missing")
    aimed = [one for one in doors if one.label == door]
    if not aimed:
        raise NotFound(f"This bank has no door {door!r}.", code="door-not-found")
    return aimed


async def _second_person(tx: Tx, bank: UUID, action: Action, doors: Sequence[DoorNow], asker: UUID) -> Why:
    """An inventory opens every door as well, one after the other: whoever could begin one alone would need no second
    person for anything."""
    if action in EVERY_DOOR:
        return EVERY_DOOR[action]
    if action not in ("open", "token"):
        return ""
    if any("high-security" in door.features for door in doors):
        return "high-security"
    recently = await tx.value(tables.COUNT, tx.tenant, asker, ago(tx.clock, WINDOW))
    return "count" if recently >= (await sites.get_bank(tx, bank)).policy.second_person_above else ""


async def _reach(tx: Tx, bank: UUID) -> tuple[Any, int]:
    """The desk of a bank that was heard a moment ago, and how many seconds ago at most."""
    heard = await tx.one(tables.HEARD, tx.tenant, bank)
    age_s = None if heard is None or heard["state"] != BankState.ONLINE else _age(tx.clock, heard["last_beat"])
    if heard is None or age_s is None or not heard["token"]:
        raise Refused("The bank is offline; a command is never queued. Try again once it is back.", code="bank-offline")
    return heard, age_s


def _age(clock: Clock, at: datetime | None) -> int | None:
    """Whole seconds of real time since `at`, rounded up; None when that is too long ago."""
    if at is None:
        return None
    return next((age for age in range(1, OLDEST_S + 1) if at >= ago(clock, timedelta(seconds=age))), None)
