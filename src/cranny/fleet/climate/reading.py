"""Measurements as they are asked for: of a bank, and of one door for as long as something lay behind it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Final, Literal, NamedTuple
from uuid import UUID

import msgspec

from cranny import sites
from cranny.core.errors import Invalid
from cranny.fleet.climate import series, tables
from cranny.fleet.climate.series import Bucket, Gap, Step, Window
from cranny.platform import rows
from cranny.platform.db import Tx
from cranny.sites import SensorFile
from cranny.wire.sensors import HUNDREDTHS, UNITS, Measure

Shown = dict[str, int | None]
"""What each sensor shows, in hundredths; None: nothing."""
Resolution = Literal["points", "15m", "1h", "1d"]
SIZES: Final[dict[Resolution, timedelta]] = {
    "points": timedelta(0),
    "15m": timedelta(minutes=15),
    "1h": timedelta(hours=1),
    "1d": timedelta(days=1),
}
LONGEST: Final[dict[Resolution, timedelta]] = {
    "points": timedelta(days=14),
    "15m": timedelta(days=31),
    "1h": timedelta(days=120),
    "1d": timedelta(days=1100),
}
MOST: Final = 60_000
"""Windows that are read at once: 400 days of them, and room for a bank that started often."""


class PointShown(msgspec.Struct, frozen=True):
    """What was measured from `time` on: a value that holds until the next point, or the least, mean and
    most of `count` samples."""

    time: datetime
    low: float
    """The least."""
    mean: float
    """The mean, or the value that holds."""
    high: float
    """The most."""
    count: int | None = None


class ChannelShown(msgspec.Struct, frozen=True):
    """A sensor's line. `now` is what it showed when the bank was last heard, at `now_at`. In `gaps` nothing is
    known."""

    name: str
    """What `?channel=` and an alarm's `channel` name."""
    kind: Measure
    unit: str
    doors: list[str]
    now: float | None
    now_at: datetime | None
    points: list[PointShown]
    gaps: list[Gap]


class _Asked(NamedTuple):
    found: Sequence[Window]
    days: Mapping[str, Sequence[Bucket]]
    since: datetime
    until: datetime
    resolution: Resolution


class TelemetryShown(msgspec.Struct, frozen=True):
    """What a bank's sensors measured."""

    bank: UUID
    since: datetime
    until: datetime
    resolution: Resolution
    """`points` is each change of the value, else so much time in one point."""
    channels: list[ChannelShown]
    """What each sensor measured."""


class Log(msgspec.Struct, frozen=True):
    """The temperature behind a door: of the sensor `channel`, in hundredths of a degree. `low` and `high` are its
    limits now; `beyond` is how long it was outside them."""

    channel: str
    line: list[Step]
    gaps: list[Gap]
    low: int | None
    high: int | None
    beyond: timedelta


async def telemetry(
    tx: Tx, bank: UUID, *, since: datetime, until: datetime, resolution: Resolution, channel: str | None = None
) -> TelemetryShown:
    """Raises NotFound, code `bank-not-found`; Invalid, codes `window-invalid` and `channel-unknown`."""
    check_window(since, until, resolution)
    about = {sensor.name: sensor for sensor in (await sites.get_bank(tx, bank)).sensors}
    found = await windows(tx, bank, since, until)
    measured = {name: sensor.kind for name, sensor in about.items()} | series.names(found)
    if channel is not None and channel not in measured:
        raise Invalid(
            f"There is no sensor {channel!r}; these are: {', '.join(measured) or 'none'}.", code="channel-unknown"
        )
    days = await rolled(tx, bank, since, until) if resolution == "1d" else {}
    now, asked = await shown_now(tx, bank), _Asked(found, days, since, until, resolution)
    return TelemetryShown(
        bank,
        since,
        until,
        resolution,
        [
            _channel(name, kind, about.get(name), asked, now)
            for name, kind in measured.items()
            if channel in (None, name)
        ],
    )


