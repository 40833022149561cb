"""Reads the sensors, each at its own pace, and hands what they say to the rules. The bank needs nobody for it."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog

from cranny.core.clock import Clock, aged, millis, real_seconds
from cranny.core.errors import CrannyError, Invalid, NotFound
from cranny.core.ids import Ids
from cranny.edge import sensors
from cranny.edge.disk import DiskFull
from cranny.edge.journal import Journal, quality
from cranny.edge.sensing import kept, verdicts
from cranny.edge.sensing.compaction import LASTS_MS, fresh
from cranny.edge.sensing.kept import ChannelKept
from cranny.edge.sensing.threshold import restarted
from cranny.edge.sensing.verdicts import Moment, Reading, Round
from cranny.edge.sensors import Around, SensorFault, SensorSilent, Source, hundredths
from cranny.edge.wall import Wall
from cranny.wire.messages import ChannelGiven

READ_S: Final = 5.0
"""A sensor that takes longer has said nothing."""
LEAST_S: Final = 0.25
"""Between two rounds, however fast time runs."""
LEAST_SAMPLES: Final = 8
"""In a window: where time runs fast, windows are longer."""
KEEP_MS: Final = 60_000
KEEP_S: Final = 5.0
"""What is kept is written once a minute of goods' time, and not more often than this in real time."""
FULL_S: Final = 30.0
"""After a full disk it is tried again."""
_MILLISECOND: Final = timedelta(milliseconds=1)

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Sensor:
    given: ChannelGiven
    source: Source
    due: int = 0


class Broken:
    """A sensor that can't be, such as one at an address that means nothing: it is silent, and so an alarm."""

    def __init__(self, why: str) -> None:
        self._why = why

    async def read(self) -> float:
        raise SensorFault(self._why)

    async def close(self) -> None:
        """There is nothing."""


