"""Alarms as rows: what a bank's sensors and doors raise and end, and what people say to it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from cranny import sites
from cranny.core.errors import NotFound
from cranny.core.events import Event, NewEvent
from cranny.fleet.climate import tables
from cranny.fleet.climate.lifecycle import ALARM, AlarmState, AlarmTrigger
from cranny.fleet.climate.tables import AlarmRow, Kind
from cranny.fleet.times import earlier
from cranny.platform import events, rows
from cranny.platform.db import Tx
from cranny.wire.sensors import Trouble

CLIMATE: Final[frozenset[Kind]] = frozenset({"too_warm", "too_cold", "too_humid", "too_dry", "sensor_silent"})
"""While one of these is live, its doors are not promised."""
LEFT_OPEN: Final[Kind] = "door_left_open"
FORCED: Final[Kind] = "door_forced"
FACTS: Final = frozenset(
    {
        "sensor.alarmed",
        "sensor.recovered",
        "door.unsecured",
        "door.forced",
        "door.shut",
        "door.cleared",
        "bank.started",
    }
)


class Alarmed(msgspec.Struct, frozen=True):
    """What `sensor.alarmed` and `sensor.recovered` say, as events have it."""

    bank: UUID
    epoch: int
    alarm: UUID
    channel: str
    trouble: Trouble
    for_s: int
    doors: list[str]
    value: int | None = None
    limit: int | None = None
    worst: int | None = None
    cause: str = ""


class AtDoor(msgspec.Struct, frozen=True):
    bank: UUID
    epoch: int
    door: str


class Started(msgspec.Struct, frozen=True):
    bank: UUID
    epoch: int


async def follow(tx: Tx, event: Event) -> None:
    """A reaction to `FACTS`."""
    match event.type:
        case "sensor.alarmed":
            await _raise_sensor(tx, msgspec.convert(event.data, Alarmed), event.time)
        case "sensor.recovered":
            await _end_sensor(tx, msgspec.convert(event.data, Alarmed), event.time)
        case "door.unsecured":
            await _raise_door(tx, event, LEFT_OPEN)
        case "door.forced":
            await _raise_door(tx, event, FORCED)
        case "door.shut":
            await _end_door(tx, event, [LEFT_OPEN])
        case "door.cleared":
            await _end_door(tx, event, [LEFT_OPEN, FORCED])
        case _:
            await _end_earlier(tx, msgspec.convert(event.data, Started), event.time)


async def acknowledge(tx: Tx, id_: UUID, note: str, *, who: str) -> AlarmRow:
    """Somebody has seen it. The first one's word stays. Raises NotFound, code `alarm-not-found`."""
    before = await get_alarm(tx, id_)
    if before.acknowledged is None:
        data = {id_: _about(before) | {"by": who}}
        await events.move(tx, ALARM, [id_], AlarmTrigger.ACKNOWLEDGE, data=data)
        await tx.run(tables.SEEN, tx.tenant, id_, tx.now(), who, note)
    return await get_alarm(tx, id_)


async def get_alarm(tx: Tx, id_: UUID) -> AlarmRow:
    """Raises NotFound, code `alarm-not-found`."""
    record = await tx.one(tables.GET_ALARM, tx.tenant, id_)
    if record is None:
        raise NotFound(f"There is no alarm {id_}.", code="alarm-not-found")
    return rows.to(AlarmRow, record)


async def list_alarms(
    tx: Tx,
    *,
    limit: int,
    before: UUID | None = None,
    state: AlarmState | None = None,
    bank: UUID | None = None,
    live: bool | None = None,
) -> list[AlarmRow]:
    """Newest first. `live`: only those that are not over, or only those that are."""
    return rows.every(AlarmRow, await tx.all(tables.LIST_ALARMS, tx.tenant, before, state, bank, live, limit))


async def live_alarms(tx: Tx, bank: UUID) -> list[AlarmRow]:
    """What is wrong at a bank now, the oldest first."""
    return rows.every(AlarmRow, await tx.all(tables.LIVE_ALARMS, tx.tenant, bank))