async def temperature(tx: Tx, bank: UUID, door: str, since: datetime, until: datetime) -> list[Log]:
    """What was measured behind `door`, by each thermometer that is about it."""
    about = await sites.get_bank(tx, bank)
    features = {found.label: found.features for found in await sites.list_doors(tx, bank)}
    sensors = [one for one in about.sensors if one.kind == "temperature" and door in one.doors]
    found = await windows(tx, bank, since, until) if sensors else []
    logs = []
    for sensor in sensors:
        whole = series.steps(found, sensor.name)
        line = series.cut(whole, since, until)
        low, high = limits(sensor, features.get(door, []), about.policy)
        gaps = series.gaps(line, since, until)
        logs.append(Log(sensor.name, line, gaps, low, high, series.beyond(line, low, high)))
    return logs


async def windows(tx: Tx, bank: UUID, since: datetime, until: datetime) -> list[Window]:
    """Those that reach into this time, as they ended."""
    return rows.every(Window, await tx.all(tables.WINDOWS, tx.tenant, bank, since, until, MOST))


async def rolled(tx: Tx, bank: UUID, since: datetime, until: datetime) -> dict[str, list[Bucket]]:
    """What is left of windows that are older than they are kept, by channel."""
    found: dict[str, list[Bucket]] = defaultdict(list)
    for row in await tx.all(tables.DAYS, tx.tenant, bank, since.date(), until.date()):
        at = datetime.combine(row["day"], time(), UTC)
        found[row["channel"]].append(Bucket(at, row["count"], row["low"], row["mean"], row["high"]))
    return found


async def shown_now(tx: Tx, bank: UUID) -> tuple[Shown, datetime | None]:
    """What each sensor showed when the bank was last heard, in hundredths, and when that was."""
    record = await tx.one(tables.SHOWN_NOW, tx.tenant, bank)
    return (dict(record["readings"]), record["last_beat"]) if record is not None else ({}, None)


def limits(sensor: SensorFile, features: Sequence[str], policy: sites.BankPolicy) -> tuple[int | None, int | None]:
    """What is right for a door, in hundredths: the rule that the bank itself judges by."""
    if sensor.low is not None or sensor.high is not None:
        own = (sensor.low, sensor.high)
    elif "frozen" in features:
        own = (None, policy.frozen_to_c)
    elif "chilled" in features:
        own = (policy.chilled_from_c, policy.chilled_to_c)
    else:
        own = (None, None)
    low, high = (None if side is None else side * HUNDREDTHS for side in own)
    return low, high


def check_window(since: datetime, until: datetime, resolution: Resolution) -> None:
    """Raises Invalid, code `window-invalid`."""
    if since.tzinfo is None or until.tzinfo is None:
        raise Invalid("`since` and `until` need an offset, such as 2026-11-27T00:00:00Z.", code="window-invalid")
    if since >= until:
        raise Invalid("`since` must be before `until`.", code="window-invalid")
    if until - since > LONGEST[resolution]:
        days = LONGEST[resolution].days
        raise Invalid(
            f"With the resolution {resolution} ask for {days} days at most; take a coarser one for more.",
            code="window-invalid",
        )


def _channel(
    name: str,
    kind: Measure,
    about: SensorFile | None,
    asked: _Asked,
    now: tuple[Shown, datetime | None],
) -> ChannelShown:
    line = series.cut(series.steps(asked.found, name), asked.since, asked.until)
    points = [_step(step) for step in line if step.value is not None]
    if asked.resolution != "points":
        measured = series.buckets(asked.found, name, SIZES[asked.resolution])
        points = [_point(bucket) for bucket in series.together([*asked.days.get(name, ()), *measured])]
    shown = now[0].get(name)
    return ChannelShown(
        name=name,
        kind=kind,
        unit=UNITS[kind],
        doors=list(about.doors) if about else [],
        now=None if shown is None else shown / HUNDREDTHS,
        now_at=now[1] if name in now[0] else None,
        points=points,
        gaps=series.gaps(line, asked.since, asked.until),
    )


def _step(step: Step) -> PointShown:
    value = (step.value or 0) / HUNDREDTHS
    return PointShown(step.at, value, value, value)


def _point(bucket: Bucket) -> PointShown:
    low, mean, high = (part / HUNDREDTHS for part in (bucket.low, bucket.mean, bucket.high))
    return PointShown(bucket.at, low, mean, high, bucket.count)