class Sampler:
    """`shown` is what each sensor shows now, in hundredths. `changed` is told when other doors are fit to be used."""

    def __init__(
        self, journal: Journal, wall: Wall, around: Around, *, clock: Clock, ids: Ids, changed: Callable[[], None]
    ) -> None:
        self.shown: dict[str, int | None] = {}
        self._journal = journal
        self._wall = wall
        self._around = around
        self._clock = clock
        self._ids = ids
        self._changed = changed
        self._sensors: dict[str, Sensor] = {}
        self._refit = asyncio.Event()
        self._began = (clock.now(), clock.monotonic())
        self._base = millis(clock.now())
        self._round = Round(self._base, {})
        self._kept = (0, 0.0)
        self._full_until = 0.0
        self._judge_doors()

    def refit(self) -> None:
        """The layout is another one."""
        self._refit.set()
        self._judge_doors()

    async def run(self) -> None:
        """Until cancelled."""
        await self._wake()
        try:
            while True:
                self._refit.clear()
                await self._fit()
                wait = await self._look()
                with suppress(TimeoutError):
                    async with asyncio.timeout(wait):
                        await self._refit.wait()
        finally:
            closing = [sensor.source.close() for sensor in self._sensors.values()]
            await asyncio.gather(*closing, return_exceptions=True)

    # ------------------------------------------------------------ start, and new layouts

    async def _wake(self) -> None:
        """Go on where the journal ends: a window that was open is told, with what is known of the time since."""
        before = kept.read(self._journal.state.sensing)
        if before is None or not before.channels:
            return
        wall = millis(self._clock.now())
        sure = wall >= before.wall_ms and quality(wall, self._journal.state.mark.wall_ms) == "good"
        gap = wall - before.wall_ms if sure else 0
        self._base = before.at + gap
        channels = {
            name: ChannelKept(one.measure, one.window, restarted(one.watch, gap if sure else None), one.doors)
            for name, one in before.channels.items()
        }
        self._round = Round(before.at, channels)
        if any(one.window.points for one in channels.values()):
            await self._tell_windows(ended=before.at, at=self._at(), doubtful=not sure)
        else:  # a controller that only just started tells nothing again and again
            self._round = Round(before.at, kept.begin(channels, self._at()))
        self._judge_doors()

    async def _fit(self) -> None:
        given = {channel.name: channel for channel in self._channels()}
        for name, sensor in list(self._sensors.items()):
            if given.get(name) != sensor.given:
                await self._sensors.pop(name).source.close()
                self.shown.pop(name, None)
        for name, channel in given.items():
            if name not in self._sensors:
                self._sensors[name] = Sensor(channel, self._open(channel))
        gone = [name for name, one in self._round.channels.items() if not _same(given.get(name), one)]
        if gone:
            await self._remove(gone)
        at = self._at()
        for name, channel in given.items():
            empty = ChannelKept(channel.measure, fresh(at, channel.measure))
            self._round.channels.setdefault(name, empty)

    async def _remove(self, gone: list[str]) -> None:
        """Where the disk is full they are watched no longer, and their alarms end at the next start."""
        try:
            self._round = await self._journal.commit(
                lambda state: verdicts.remove(state, self._round, gone, self._wall_ms())
            )
        except DiskFull:
            log.warning("disk full: sensors that are gone have to wait")

    def _open(self, channel: ChannelGiven) -> Source:
        try:
            return sensors.load(channel.source).open_source(channel, self._around)
        except (Invalid, NotFound) as error:
            log.warning("sensor not usable", sensor=channel.name, reason=error.code)
            return Broken(error.detail)

    # ------------------------------------------------------------ a round

    async def _look(self) -> float | None:
        """Read what is due. Returns the seconds until something is due again, None when there is nothing to read."""
        if not self._sensors:
            return None
        now = self._at()
        due = [sensor for sensor in self._sensors.values() if sensor.due <= now]
        values = await asyncio.gather(*(self._read(sensor) for sensor in due))
        at = self._at()
        readings = [
            Reading(sensor.given, value, self._every_ms(sensor)) for sensor, value in zip(due, values, strict=True)
        ]
        await self._judge(readings, at)
        for sensor in due:
            sensor.due = now + self._every_ms(sensor)
        await self._keep(at)
        soon = min(sensor.due for sensor in self._sensors.values()) - self._at()
        return max(real_seconds(self._clock, soon / 1000), LEAST_S)

    async def _read(self, sensor: Sensor) -> int | None:
        value: int | None = None
        try:
            async with asyncio.timeout(READ_S):
                value = hundredths(sensor.given.measure, await sensor.source.read())
        except (SensorSilent, SensorFault, TimeoutError) as error:
            reason = error.detail if isinstance(error, CrannyError) else "it took too long"
            if self.shown.get(sensor.given.name, 0) is not None:
                log.warning("sensor says nothing", sensor=sensor.given.name, reason=reason)
        self.shown[sensor.given.name] = value
        return value

    async def _judge(self, readings: list[Reading], at: int) -> None:
        now = Moment(at, self._wall_ms())
        try:
            self._round = await self._journal.commit(
                lambda state: verdicts.judge(state, self._round, readings, now, self._ids)
            )
        except DiskFull:
            log.warning("disk full: an alarm has to wait")
        self._judge_doors()

    async def _keep(self, at: int) -> None:
        start = min((one.window.start for one in self._round.channels.values()), default=at)
        if self._clock.monotonic() < self._full_until:
            return
        slowest = max((self._every_ms(sensor) for sensor in self._sensors.values()), default=0)
        if at - start >= max(LASTS_MS, LEAST_SAMPLES * slowest):
            await self._tell_windows(ended=at, at=at, doubtful=False)
            return
        since, real = self._kept
        if at - since < KEEP_MS or self._clock.monotonic() - real < KEEP_S:
            return
        try:
            self._round = await self._journal.commit(
                lambda state: verdicts.keep(state, self._round, self._wall_ms()), essential=False
            )
        except DiskFull:
            log.warning("disk full: sensors are not written down")
        self._kept = (at, self._clock.monotonic())

    async def _tell_windows(self, *, ended: int, at: int, doubtful: bool) -> None:
        """Where the disk is full the windows go on, and are told as one when there is room again."""
        now = Moment(at, self._wall_ms())
        try:
            self._round = await self._journal.commit(
                lambda state: verdicts.tell_windows(state, self._round, now, ended=ended, doubtful=doubtful),
                essential=False,
            )
        except DiskFull:
            log.warning("disk full: measurements have to wait")
            self._full_until = self._clock.monotonic() + FULL_S
        self._kept = (at, self._clock.monotonic())

    def _judge_doors(self) -> None:
        found = verdicts.unfit(self._channels(), self._round.channels, self._journal.state)
        if found != self._wall.unfit:
            self._wall.unfit = found
            self._changed()

    def _channels(self) -> list[ChannelGiven]:
        layout = self._journal.state.layout
        return layout.sensors if layout else []

    def _every_ms(self, sensor: Sensor) -> int:
        """In goods' time, as it comes true: where time is scaled, rounds are further apart."""
        least = LEAST_S / max(real_seconds(self._clock, 1.0), 1e-9)
        return int(max(float(sensor.given.every_s), least) * 1000)

    def _at(self) -> int:
        """Milliseconds on the sensors' own clock, which goods age by."""
        return self._base + aged(self._clock, self._began) // _MILLISECOND

    def _wall_ms(self) -> int:
        return millis(self._clock.now())


def _same(channel: ChannelGiven | None, known: ChannelKept) -> bool:
    """Whether what was kept is about this sensor."""
    return channel is not None and channel.measure == known.measure
