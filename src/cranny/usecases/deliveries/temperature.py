"""How cold a delivery was kept, from the deposit until it was taken out: for its sender, and for the food office."""

import csv
import io
from collections.abc import Iterator
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from cranny import fleet
from cranny.core.errors import NotFound, Refused
from cranny.platform import rows
from cranny.platform.db import Tx
from cranny.usecases.deliveries import tables
from cranny.usecases.deliveries.tables import DeliveryRow
from cranny.wire.sensors import HUNDREDTHS

HEAD: Final = ("time", "sensor", "temperature_c", "low_limit_c", "high_limit_c", "remark")


class DegreesShown(msgspec.Struct, frozen=True):
    """From `time` on it was `celsius`, until the next point; null where a gap begins."""

    time: datetime
    celsius: float | None


class SensorLog(msgspec.Struct, frozen=True):
    """What one thermometer had behind that door. `beyond_s`: how long it was outside the limits of now. In `gaps`
    nothing was measured, or nothing has been told yet."""

    sensor: str
    """The sensor's name."""
    low_limit: float | None
    """The least that is right there now, in °C; null where there is no such limit."""
    high_limit: float | None
    """The most that is right there now, in °C; null where there is no such limit."""
    lowest: float | None
    """The least that was measured, in °C."""
    highest: float | None
    """The most that was measured, in °C."""
    beyond_s: int
    points: list[DegreesShown]
    gaps: list[fleet.Gap]


class TemperatureShown(msgspec.Struct, frozen=True):
    """`until` is when it was taken out, or now. `spoiled_why`: `climate` or `deadline`, empty while all is well."""

    delivery: UUID
    bank: UUID
    door: str
    generation: int
    unit: str
    since: datetime
    until: datetime
    spoiled_at: datetime | None
    """When it was spoiled; null while it is not."""
    spoiled_why: str
    logs: list[SensorLog]
    """What each thermometer there measured."""


async def temperature(tx: Tx, id_: UUID) -> TemperatureShown:
    """Raises NotFound, code `delivery-not-found`, and Refused, code `delivery-not-stored`."""
    found = rows.every(DeliveryRow, await tx.all(tables.GET, tx.tenant, [id_]))
    if not found:
        raise NotFound(f"There is no delivery {id_}.", code="delivery-not-found")
    (row,) = found
    if row.stored_at is None or row.door is None or row.generation is None:
        raise Refused("It was never behind a door, so there is nothing to show.", code="delivery-not-stored")
    until = row.ended_at or tx.now()
    logs = await fleet.temperature(tx, row.bank, row.door, row.stored_at, until)
    return TemperatureShown(
        delivery=row.id,
        bank=row.bank,
        door=row.door,
        generation=row.generation,
        unit="°C",
        since=row.stored_at,
        until=until,
        spoiled_at=row.spoiled_at,
        spoiled_why=row.spoiled_why,
        logs=[_log(log) for log in logs],
    )


def as_csv(shown: TemperatureShown) -> str:
    """One row for each point, in UTC; a gap is a row without a temperature, and says so."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(HEAD)
    for log in shown.logs:
        writer.writerows(_rows(log))
    return text.getvalue()


def _rows(log: SensorLog) -> Iterator[tuple[object, ...]]:
    limits = (log.low_limit, log.high_limit)
    points = [(point.time, point.celsius, "") for point in log.points if point.celsius is not None]
    gaps = [(gap.since, None, f"gap until {gap.until.isoformat(timespec='seconds')}") for gap in log.gaps]
    for time, celsius, remark in sorted([*points, *gaps], key=lambda line: line[0]):
        shown = "" if celsius is None else f"{celsius:.2f}"
        yield (time.isoformat(timespec="seconds"), log.sensor, shown, *("" if x is None else x for x in limits), remark)


def _log(log: fleet.TemperatureLog) -> SensorLog:
    values = [step.value for step in log.line if step.value is not None]
    return SensorLog(
        sensor=log.channel,
        low_limit=_degrees(log.low),
        high_limit=_degrees(log.high),
        lowest=_degrees(min(values, default=None)),
        highest=_degrees(max(values, default=None)),
        beyond_s=round(log.beyond.total_seconds()),
        points=[DegreesShown(step.at, _degrees(step.value)) for step in log.line],
        gaps=log.gaps,
    )


def _degrees(value: int | None) -> float | None:
    return None if value is None else value / HUNDREDTHS
