"""What one round of readings comes to: alarms and their ends, goods that spoil, windows that are full. Pure rules of
the state and of what is kept; the journal writes what they make."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from cranny.core.ids import Ids
from cranny.edge.change import Ruled
from cranny.edge.draft import Draft
from cranny.edge.rows import Warmth
from cranny.edge.sensing import compaction, kept, warmth
from cranny.edge.sensing.kept import ChannelKept, Kept
from cranny.edge.sensing.threshold import Band, End, Raise, Rule, Verdict, bad, good, raised, rule
from cranny.edge.state import State
from cranny.wire.kinds import GoodsSpoiled, SensorAlarmed, SensorRecovered, TelemetrySummed
from cranny.wire.messages import ChannelGiven


@dataclass(frozen=True, slots=True)
class Reading:
    """`value` in hundredths, None when nothing came. `every_ms`: how often it is read."""

    channel: ChannelGiven
    value: int | None
    every_ms: int


@dataclass(frozen=True, slots=True)
class Round:
    """Where the watch is after a round. `warm` has the accounts that were not written yet."""

    at: int
    channels: dict[str, ChannelKept]
    warm: dict[str, Warmth] = field(default_factory=dict)
    told: bool = False
    """Something was told: what is kept must be on the disk with it."""


@dataclass(frozen=True, slots=True)
class Moment:
    """Milliseconds on the sensors' own clock, which goods age by, and on the wall clock."""

    at: int
    wall_ms: int


def judge(state: State, before: Round, readings: Sequence[Reading], now: Moment, ids: Ids) -> Ruled[Round]:
    """Take in what was read now. `Round.told` when there is something in the change."""
    draft, channels, warm = Draft(state), dict(before.channels), dict(before.warm)
    told, at = False, now.at
    for reading in readings:
        name, limits = reading.channel.name, rule(reading.channel, state.boxes, state.policy)
        known = channels[name]
        watch, verdict = bad(known.watch, at) if reading.value is None else good(known.watch, limits, reading.value, at)
        if reading.value is not None:
            by_ms = 0 if known.watch.seen is None else at - known.watch.seen
            told |= _spoil(draft, reading, limits, by_ms, warm)
        if verdict is not None:
            told = True
            alarm = ids.new() if isinstance(verdict, Raise) else None
            watch = raised(watch, alarm) if alarm else watch
            _tell(draft, reading.channel, verdict, alarm)
        channels[name] = ChannelKept(known.measure, _window(known, reading, at), watch, tuple(reading.channel.doors))
    after = Round(at, channels, {} if told else warm, told)
    if told:
        draft.put(*warm.values(), kept.write(Kept(at, now.wall_ms, _start(channels, at), channels)))
    return draft.change(), after


def keep(state: State, now: Round, wall_ms: int) -> Ruled[Round]:
    """Write down where the watch is."""
    draft = Draft(state)
    draft.put(*now.warm.values(), kept.write(Kept(now.at, wall_ms, _start(now.channels, now.at), now.channels)))
    return draft.change(), replace(now, warm={})


def tell_windows(state: State, now: Round, moment: Moment, *, ended: int, doubtful: bool = False) -> Ruled[Round]:
    """Tell of the windows that ended at `ended`, and begin new ones now."""
    draft, start, at = Draft(state), _start(now.channels, ended), moment.at
    draft.say(
        TelemetrySummed(
            age_ms=max(at - ended, 0),
            span_ms=max(ended - start, 0),
            channels=[compaction.close(one.window, name, one.measure, start) for name, one in now.channels.items()],
            doubtful=doubtful,
        )
    )
    after = Round(at, kept.begin(now.channels, at))
    draft.put(*now.warm.values(), kept.write(Kept(at, moment.wall_ms, at, after.channels)))
    return draft.change(), after


def remove(state: State, now: Round, gone: Sequence[str], wall_ms: int) -> Ruled[Round]:
    """Sensors that are not there any more: their alarms end with them."""
    draft = Draft(state)
    left = {name: one for name, one in now.channels.items() if name not in gone}
    for name in gone:
        one = now.channels[name]
        if one.watch.alarm is not None and one.watch.trouble is not None:
            draft.say(
                SensorRecovered(
                    alarm=one.watch.alarm,
                    channel=name,
                    measure=one.measure,
                    trouble=one.watch.trouble,
                    worst=one.watch.worst,
                    for_s=max(now.at - (one.watch.since or now.at), 0) // 1000,
                    cause="removed",
                    doors=list(one.doors),
                )
            )
    draft.put(kept.write(Kept(now.at, wall_ms, _start(left, now.at), left)))
    return draft.change(), replace(now, channels=left)


def unfit(channels: Sequence[ChannelGiven], known: Mapping[str, ChannelKept], state: State) -> dict[str, str]:
    """The doors that nothing is put behind now, and why: their climate is wrong, or not known."""
    found: dict[str, str] = {}
    for channel in channels:
        one = known.get(channel.name)
        watched = channel.doors and rule(channel, state.boxes, state.policy).band != Band()
        if watched and (one is None or not one.watch.fit):
            why = one.watch.trouble if one and one.watch.alarm and one.watch.trouble else "climate_unknown"
            found |= dict.fromkeys(channel.doors, why)
    return found


def _start(channels: Mapping[str, ChannelKept], default: int) -> int:
    return min((one.window.start for one in channels.values()), default=default)


def _window(known: ChannelKept, reading: Reading, at: int) -> compaction.Window:
    if reading.value is None:
        return compaction.miss(known.window, at)
    return compaction.add(known.window, at, reading.value, reading.every_ms)


def _tell(draft: Draft, channel: ChannelGiven, verdict: Verdict, alarm: UUID | None) -> None:
    if isinstance(verdict, Raise) and alarm is not None:
        draft.say(
            SensorAlarmed(
                alarm=alarm,
                channel=channel.name,
                measure=channel.measure,
                trouble=verdict.trouble,
                value=verdict.value,
                limit=verdict.limit,
                for_s=verdict.for_ms // 1000,
                doors=channel.doors,
            )
        )
    elif isinstance(verdict, End):
        draft.say(
            SensorRecovered(
                alarm=verdict.alarm,
                channel=channel.name,
                measure=channel.measure,
                trouble=verdict.trouble,
                worst=verdict.worst,
                for_s=verdict.for_ms // 1000,
                doors=channel.doors,
            )
        )


def _spoil(draft: Draft, reading: Reading, limits: Rule, by_ms: int, warm: dict[str, Warmth]) -> bool:
    """Count what lies behind the doors of this channel. Whether anything has just become too warm for too long."""
    told, value, state = False, reading.value, draft.state
    if value is None or reading.channel.measure != "temperature":
        return False
    side, spoils_ms = limits.band.beyond(value), state.policy.spoils_after_s * 1000
    for door in reading.channel.doors if side else ():
        place = state.occupancies.get(door)
        if place is None:
            continue
        known = warm.get(door) or state.warmth.get(door)
        account, spoiled = warmth.older(known, place, by_ms=by_ms, value=value, side=side, spoils_ms=spoils_ms)
        warm[door] = account
        if spoiled:
            told = True
            draft.say(
                GoodsSpoiled(
                    door=door,
                    generation=place.generation,
                    deliveries=place.deliveries,
                    channel=reading.channel.name,
                    warm_s=account.warm_ms // 1000,
                    worst=account.worst,
                )
            )
    return told