# ---------------------------------------------------------------- what banks say


async def _raise_sensor(tx: Tx, said: Alarmed, at: datetime) -> None:
    await _raise(tx, said, said.trouble, said.channel, at, id_=said.alarm)
    await _doors(tx, said.bank)


async def _end_sensor(tx: Tx, said: Alarmed, at: datetime) -> None:
    if await tx.one(tables.GET_ALARM, tx.tenant, said.alarm) is None:
        # That it began was lost with the bank's storage: it is written down as it must have been.
        began = msgspec.structs.replace(said, value=said.worst)
        await _raise(tx, began, said.trouble, said.channel, earlier(at, said.for_s * 1000), id_=said.alarm)
    await _end(tx, said.bank, [said.alarm], at, worst=said.worst, cause=said.cause)
    await _doors(tx, said.bank)


async def _raise_door(tx: Tx, event: Event, kind: Kind) -> None:
    at = msgspec.convert(event.data, AtDoor)
    if not await tx.all(tables.AT_DOOR, tx.tenant, at.bank, [kind], at.door):
        said = Alarmed(at.bank, at.epoch, tx.ids.new(), at.door, "tampered", 0, [at.door])
        await _raise(tx, said, kind, at.door, event.time, id_=said.alarm)


async def _end_door(tx: Tx, event: Event, kinds: list[Kind]) -> None:
    at = msgspec.convert(event.data, AtDoor)
    found = await tx.all(tables.AT_DOOR, tx.tenant, at.bank, kinds, at.door)
    cause = "shut" if event.type == "door.shut" else "looked"
    await _end(tx, at.bank, [row["id"] for row in found], event.time, cause=cause)


async def _end_earlier(tx: Tx, started: Started, at: datetime) -> None:
    """A new epoch: who could have ended them is gone."""
    found = await tx.all(tables.OF_EARLIER, tx.tenant, started.bank, started.epoch)
    if found:
        await _end(tx, started.bank, [row["id"] for row in found], at, cause="replaced")
        await _doors(tx, started.bank)


async def _raise(tx: Tx, said: Alarmed, kind: Kind, channel: str, at: datetime, *, id_: UUID) -> None:
    new = await tx.value(
        tables.RAISE,
        tx.tenant,
        id_,
        said.bank,
        said.epoch,
        kind,
        channel,
        said.doors,
        said.value,
        said.limit,
        said.for_s,
        at,
    )
    if new is None:
        await events.move(tx, ALARM, [id_], AlarmTrigger.RAISE, strict=False)
        return
    about = _about(await get_alarm(tx, id_))
    await events.record(tx, [NewEvent("alarm.raised", f"alarms/{id_}", about)], time=at)


async def _end(tx: Tx, bank: UUID, ids: Iterable[UUID], at: datetime, *, worst: int | None = None, cause: str) -> None:
    own = [row for row in [await get_alarm(tx, id_) for id_ in ids] if row.bank == bank]
    if not own:
        return
    found = [row.id for row in own]
    await tx.run(tables.END, tx.tenant, found, bank, at, worst, cause)
    data = {row.id: _about(row) | {"cause": cause, "worst": row.worst if worst is None else worst} for row in own}
    await events.move(tx, ALARM, found, AlarmTrigger.END, data=data, when=at)


async def _doors(tx: Tx, bank: UUID) -> None:
    """Exactly the doors of live climate alarms are not fit, the oldest alarm's reason first."""
    unfit: dict[str, str] = {}
    for alarm in await live_alarms(tx, bank):
        if alarm.kind in CLIMATE:
            unfit = dict.fromkeys(alarm.doors, alarm.kind) | unfit
    await sites.set_unfit(tx, bank, unfit)


def _about(row: AlarmRow) -> dict[str, Any]:
    """What its events say."""
    return {
        "bank": str(row.bank),
        "kind": row.kind,
        "channel": row.channel,
        "doors": row.doors,
        "value": row.value,
        "limit": row.bound,
    }
