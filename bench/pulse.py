"""From the last digit to the pulse of the lock, and from the door to a screen far away.

One bank, connected to its server. Somebody types codes into its kiosk over HTTP; at the same time an operator's
browser has the bank's wall open. `typed`: until the board is told to release the lock, the intent synced to the disk
before. `seen`: from there (the cabinet's doors swing open at once) to the frame that draws the door open on that
screen."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from bench.boxes import Box, Parcel, Town, all_collected, arrived, deposit, town
from bench.browser import connected
from bench.house import House
from bench.report import Figure
from bench.stopwatch import Watch, Window, median, quantile, trusted
from cranny.wire.kdf import Argon2Kdf

TYPED_MS, SEEN_MS = 60, 300
AT_ONCE: Final = 100
"""Parcels that lie in the bank before somebody comes for them."""
PACE_S: Final = 0.05
"""Between two codes when nobody looks at a screen."""
CALM_S: Final = 0.6
"""Between two doors on a screen: nobody opens them faster."""


@dataclass
class Times:
    """Milliseconds."""

    typed: list[float] = field(default_factory=list)
    answered: list[float] = field(default_factory=list)
    seen: list[float] = field(default_factory=list)


async def typed(house: House, *, turns: int, patience_s: float, quick: bool) -> Figure:
    rounds = 1 if quick else 4
    cheap, windows = await _all(house, rounds, turns, patience_s)
    real, more = await _all(house, 1 if quick else 3, 1, patience_s, argon2=True)
    alone = await kdf_ms()
    p50, p99 = quantile(cheap.typed, 0.5), quantile(cheap.typed, 0.99)
    return Figure(
        name="code -> pulse",
        target=f"p99 <= {TYPED_MS} ms + Kdf",
        measured=_said(cheap.typed),
        met=p99 <= TYPED_MS,
        trusted=all(window.quiet for window in windows + more),
        foreign=max(window.foreign for window in windows + more),
        beside=[
            f"{len(cheap.typed):,} codes over HTTP at the kiosk of a 128-door bank, cheap Kdf",
            f"with Argon2id ({alone:.0f} ms alone): {_said(real.typed)}",
            f"code -> answer to the screen: {_said(cheap.answered)}",
        ],
        values={"p50_ms": p50, "p99_ms": p99, "argon2_p99_ms": quantile(real.typed, 0.99), "kdf_ms": alone},
    )


async def seen(house: House, *, turns: int, patience_s: float, quick: bool) -> Figure:
    found, windows = await _all(house, 1 if quick else 2, turns, patience_s, seen=True)
    p50, p99 = quantile(found.seen, 0.5), quantile(found.seen, 0.99)
    return Figure(
        name="door -> open screen",
        target=f"p99 <= {SEEN_MS} ms",
        measured=_said(found.seen),
        met=p99 <= SEEN_MS,
        trusted=all(window.quiet for window in windows),
        foreign=max(window.foreign for window in windows),
        beside=[
            f"{len(found.seen)} doors, from the contact at the bank to the frame of the operator's live wall",
            "on the way: journal, uplink, NATS, ingest, commit, position, commit, reading and drawing the door",
        ],
        values={"p50_ms": p50, "p99_ms": p99},
    )


def _said(times: Sequence[float]) -> str:
    return f"p50 {quantile(times, 0.5):.1f} ms, p99 {quantile(times, 0.99):.1f} ms"


async def kdf_ms() -> float:
    """The real slow function, alone."""
    kdf, taken = Argon2Kdf(), list[float]()
    for _ in range(10):
        began = time.perf_counter()
        await kdf.derive(bytes(32), bytes(16))
        taken.append(time.perf_counter() - began)
    return median(taken) * 1000


async def _all(
    house: House, rounds: int, turns: int, patience_s: float, *, argon2: bool = False, seen: bool = False
) -> tuple[Times, list[Window]]:
    """The times of the quiet turns; of all of them when none was quiet."""
    taken: list[tuple[Window, Times]] = []

    async def run() -> Window:
        times = Times()
        async with town(house, "pulse", boxes=1, argon2=argon2, kiosks=True) as here:
            watch = Watch()
            for _ in range(rounds):
                await _round(here, here.boxes[0], times, seen=seen)
            seconds, foreign = watch.stop()
        window = Window(quantile(times.typed, 0.99), seconds, foreign)
        taken.append((window, times))
        return window

    for _ in range(turns):
        await trusted(run, patience_s / turns)
    quiet = [one for one in taken if one[0].quiet] or taken
    joined = Times()
    for _, times in quiet:
        joined.typed += times.typed
        joined.answered += times.answered
        joined.seen += times.seen
    return joined, [window for window, _ in quiet]


async def _round(here: Town, box: Box, times: Times, *, seen: bool) -> None:
    """Parcels come in, then they are collected one after the other."""
    codes: list[tuple[Parcel, str]] = []
    before = await here.collected()
    async with here.client() as client:
        for _ in range(AT_ONCE):
            parcel = await here.announce(client, box.bank)
            codes.append((parcel, await here.code(client, parcel)))
        for parcel, _ in codes:
            await arrived(box, parcel)
            await deposit(box, parcel)
    await asyncio.sleep(1)  # all of it is told
    async with _typist(box) as typist, _screen(here, box) as screen:
        for _, code in codes:
            pulsed, drawn = await _collect(box, typist, code, times, screen if seen else None)
            if drawn is not None:
                times.seen.append((drawn - pulsed) * 1000)
            await asyncio.sleep(CALM_S if seen else PACE_S)
    await all_collected(here, before + len(codes))


class _Screen:
    """The operator's wall: when each door was last drawn open."""

    def __init__(self) -> None:
        self._waiting: dict[int, asyncio.Future[float]] = {}

    def draws(self, door: int) -> "asyncio.Future[float]":
        self._waiting[door] = asyncio.get_running_loop().create_future()
        return self._waiting[door]

    def line(self, line: bytes) -> None:
        if b'data-state="open"' not in line:
            return
        now, index = time.perf_counter(), line.partition(b'id="door-')[2].partition(b'"')[0]
        waiting = self._waiting.pop(int(index) + 1, None) if index else None
        if waiting is not None:
            waiting.set_result(now)


