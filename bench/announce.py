"""Announcements a second, over HTTP: `POST /v1/deliveries` for a recipient the house knows or a new one, all that
follows in the same transaction, the commit before the answer."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from bench.browser import Connection, connected
from bench.house import RNG, House, free_port
from bench.limit import program, replay
from bench.report import Figure
from bench.stopwatch import Watch, Window, in_turns, median, quantile, spent, trusted
from bench.story import add_banks, add_house
from bench.tape import Tape, Transaction, common

BANKS: Final = 100
CLIENTS: Final = 32
CONNECTIONS: Final = 12
"""Of the server's pool."""
WARM: Final = 2
"""Announcements to each bank before anything is measured: the first one deals out a bank's locators."""
SHARE: Final = 0.4
KNOWN: Final = 5
"""One in so many recipients is new."""


@dataclass
class Load:
    tenant: UUID
    api_key: str
    banks: Sequence[UUID]
    announcements: int


@dataclass
class Cost:
    """Of one announcement: microseconds of processor, and the milliseconds that its sender waited."""

    server_us: float
    postgres_us: float
    p50_ms: float
    p99_ms: float


async def measure(house: House, *, turns: int, patience_s: float, quick: bool) -> Figure:
    load = await _prepare(house, 400 if quick else 4000)
    tape = await _record(house, load) if program() else []
    costs: list[Cost] = []
    limits: list[float] = []

    async def product() -> Window:
        await house.copy("announce", "measured")
        window, cost = await _announce(house, "measured", load)
        costs.append(cost)
        return window

    async def limit() -> Window:
        await house.copy("announce", "replayed")
        await house.settle("replayed")
        done = await replay(house, "replayed", tape, CONNECTIONS)
        limits.append(done.postgres_s / len(tape) * 1e6)
        return done.window

    if tape:
        pairs = await in_turns(product, limit, turns, patience_s)
    else:
        alone = [await trusted(product, patience_s / turns) for _ in range(turns)]
        pairs = [(window, window) for window in alone]
    return _figure(load, pairs, tape, costs, limits)


async def _prepare(house: House, announcements: int) -> Load:
    await house.copy("cranny", "announce")
    async with house.open("announce") as db:
        tenant, key = await add_house(db)
        boxes = await add_banks(db, tenant, BANKS)
    load = Load(tenant, key, [box.bank for box in boxes], announcements)
    await _announce(house, "announce", Load(tenant, key, load.banks, BANKS * WARM))
    return load


async def _record(house: House, load: Load) -> list[Transaction]:
    await house.copy("announce", "recorded", log_statement="all")
    tape = Tape(house, "recorded")
    await _announce(house, "recorded", load)
    found = [one for one in tape.transactions() if any("INSERT INTO grants" in part.sql for part in one.statements)]
    assert len(found) == load.announcements, (len(found), load.announcements)
    return found


async def _announce(house: House, database: str, load: Load) -> tuple[Window, Cost]:
    await house.settle(database)
    port, waits = free_port(), list[float]()
    async with house.role(database, "server", str(port)) as role, AsyncExitStack() as stack:
        await role.answers(port)
        clients = [await stack.enter_async_context(connected(port, api_key=load.api_key)) for _ in range(CLIENTS)]
        await asyncio.gather(*(client.get("/v1/size-classes") for client in clients))
        wishes = _wishes(load)
        watch, own, postgres = Watch(), spent(role.child.pid), spent(house.postgres_pid)
        await asyncio.gather(*(_send(client, wishes, waits) for client in clients))
        seconds, foreign = watch.stop()
        own, postgres = spent(role.child.pid) - own, spent(house.postgres_pid) - postgres
    each = 1e6 / load.announcements
    cost = Cost(own * each, postgres * each, quantile(waits, 0.5) * 1000, quantile(waits, 0.99) * 1000)
    return Window(load.announcements / seconds, seconds, foreign), cost


async def _send(client: Connection, wishes: Iterator[dict[str, Any]], waits: list[float]) -> None:
    clock = asyncio.get_running_loop().time
    for wish in wishes:
        began = clock()
        answer = await client.post("/v1/deliveries", wish, key=RNG.bytes(12).hex())
        waits.append(clock() - began)
        assert answer.status == 201, answer.body


def _wishes(load: Load) -> Iterator[dict[str, Any]]:
    """As many as there are to be, to all clients of all banks in turns."""
    run = RNG.bytes(4).hex()
    for number in range(load.announcements):
        person = f"new-{run}-{number}" if number % KNOWN == 0 else f"known-{number % 500}"
        yield {
            "bank": str(load.banks[number % len(load.banks)]),
            "items": [{"tracking": f"T{run}{number:07}", "size": "S"}],
            "recipient": {"name": "Ada Example", "email": f"{person}@example.org"},
            "reference": f"order {number}",
        }


def _figure(
    load: Load,
    pairs: Sequence[tuple[Window, Window]],
    tape: Sequence[Transaction],
    costs: Sequence[Cost],
    limits: Sequence[float],
) -> Figure:
    rate = median([product.value for product, _ in pairs])
    server, postgres, p50, p99 = (
        median([getattr(cost, name) for cost in costs]) for name in ("server_us", "postgres_us", "p50_ms", "p99_ms")
    )
    values = {"per_second": rate, "server_us": server, "postgres_us": postgres, "p50_ms": p50, "p99_ms": p99}
    beside = [
        f"{CLIENTS} clients, {BANKS} banks of 128 doors, {load.announcements:,} a turn, {len(pairs)} turns",
        f"one recipient in {KNOWN} is new; p50 {p50:.1f} ms, p99 {p99:.1f} ms",
        f"processor time of one: server {server:.0f} us, PostgreSQL {postgres:.0f} us",
    ]
    measured, met = f"{rate:,.0f}/s", None
    if tape:
        limit = median([limit.value for _, limit in pairs])
        share = median([product.value / limit.value for product, limit in pairs])
        trips = common(tape)
        measured, met = f"{measured} = {share:.2f} of pgbench", share >= SHARE
        values |= {"limit_per_second": limit, "share": share, "limit_postgres_us": median(limits), "round_trips": trips}
        beside.append(
            f"pgbench: {limit:,.0f}/s with the same transactions ({trips} round trips) on {CONNECTIONS} connections; "
            f"PostgreSQL {median(limits):.0f} us"
        )
        beside.append("turns: " + ", ".join(f"{a.value:,.0f} of {b.value:,.0f}" for a, b in pairs))
    else:
        beside.append("no pgbench on this machine: no share")
    return Figure(
        name="announcements",
        target=f">= {SHARE} of pgbench",
        measured=measured,
        met=met,
        trusted=all(window.quiet for pair in pairs for window in pair),
        foreign=max(window.foreign for pair in pairs for window in pair),
        beside=beside,
        values=values,
    )
