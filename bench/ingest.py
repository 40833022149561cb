"""Facts a second: signed batches of many banks over NATS, an ingest process, a commit before each answer."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from bench.house import House, Role
from bench.limit import program, replay
from bench.report import Figure
from bench.stopwatch import Watch, Window, in_turns, median, spent, trusted
from bench.story import BATCH, add_banks, add_house, signed_batches
from bench.tape import Tape, Transaction
from cranny.fleet.commits import AT_ONCE
from cranny.wire import acks, subjects
from cranny.wire.brokers import Broker

BANKS: Final = 16
SHARE, A_SECOND = 0.5, 5_000
ANSWERED_S: Final = 60


@dataclass
class Load:
    tenant: UUID
    batches: Mapping[UUID, Sequence[bytes]]

    @property
    def facts(self) -> int:
        return BATCH * sum(map(len, self.batches.values()))


async def measure(house: House, *, turns: int, patience_s: float, quick: bool) -> Figure:
    load = await _prepare(house, batches=4 if quick else 30)
    limits: list[float] = []
    costs: list[tuple[float, float]] = []
    tape = await _record(house, load) if program() else []

    async def product() -> Window:
        window, own, postgres = await _ingest(house, "measured", load)
        costs.append((own, postgres))
        return window

    async def limit() -> Window:
        await house.copy("ingest", "replayed")
        await house.settle("replayed")
        done = await replay(house, "replayed", tape, AT_ONCE)
        limits.append(done.postgres_s / load.facts * 1e6)
        window = done.window
        return Window(load.facts / window.seconds, window.seconds, window.foreign)

    if tape:
        pairs = await in_turns(product, limit, turns, patience_s)
    else:
        alone = [await trusted(product, patience_s / turns) for _ in range(turns)]
        pairs = [(window, window) for window in alone]
    return _figure(load, pairs, tape, costs, limits)


async def _prepare(house: House, *, batches: int) -> Load:
    await house.copy("cranny", "ingest")
    async with house.open("ingest") as db:
        tenant, _ = await add_house(db)
        boxes = await add_banks(db, tenant, BANKS)
    return Load(tenant, {box.bank: signed_batches(tenant, box, batches) for box in boxes})


async def _record(house: House, load: Load) -> list[Transaction]:
    await house.copy("ingest", "recorded", log_statement="all")
    tape = Tape(house, "recorded")
    await _ingest(house, "recorded", load, copy=False)
    return [one for one in tape.transactions() if any("INSERT INTO facts" in part.sql for part in one.statements)]


async def _ingest(house: House, database: str, load: Load, *, copy: bool = True) -> tuple[Window, float, float]:
    """The window, and the microseconds of processor a fact took in the ingest process and in PostgreSQL."""
    if copy:
        await house.copy("ingest", database)
    await house.settle(database)
    async with house.role(database, "ingest") as role, house.broker() as broker:
        await _until_it_listens(broker, load, role)
        watch, own, postgres = Watch(), spent(role.child.pid), spent(house.postgres_pid)
        await asyncio.gather(
            *(_send(house, broker, load.tenant, bank, batches) for bank, batches in load.batches.items())
        )
        seconds, foreign = watch.stop()
        own, postgres = spent(role.child.pid) - own, spent(house.postgres_pid) - postgres
    window = Window(load.facts / seconds, seconds, foreign)
    return window, own / load.facts * 1e6, postgres / load.facts * 1e6


async def _send(house: House, broker: Broker, tenant: UUID, bank: UUID, batches: Sequence[bytes]) -> None:
    server = house.keyring.downlink_key(tenant).public_key()
    for number, batch in enumerate(batches, 1):
        answer = await broker.request(subjects.facts(tenant, bank), batch, timeout=ANSWERED_S)
        ack = acks.read(server, tenant, bank, batch, answer)
        assert (ack.seq, ack.refused, ack.forked) == (number * BATCH, "", False), ack


async def _until_it_listens(broker: Broker, load: Load, role: Role) -> None:
    """An unreadable batch is answered too: that warms the way up without a fact."""
    for bank in load.batches:
        while True:
            assert role.child.returncode is None, role.log.read_text()
            try:
                await broker.request(subjects.facts(load.tenant, bank), b"", timeout=5)
                break
            except Exception:  # noqa: BLE001 - nobody listens yet
                await asyncio.sleep(0.05)


def _figure(
    load: Load,
    pairs: Sequence[tuple[Window, Window]],
    tape: Sequence[Transaction],
    costs: Sequence[tuple[float, float]],
    limits: Sequence[float],
) -> Figure:
    rate = median([product.value for product, _ in pairs])
    own, postgres = (median([cost[part] for cost in costs]) for part in (0, 1))
    foreign = max(window.foreign for pair in pairs for window in pair)
    values = {"per_second": rate, "ingest_us": own, "postgres_us": postgres}
    beside = [
        f"{BANKS} banks, batches of {BATCH}, {load.facts:,} facts a turn, {len(pairs)} turns",
        f"processor time a fact: ingest {own:.0f} us, PostgreSQL {postgres:.0f} us",
    ]
    measured, met = f"{rate:,.0f}/s", rate >= A_SECOND
    if tape:
        limit = median([limit.value for _, limit in pairs])
        share = median([product.value / limit.value for product, limit in pairs])
        measured, met = f"{measured} = {share:.2f} of pgbench", met and share >= SHARE
        values |= {"limit_per_second": limit, "share": share, "limit_postgres_us": median(limits)}
        batches = load.facts / BATCH / len(tape)
        beside.append(
            f"pgbench: {limit:,.0f}/s with the same {len(tape)} transactions (of {batches:.1f} batches on average) on "
            f"{AT_ONCE} connections; PostgreSQL {median(limits):.0f} us a fact"
        )
        beside.append("turns: " + ", ".join(f"{a.value:,.0f} of {b.value:,.0f}" for a, b in pairs))
    else:
        beside.append("no pgbench on this machine: no share")
    return Figure(
        name="facts ingested",
        target=f">= {SHARE} of pgbench and >= {A_SECOND:,}/s",
        measured=measured,
        met=met,
        trusted=all(window.quiet for pair in pairs for window in pair),
        foreign=foreign,
        beside=beside,
        values=values,
    )