async def _collect(
    box: Box, typist: asyncio.subprocess.Process, code: str, times: Times, screen: _Screen | None
) -> tuple[float, float | None]:
    assert typist.stdin is not None
    assert typist.stdout is not None
    pulses: list[tuple[int, float]] = []
    drawn: asyncio.Future[float] | None = None

    def pulsed(channel: int, when: float) -> None:
        nonlocal drawn
        pulses.append((channel, when))
        drawn = screen.draws(channel) if screen else None

    box.cabinet.pulsed = pulsed
    typist.stdin.write(code.encode() + b"\n")
    sent, answered, said = (await typist.stdout.readline()).split()
    assert said == b"opened", said
    (channel, when) = pulses[0]
    times.typed.append((when - float(sent)) * 1000)
    times.answered.append((float(answered) - float(sent)) * 1000)
    async with asyncio.timeout(10):
        at = await drawn if drawn is not None else None
    box.cabinet.take_and_shut(channel)
    return when, at


@asynccontextmanager
async def _typist(box: Box) -> AsyncIterator[asyncio.subprocess.Process]:
    words = [sys.executable, "-m", "bench.typist", str(box.port)]
    pipe = asyncio.subprocess.PIPE
    child = await asyncio.create_subprocess_exec(*words, stdin=pipe, stdout=pipe)
    try:
        yield child
    finally:
        assert child.stdin is not None
        child.stdin.close()
        await child.wait()


@asynccontextmanager
async def _screen(here: Town, box: Box) -> AsyncIterator[_Screen]:
    """A browser that has signed in and keeps the wall open."""
    screen = _Screen()
    async with connected(here.port) as door:
        cookie = await door.sign_in(here.api_key)

    async def look() -> None:
        async with connected(here.port, cookie=cookie) as browser:
            async for line in browser.listen(f"/walls/{box.bank}/live"):
                screen.line(line)

    looking = asyncio.create_task(look())
    try:
        yield screen
    finally:
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)
