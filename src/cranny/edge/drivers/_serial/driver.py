"""A driver for boards on a line, whatever they speak."""

import asyncio
from collections.abc import Collection, Mapping
from typing import Final

import structlog

from cranny.core.clock import Clock
from cranny.core.rng import Rng
from cranny.edge.drivers import Address, BoardFault, BoardSilent, Changed, Meters, Reading
from cranny.edge.drivers._polling import Careful, Poller
from cranny.edge.drivers._serial.address import Settings
from cranny.edge.drivers._serial.dialect import Dialect
from cranny.edge.drivers._serial.line import Line, Request

TRIES: Final = 3
"""Of a question. A pulse is sent once."""
DIGEST_S: Final = 0.05
"""What a board gets to take in a command that it does not answer."""

log = structlog.get_logger(__name__)


class LineDriver:
    has_latch = False  # one contact for each lock: what the latch says and what the door says can't be told apart

    def __init__(self, line: Line, dialect: Dialect, settings: Settings, *, clock: Clock, rng: Rng) -> None:
        self._line = line
        self._dialect = dialect
        self._within_s = settings.seconds("timeout-ms")
        self._unlock_within_s = settings.seconds("unlock-timeout-ms")
        self._rest_s = settings.seconds("rest-ms")
        self._clock = clock
        careful = Careful(self._status, lambda unit: line.tally(unit).timeouts, checked=dialect.checked)
        self._poller = Poller(careful.ask, clock=clock, rng=rng, every_s=settings.seconds("poll-ms"))
        self._ready: dict[int, int] = {}
        """By unit, the number of the connection on which it was set up."""
        self._silent: set[int] = set()
        self._pulsing = asyncio.Lock()
        self._rested = 0.0

    @property
    def has_content(self) -> bool:
        return self._dialect.has_content

    @property
    def meters(self) -> Meters:
        return self._line.meters

    def fit(self, addresses: Collection[Address]) -> None:
        for unit, channel in addresses:
            if not self._has(unit, channel):
                log.warning("no such lock on this kind of board", unit=unit, channel=channel)
        self._poller.fit([address for address in addresses if self._has(*address)])

    async def pulse(self, unit: int, channel: int) -> None:
        if (unit, channel) not in self._poller:
            raise BoardFault(f"There is no lock {channel} on board {unit}.", permanent=True)
        asked = self._clock.monotonic()
        async with self._pulsing:
            # Locks draw amperes: the next one waits until the supply has recovered.
            await asyncio.sleep(self._rested - self._clock.monotonic())
            try:
                await self._pulse(unit, channel, asked)
            except (BoardSilent, asyncio.CancelledError):
                self._line.forget()
                raise
            finally:
                self._rested = self._clock.monotonic() + self._rest_s
                self._poller.nudge()

    async def read(self) -> Mapping[Address, Reading]:
        return await self._poller.read()

    async def watch(self, changed: Changed) -> None:
        await self._poller.watch(changed)

    async def close(self) -> None:
        await self._line.close()

    def _has(self, unit: int, channel: int) -> bool:
        return unit in self._dialect.units and 1 <= channel <= self._dialect.channels

    async def _pulse(self, unit: int, channel: int, asked: float) -> None:
        await self._greet(unit)
        unlock = self._dialect.unlock(unit, channel)
        if unlock.answered == "never":
            await self._line.say(unit, unlock.request.data, DIGEST_S, asked=asked)
        else:
            try:
                answer = await self._line.ask(unit, unlock.request, self._unlock_within_s, asked=asked)
            except BoardSilent:
                if unlock.answered == "always":
                    raise
            else:
                if refusal := self._dialect.refusal(answer):
                    raise BoardFault(f"Lock {channel} on board {unit}: {refusal}", permanent=False)
                return
        await self._answers(unit, [channel], TRIES)  # it was there to hear it

    async def _status(self, unit: int) -> Mapping[Address, Reading]:
        channels = self._poller.fitted(unit)
        try:
            await self._greet(unit)
            answers = await self._answers(unit, channels, 1 if unit in self._silent else TRIES)
        except BoardSilent:
            self._silent.add(unit)
            raise
        self._silent.discard(unit)
        return {(unit, channel): found for channel, found in self._dialect.readings(channels, answers).items()}

    async def _answers(self, unit: int, channels: list[int], tries: int) -> list[bytes]:
        return [await self._insist(unit, request, tries) for request in self._dialect.status(unit, channels)]

    async def _insist(self, unit: int, request: Request, tries: int) -> bytes:
        """Ask again: one disturbed answer is no silence."""
        for left in reversed(range(tries)):
            try:
                return await self._line.ask(unit, request, self._within_s)
            except BoardSilent:
                if not left:
                    raise
        raise AssertionError("there is always a first try")

    async def _greet(self, unit: int) -> None:
        """Once on every new connection, before anything else: learn whether the line echoes, tell the board how it
        is to be."""
        connection = self._line.meters.connections
        setup = [] if self._ready.get(unit) == connection else self._dialect.setup(unit)
        there = not setup
        while self._line.echo is None or not there:
            await self._insist(unit, self._dialect.probe(unit), 1 if unit in self._silent else TRIES)
            there = True
        for request in setup:
            await self._try_to_tell(unit, request)
        self._ready[unit] = connection

    async def _try_to_tell(self, unit: int, request: Request) -> None:
        """A board that does not confirm how it is to be is left as it is."""
        try:
            await self._insist(unit, request, TRIES)
        except BoardSilent:
            log.warning("a lock board does not confirm its settings", unit=unit)


async def open_driver(settings: Settings, dialect: Dialect, baud: int, *, clock: Clock, rng: Rng) -> LineDriver:
    """Raises Conflict, code `board-port-busy`."""
    line = Line(settings.port, baud=baud, gap_s=settings.seconds("gap-ms"), clock=clock, rng=rng)
    await line.open()
    return LineDriver(line, dialect, settings, clock=clock, rng=rng)
