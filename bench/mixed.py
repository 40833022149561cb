"""The API under mixed load at a constant rate: 300 requests a second, whether those before were answered or not. What a
request took is counted from the moment when it should have been sent, so that no delay hides behind another."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from bench.browser import Answer, Connection, connected
from bench.house import RNG, House, free_port
from bench.report import Figure
from bench.stopwatch import Watch, Window, median, quantile, spent, trusted
from bench.story import add_banks, add_house

RATE: Final = 300
SECONDS: Final = 60
QUICK_S: Final = 10
TARGET_MS: Final = 250
BANKS: Final = 50
BEFORE: Final = 600
"""Deliveries that are there before anything is measured, and are asked for."""
CONNECTIONS: Final = 64
SHARES: Final = {
    "announce": 10,
    "delivery": 30,
    "deliveries": 10,
    "events": 20,
    "capacity": 10,
    "compartments": 5,
    "grant": 10,
    "bank": 5,
}
"""Of a hundred requests."""


@dataclass
class Load:
    key: str
    banks: Sequence[UUID]
    seconds: int
    deliveries: list[tuple[str, str]] = field(default_factory=list)
    """(id, id of its grant)"""
    waits: list[float] = field(default_factory=list)
    by_kind: dict[str, list[float]] = field(default_factory=dict)
    errors: Counter[int] = field(default_factory=Counter)
    cursor: str = ""
    announced: int = 0
    server_us: float = 0.0
    """Processor time of a request, in the server."""


async def measure(house: House, *, turns: int, patience_s: float, quick: bool) -> Figure:
    await house.copy("cranny", "mixed")
    async with house.open("mixed") as db:
        tenant, key = await add_house(db)
        boxes = await add_banks(db, tenant, BANKS)
    loads: list[Load] = []

    async def run() -> Window:
        loads.append(Load(key, [box.bank for box in boxes], QUICK_S if quick else SECONDS))
        return await _run(house, loads[-1])

    windows, kept = [], []
    for _ in range(1 if quick else turns):
        windows.append(await trusted(run, patience_s / turns))
        kept.append(loads[-1])
    return _figure(kept, windows)


async def _run(house: House, load: Load) -> Window:
    await house.copy("mixed", "measured")
    await house.settle("measured")
    port = free_port()
    async with (
        house.role("measured", "server", str(port)) as server,
        house.role("measured", "worker"),
        AsyncExitStack() as s,
    ):
        await server.answers(port)
        idle: asyncio.Queue[Connection] = asyncio.Queue()
        for _ in range(CONNECTIONS):
            idle.put_nowait(await s.enter_async_context(connected(port, api_key=load.key)))
        await _furnish(idle, load)
        watch, own = Watch(), spent(server.child.pid)
        await _at_a_constant_rate(idle, load)
        seconds, foreign = watch.stop()
        load.server_us = (spent(server.child.pid) - own) / len(load.waits) * 1e6
    return Window(quantile(load.waits, 0.99) * 1000, seconds, foreign)


async def _furnish(idle: asyncio.Queue[Connection], load: Load) -> None:
    connection = await idle.get()
    for _ in range(BEFORE):
        await _ask(connection, "announce", load)
    page = (await connection.get("/v1/events?limit=100")).json()
    load.cursor = page["next"]
    idle.put_nowait(connection)


async def _at_a_constant_rate(idle: asyncio.Queue[Connection], load: Load) -> None:
    clock, deck = asyncio.get_running_loop().time, _deck()
    begin, under_way = clock() + 0.1, set[asyncio.Task[None]]()

    async def one(kind: str, due: float) -> None:
        connection = await idle.get()
        answer = await _ask(connection, kind, load)
        idle.put_nowait(connection)
        took = clock() - due
        load.waits.append(took)
        load.by_kind.setdefault(kind, []).append(took)
        if not 200 <= answer.status < 300:
            load.errors[answer.status] += 1

    for number in range(RATE * load.seconds):
        due = begin + number / RATE
        if (ahead := due - clock()) > 0:
            await asyncio.sleep(ahead)
        task = asyncio.create_task(one(deck[number % len(deck)], due))
        under_way.add(task)
        task.add_done_callback(under_way.discard)
    await asyncio.gather(*under_way)


def _deck() -> list[str]:
    """A hundred requests in their proportions, shuffled the same way each time."""
    cards = [kind for kind, share in SHARES.items() for _ in range(share)]
    return [cards[(place * 37) % len(cards)] for place in range(len(cards))]


async def _ask(connection: Connection, kind: str, load: Load) -> Answer:
    if kind == "announce":
        return await _announce(connection, load)
    id_, grant = load.deliveries[RNG.below(len(load.deliveries))]
    bank = load.banks[RNG.below(len(load.banks))]
    paths: dict[str, Callable[[], str]] = {
        "delivery": lambda: f"/v1/deliveries/{id_}",
        "deliveries": lambda: f"/v1/deliveries?state=announced&bank={bank}&limit=20",
        "events": lambda: f"/v1/events?limit=50&after={load.cursor}",
        "capacity": lambda: f"/v1/banks/{bank}/capacity",
        "compartments": lambda: f"/v1/banks/{bank}/compartments",
        "grant": lambda: f"/v1/grants/{grant}",
        "bank": lambda: f"/v1/banks/{bank}",
    }
    return await connection.get(paths[kind]())


async def _announce(connection: Connection, load: Load) -> Answer:
    """To all banks in turns."""
    load.announced += 1
    number, unique = load.announced, RNG.bytes(6).hex()
    wish = {
        "bank": str(load.banks[number % len(load.banks)]),
        "items": [{"tracking": f"T{unique}", "size": "S"}],
        "recipient": {"name": "Ada Example", "email": f"known-{number % 500}@example.org"},
    }
    answer = await connection.post("/v1/deliveries", wish, key=unique)
    if answer.status == 201:
        shown = answer.json()
        load.deliveries.append((shown["id"], shown["grants"]["collect"]))
    return answer


def _figure(loads: Sequence[Load], windows: Sequence[Window]) -> Figure:
    p99 = median([window.value for window in windows])
    p50 = median([quantile(load.waits, 0.5) * 1000 for load in loads])
    server_us = median([load.server_us for load in loads])
    errors = sum((load.errors for load in loads), Counter[int]())
    asked = sum(len(load.waits) for load in loads)
    mix = ", ".join(f"{share} % {kind}" for kind, share in SHARES.items())
    slowest = ", ".join(
        f"{kind} {median([quantile(load.by_kind[kind], 0.99) for load in loads]) * 1000:.0f} ms" for kind in SHARES
    )
    return Figure(
        name="api, mixed load",
        target=f"p99 <= {TARGET_MS} ms, 0 errors",
        measured=f"p50 {p50:.1f} ms, p99 {p99:.1f} ms, {errors.total()} errors",
        met=p99 <= TARGET_MS and not errors,
        trusted=all(window.quiet for window in windows),
        foreign=max(window.foreign for window in windows),
        beside=[
            f"{RATE}/s for {loads[0].seconds} s, {asked:,} requests in {len(windows)} turns, from when each was due",
            mix,
            f"p99 of each: {slowest}",
            f"processor time of one: server {server_us:.0f} us; errors: {dict(errors) or 'none'}",
        ],
        values={"p50_ms": p50, "p99_ms": p99, "errors": errors.total(), "server_us": server_us},
    )
