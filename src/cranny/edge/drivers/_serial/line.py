"""A line and its one owner: one request at a time, its own answer or silence, and a connection that always comes back.

Nothing here sends anything twice. After a silence the line is left alone for as long again, and what comes then is
dropped: a late answer must never be taken for the answer to the next request.
"""

import asyncio
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final

import structlog

from cranny.core.clock import Clock
from cranny.core.errors import Conflict
from cranny.core.rng import Rng
from cranny.edge.backoff import Backoff
from cranny.edge.drivers import BoardFault, BoardSilent, Meters, Tally
from cranny.edge.drivers._serial.address import Port
from cranny.edge.drivers._serial.port import Parity, Wire, open_wire, owned
from cranny.edge.drivers._serial.split import Look, echo_of, split

LONGEST_PAUSE_S: Final = 10.0
"""Between two attempts to open the port again: somebody may have just plugged it in and stand before the bank."""
SETTLE_S: Final = 0.25
"""A new connection is left alone for so long: what somebody asked over the old one may still be answered."""
DEED_S: Final = 3.0
"""A pulse that has waited longer for its turn is not sent: its person may not stand there any more."""
TAIL_S: Final = 0.02
"""A late frame that is still coming gets so much longer, so that its end is not taken for the next one's beginning."""
FROZEN: Final = 10
"""So many questions in a row that nobody on the line answered, and the port is opened anew: drivers of serial ports
freeze, and a converter that was switched off leaves a connection behind that nobody ends."""
SURE: Final = 3
"""So many answers without an echo, however noisy, and there is none."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Request:
    """`look` finds the frames that may come back, `answers` says which of them answers this very request. `twin`: an
    answer may have the same bytes as the request, so that only a line that is known not to echo can tell."""

    data: bytes
    look: Look
    answers: Callable[[bytes], bool]
    twin: bool = False


@dataclass(slots=True)
class _Heard:
    """What is left to learn while one answer is awaited."""

    rest: bytes = b""
    clean: bool = True
    echoed: bool = False


class Line:
    """`echo`: whether what we send comes back to us, as on many half-duplex converters. None: not known yet."""

    def __init__(self, port: Port, *, baud: int, gap_s: float, clock: Clock, rng: Rng, parity: Parity = "none") -> None:
        self.port = port
        self.echo: bool | None = None
        self._baud = baud
        self._parity = parity
        self._gap_s = gap_s
        self._clock = clock
        self._backoff = Backoff(rng, longest_s=LONGEST_PAUSE_S)
        self._turn = asyncio.Lock()
        self._wire: Wire | None = None
        self._down = "It was never opened."
        self._doubt_until = 0.0
        self._connections = 0
        self._unechoed = 0
        self._misses = 0
        self._tallies: dict[int, Tally] = {}
        self._owned = ExitStack()
        self._keeper: asyncio.Task[None] | None = None

    @property
    def meters(self) -> Meters:
        return Meters(self._wire is not None, self._connections, dict(self._tallies))

    def tally(self, unit: int) -> Tally:
        return self._tallies.setdefault(unit, Tally())

    async def open(self) -> None:
        """A port that can't be opened yet is tried again for ever. Raises Conflict, code `board-port-busy`."""
        self._owned.enter_context(owned(self.port))
        try:
            await self._connect()
        except OSError as error:
            self._note_down(error)
        except BaseException:
            self._owned.close()
            raise
        self._keeper = asyncio.create_task(self._keep())

    async def close(self) -> None:
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
            self._keeper = None
        if self._wire is not None:
            self._wire.drop()
            await self._wire.gone.wait()
            self._wire = None
        self._owned.close()

    async def ask(self, unit: int, request: Request, within_s: float, *, asked: float | None = None) -> bytes:
        """The frame that answers. `asked`: when a deed was asked for. Raises BoardSilent, and BoardFault when it is
        too late for that deed: then it was not sent."""
        async with self._turn:
            wire, tally = await self._begin(unit)
            self._refuse_late(asked)
            if request.twin and self.echo is None:
                raise BoardSilent(f"Whether {self.port} echoes is not known yet: nothing was sent.")
            self._doubt_until = self._clock.monotonic() + 2 * within_s  # also of what is cancelled on its way
            tally.requests += 1
            try:
                wire.write(request.data)
                async with asyncio.timeout(within_s):
                    answer = await self._answer(wire, request, tally)
            except TimeoutError as error:
                tally.timeouts += 1
                self._miss(wire)
                raise BoardSilent(f"Board {unit} on {self.port} does not answer.") from error
            except OSError as error:
                raise self._silence() from error
            self._doubt_until = 0.0
            self._misses = 0
            self._backoff.success()
            return answer

    async def say(self, unit: int, data: bytes, pause_s: float, *, asked: float) -> None:
        """A deed that is never answered: send it, and give the board a moment for it. Raises as `ask` does."""
        async with self._turn:
            wire, tally = await self._begin(unit)
            self._refuse_late(asked)
            tally.requests += 1
            try:
                wire.write(data)
            except OSError as error:
                raise self._silence() from error
            await asyncio.sleep(pause_s)
            back = wire.take()
            tally.echoes += back.count(data)
            tally.noise_bytes += len(back.replace(data, b""))

    def forget(self) -> None:
        """A deed was not answered. Behind a network it may still be on its way: let go of the connection and of what
        has not left. A serial port holds nothing back."""
        if self._wire is not None and self.port.host:
            self._wire.drop()

    # ------------------------------------------------------------ one exchange

    async def _begin(self, unit: int) -> tuple[Wire, Tally]:
        """Our turn has come: wait until the line is quiet."""
        if self._keeper is not None and self._keeper.done():
            self._keeper.result()  # it ends by a mistake of ours only, and that is raised here
        wire, tally = self._wire, self.tally(unit)
        if wire is None or wire.gone.is_set():
            raise self._silence()
        latest = self._doubt_until + (self._doubt_until - self._clock.monotonic())
        while (left := min(self._doubt_until, latest) - self._clock.monotonic()) > 0:
            try:
                async with asyncio.timeout(left):
                    tally.late_bytes += len(await wire.more())
            except TimeoutError:
                break
            except OSError as error:
                raise self._silence() from error
            self._doubt_until = max(self._doubt_until, self._clock.monotonic() + TAIL_S)
        await asyncio.sleep(self._gap_s)
        tally.noise_bytes += len(wire.take())
        return wire, tally

    async def _answer(self, wire: Wire, request: Request, tally: Tally) -> bytes:
        heard = _Heard()
        while True:
            answer = self._sift(heard, await wire.more(), request, tally)
            if answer is not None:
                self._learn(heard, request)
                return answer

    def _miss(self, wire: Wire) -> None:
        self._misses += 1
        if self._misses >= FROZEN:
            log.warning("nobody answers on a line of lock boards: opening it anew", port=str(self.port))
            wire.drop()

    def _learn(self, heard: _Heard, request: Request) -> None:
        """Whether this line echoes. Noise before an answer may have been an echo, but not every time."""
        if self.echo is None and not request.twin:
            self._unechoed += 1
            if heard.clean or self._unechoed >= SURE:
                self.echo = False

    def _sift(self, heard: _Heard, news: bytes, request: Request, tally: Tally) -> bytes | None:
        """The answer, if it has come."""
        awaits_echo = self.echo is not False and not heard.echoed
        found = split(heard.rest + news, echo_of(request.data, request.look) if awaits_echo else request.look)
        heard.rest = found.rest
        heard.clean = heard.clean and not found.noise
        tally.noise_bytes += found.noise
        tally.checksum_errors += found.broken
        for frame in found.frames:
            if awaits_echo and not heard.echoed and frame == request.data:
                heard.echoed = self.echo = True
                tally.echoes += 1
            elif request.answers(frame):
                return frame
            else:
                heard.clean = False
                tally.noise_bytes += len(frame)
        return None

    def _refuse_late(self, asked: float | None) -> None:
        if asked is not None and self._clock.monotonic() - asked > DEED_S:
            raise BoardFault(f"The line {self.port} was busy for too long: nothing was sent.", permanent=False)

    # ------------------------------------------------------------ the connection

    async def _keep(self) -> None:
        while True:
            if self._wire is not None:
                await self._wire.gone.wait()
                self._wire = None
                log.warning("a line of lock boards is gone", port=str(self.port))
                self._down = "It was unplugged, or its other end has gone."
            await asyncio.sleep(self._backoff.failure())
            try:
                await self._connect()
            except (OSError, Conflict) as error:
                self._note_down(error)

    async def _connect(self) -> None:
        self._wire = await open_wire(self.port, self._baud, self._parity)
        self._connections += 1
        self.echo = None
        self._unechoed = self._misses = 0
        self._doubt_until = self._clock.monotonic() + SETTLE_S
        log.info("a line of lock boards is open", port=str(self.port))

    def _note_down(self, error: Exception) -> None:
        down = str(error) or "Nobody answers there."
        if down != self._down:  # once, and not every ten seconds
            log.warning("a line of lock boards can't be opened", port=str(self.port), reason=down)
        self._down = down

    def _silence(self) -> BoardSilent:
        return BoardSilent(f"The line {self.port} is down. {self._down}")
