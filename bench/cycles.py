"""Full cycles a second: announced over HTTP, deposited by its tracking number, collected by its code, and the server
knows. With a cheap slow function; what the real one takes is printed beside."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack
from typing import Final

from bench.boxes import Box, Town, arrived, collect, deposit, town
from bench.browser import Connection
from bench.house import House
from bench.pulse import kdf_ms
from bench.report import Figure
from bench.stopwatch import Watch, Window, median, spent, trusted
from cranny.wiring.audit import audit

LOOK_S: Final = 0.05
PATIENCE_S: Final = 60
AT_ONCE: Final = 64
"""Parcels under way at the same time, over all banks, from the announcement until the server knows that they were
collected. Many, because a door is known to be shut only 0.3 s later: a few would measure that. Not more, because a
parcel counts twice between the fact that it lies in a door and the reaction that its promise is used, and a bank of
128 doors must never be full."""


async def through_one(house: House, *, turns: int, patience_s: float, quick: bool) -> Figure:
    return await _measure(house, 1, 100 if quick else 800, turns=turns, patience_s=patience_s)


async def through_fifty(house: House, *, turns: int, patience_s: float, quick: bool) -> Figure:
    return await _measure(house, 50, 100 if quick else 800, turns=turns, patience_s=patience_s)


async def _measure(house: House, boxes: int, parcels: int, *, turns: int, patience_s: float) -> Figure:
    costs: list[list[float]] = []

    async def run() -> Window:
        async with town(house, "cycles", boxes=boxes) as here:
            await _live(here, 2 * boxes)
            before = _spent(house, here)
            watch = Watch()
            await _live(here, parcels)
            seconds, foreign = watch.stop()
            costs.append(
                [(after - was) / parcels * 1e3 for was, after in zip(before, _spent(house, here), strict=True)]
            )
        async with house.open("cycles") as db:
            assert await audit(db) == []
        return Window(parcels / seconds, seconds, foreign)

    windows = [await trusted(run, patience_s / turns) for _ in range(turns)]
    rate, kdf = median([window.value for window in windows]), await kdf_ms()
    server, worker, postgres, banks = (median(column) for column in zip(*costs, strict=True))
    return Figure(
        name=f"cycles through {boxes} controller{'s' if boxes > 1 else ''}",
        measured=f"{rate:,.1f}/s",
        trusted=all(window.quiet for window in windows),
        foreign=max(window.foreign for window in windows),
        beside=[
            f"{parcels} parcels a turn, {AT_ONCE} under way, {turns} turns, all on this machine; every invariant held",
            f"processor time of one: server {server:.1f} ms, worker {worker:.1f} ms, PostgreSQL {postgres:.1f} ms",
            f"and {banks:.1f} ms for the controllers and the people at them",
            f"the slow function is a cheap one; Argon2id takes {kdf:.0f} ms, once in the worker and once at the bank",
        ],
        values={"per_second": rate, "server_ms": server, "worker_ms": worker, "postgres_ms": postgres, "kdf_ms": kdf},
    )


async def _live(here: Town, parcels: int) -> None:
    """So many parcels, dealt to the banks in turns, until the server knows that the last one was collected."""
    todo = iter([here.boxes[number % len(here.boxes)] for number in range(parcels)])
    room = asyncio.Semaphore(AT_ONCE)
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(here.client()) for _ in range(min(AT_ONCE, parcels))]
        known = await here.collected()
        async with asyncio.TaskGroup() as group:
            group.create_task(_hear(here, room, known, known + parcels))
            for client in clients:
                group.create_task(_people(here, client, todo, room))


async def _hear(here: Town, room: asyncio.Semaphore, known: int, end: int) -> None:
    """Make room for the next one whenever the server knows of a parcel that it was collected."""
    clock = asyncio.get_running_loop().time
    last = clock()
    while known < end:
        await asyncio.sleep(LOOK_S)
        heard = await here.collected() - known
        last = clock() if heard else last
        assert clock() < last + PATIENCE_S, f"nothing was collected for {PATIENCE_S} s; {end - known} to go"
        for _ in range(heard):
            room.release()
        known += heard


async def _people(here: Town, client: Connection, todo: Iterator[Box], room: asyncio.Semaphore) -> None:
    for box in todo:
        await room.acquire()
        parcel = await here.announce(client, box.bank)
        await arrived(box, parcel)
        await deposit(box, parcel)
        await collect(box, await here.code(client, parcel))


def _spent(house: House, here: Town) -> list[float]:
    """Seconds of processor so far: server, worker, PostgreSQL, this process."""
    own = time.process_time()
    return [spent(here.server.child.pid), spent(here.worker.child.pid), spent(house.postgres_pid), own]
