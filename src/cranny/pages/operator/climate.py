"""What a wall shows of a bank's sensors: the air behind its doors, what is wrong, and the last day."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from cranny import fleet, sites
from cranny.pages.operator.shown import HOME
from cranny.platform.db import Tx
from cranny.sites import Bank
from cranny.ui.models import AlarmView, ClimateView
from cranny.wire.sensors import UNITS, Measure

DAY: Final = timedelta(days=1)
FRESH: Final = timedelta(minutes=5)
"""What a bank showed earlier is not what is now."""
_MEASURES: Final[dict[str, Measure]] = {
    "too_warm": "temperature",
    "too_cold": "temperature",
    "too_humid": "humidity",
    "too_dry": "humidity",
    "battery_low": "battery",
}


async def air(tx: Tx, bank: Bank) -> dict[str, int]:
    """The temperature behind doors by label, in hundredths of a degree, where it is known now."""
    shown, at = await fleet.shown_now(tx, bank.id)
    if at is None or tx.now() - at > FRESH:
        return {}
    found: dict[str, int] = {}
    for sensor in bank.sensors:
        value = shown.get(sensor.name)
        if sensor.kind == "temperature" and value is not None:
            found = dict.fromkeys(sensor.doors, value) | found
    return found


async def alarms(tx: Tx, bank: Bank) -> tuple[AlarmView, ...]:
    """What is wrong now, what nobody has seen yet first."""
    found = [
        AlarmView(
            kind=alarm.kind,
            channel=alarm.channel,
            doors=tuple(alarm.doors),
            since=alarm.raised,
            value=alarm.value,
            limit=alarm.bound,
            unit=UNITS[_MEASURES[alarm.kind]] if alarm.kind in _MEASURES else "",
            seen=alarm.state is fleet.AlarmState.ACKNOWLEDGED,
            href=f"{HOME}/{bank.id}/alarms/{alarm.id}",
        )
        for alarm in await fleet.live_alarms(tx, bank.id)
    ]
    return tuple(sorted(found, key=lambda alarm: alarm.seen))


async def line(tx: Tx, bank: UUID, door: str) -> ClimateView | None:
    """The last day behind a door; None where nobody measures."""
    now = tx.now()
    logs = await fleet.temperature(tx, bank, door, now - DAY, now)
    if not logs:
        return None
    log = logs[0]
    known = await air(tx, await sites.get_bank(tx, bank))
    return ClimateView(
        channel=log.channel,
        now=known.get(door),
        low=log.low,
        high=log.high,
        line=tuple((int(step.at.timestamp()), step.value) for step in log.line),
    )
