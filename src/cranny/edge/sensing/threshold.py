"""When a value is trouble: limits with a delay, because a door that is opened lets warm air in, and with hysteresis,
because a value at a limit wavers. Pure. Values in hundredths, moments in milliseconds on a clock that never goes back.
"""

from typing import Final
from uuid import UUID

import msgspec

from cranny.wire.allocation import COLD
from cranny.wire.messages import ChannelGiven, CompartmentGiven, Policy
from cranny.wire.sensors import Measure, Trouble

SILENT_READS: Final = 3
"""So many readings in a row that came to nothing are silence."""
SILENT_MS: Final = 60_000
"""And they must have taken so long."""
HYSTERESIS: Final[dict[Measure, int]] = {"temperature": 50, "humidity": 300, "mains": 0, "battery": 500, "tamper": 0}
"""So far inside its limits a value must come for the trouble to be over."""
_ABOVE: Final[dict[Measure, Trouble]] = {"temperature": "too_warm", "humidity": "too_humid", "tamper": "tampered"}
_BELOW: Final[dict[Measure, Trouble]] = {
    "temperature": "too_cold",
    "humidity": "too_dry",
    "mains": "mains_lost",
    "battery": "battery_low",
}
_ON: Final = 50
"""Between off and on."""
BATTERY: Final = 2000
POWER_DELAY_MS: Final = 30_000
"""Shorter ones are blinks of the grid."""


class Band(msgspec.Struct, frozen=True):
    """What is right, both ends included; None: no end."""

    low: int | None = None
    high: int | None = None

    def beyond(self, value: int) -> int:
        """-1 below, 1 above, 0 inside."""
        if self.low is not None and value < self.low:
            return -1
        return 1 if self.high is not None and value > self.high else 0

    def inside(self, value: int, margin: int) -> bool:
        """Inside by as much as the band is wide enough for."""
        if self.low is not None and self.high is not None:
            margin = min(margin, max(self.high - self.low, 0) // 2)
        above = self.low is None or value >= self.low + margin
        return above and (self.high is None or value <= self.high - margin)


class Rule(msgspec.Struct, frozen=True):
    """What a channel is judged by."""

    measure: Measure
    band: Band = Band()
    delay_ms: int = 0


class Watch(msgspec.Struct, frozen=True):
    """A channel's trouble, coming, there, or none. `alarm` is told of already. `since` is when it began, `worst` the
    worst value since. `seen` is when the last good value came; `missed` counts readings that came to nothing since.
    `fit`: nothing speaks against using what the channel is about."""

    alarm: UUID | None = None
    trouble: Trouble | None = None
    since: int | None = None
    worst: int | None = None
    limit: int | None = None
    seen: int | None = None
    missed: int = 0
    began: int | None = None
    """The first reading that came to nothing."""
    fit: bool = False


class Raise(msgspec.Struct, frozen=True):
    trouble: Trouble
    value: int | None
    limit: int | None
    for_ms: int


class End(msgspec.Struct, frozen=True):
    alarm: UUID
    trouble: Trouble
    worst: int | None
    for_ms: int


Verdict = Raise | End | None


def rule(channel: ChannelGiven, boxes: dict[str, CompartmentGiven], policy: Policy) -> Rule:
    """The limits of a channel: its own, else those of the coldest kind of compartment that it is about."""
    band, delay = _band(channel, boxes, policy), policy.climate_delay_s * 1000
    if channel.measure == "tamper":
        delay = 0
    if channel.measure == "mains":
        delay = POWER_DELAY_MS
    return Rule(channel.measure, band, delay)


def _band(channel: ChannelGiven, boxes: dict[str, CompartmentGiven], policy: Policy) -> Band:
    match channel.measure:
        case "mains":
            return Band(low=_ON)
        case "tamper":
            return Band(high=_ON)
        case "battery":
            return Band(low=BATTERY if channel.low is None else channel.low)
    if channel.measure == "humidity" or channel.low is not None or channel.high is not None:
        return Band(channel.low, channel.high)
    features = {feature for door in channel.doors if door in boxes for feature in boxes[door].features} & COLD
    if "frozen" in features:
        return Band(high=policy.frozen_to)
    return Band(policy.chilled_from, policy.chilled_to) if features else Band()


def good(watch: Watch, rule_: Rule, value: int, at: int) -> tuple[Watch, Verdict]:
    """A value came. The caller gives a Raise its id with `raised`."""
    seen = msgspec.structs.replace(watch, seen=at, missed=0, began=None)
    side, back = rule_.band.beyond(value), rule_.band.inside(value, HYSTERESIS[rule_.measure])
    if watch.trouble == "sensor_silent":
        # The silence is over; what the value says begins now.
        over = _over(watch, at)
        fresh, _ = good(Watch(seen=at), rule_, value, at)
        return fresh, over
    if side == 0 and (back or watch.trouble is None):
        fit = watch.fit or back or watch.since is None
        return Watch(seen=at, fit=fit), _over(watch, at)
    if side == 0:
        return seen, None  # inside, but not by enough to call it over
    trouble: Trouble = (_ABOVE if side > 0 else _BELOW)[rule_.measure]
    if watch.alarm is not None:
        return msgspec.structs.replace(seen, worst=_worse(watch, value)), None
    began = watch.since if watch.since is not None and watch.trouble == trouble else at
    worst = _worse(watch, value) if watch.trouble == trouble else value
    limit = rule_.band.high if side > 0 else rule_.band.low
    coming = msgspec.structs.replace(seen, trouble=trouble, since=began, worst=worst, limit=limit)
    if at - began < rule_.delay_ms:
        return coming, None
    return coming, Raise(trouble, worst, limit, at - began)


def bad(watch: Watch, at: int) -> tuple[Watch, Verdict]:
    """A reading came to nothing."""
    began = at if watch.began is None else watch.began
    missed = msgspec.structs.replace(watch, missed=watch.missed + 1, began=began)
    silent = missed.missed >= SILENT_READS and at - began >= SILENT_MS
    if not silent or watch.alarm is not None:
        return missed, None
    quiet = msgspec.structs.replace(missed, trouble="sensor_silent", since=began, worst=None, limit=None)
    return quiet, Raise("sensor_silent", None, None, at - began)


def raised(watch: Watch, alarm: UUID) -> Watch:
    """It was told, under this id: what the channel is about is not used any more."""
    return msgspec.structs.replace(watch, alarm=alarm, fit=False)


def restarted(watch: Watch, gap_ms: int | None) -> Watch:
    """As a new start finds it: whether all is well shows with the next value. A trouble that was only coming goes on
    when the time without a reading is known; else it begins anew."""
    keep = watch.alarm is not None or gap_ms is not None
    fresh = watch if keep else Watch()
    return msgspec.structs.replace(fresh, fit=False, missed=0, began=None)


def _over(watch: Watch, at: int) -> End | None:
    if watch.alarm is None or watch.trouble is None:
        return None
    return End(watch.alarm, watch.trouble, watch.worst, at - (watch.since if watch.since is not None else at))


def _worse(watch: Watch, value: int) -> int:
    if watch.worst is None:
        return value
    return max(watch.worst, value) if watch.trouble in _ABOVE.values() else min(watch.worst, value)
