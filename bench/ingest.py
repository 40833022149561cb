"""Facts a second through ingest: signed batches of many banks, one process, a real PostgreSQL with its usual settings.

    python bench/ingest.py [banks] [batches of each bank] [facts in a batch]

Measures from the signed bytes to the commit: verification, rules, projection, and all statements.
"""

import asyncio
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cranny import sites
from cranny.core.clock import SystemClock, millis
from cranny.core.ids import TimeIds
from cranny.core.rng import SeededRng
from cranny.fleet import enrolment
from cranny.fleet.downlink import open_desk
from cranny.fleet.ingestor import Ingestor
from cranny.platform import engines
from cranny.platform.db import Database, open_pool
from cranny.platform.keys import Keyring
from cranny.platform.migrate import upgrade
from cranny.platform.tenants import add_tenant
from cranny.wire import nkey, signing, subjects
from cranny.wire.brokers import Broker
from cranny.wire.brokers.memory import Hub
from cranny.wire.facts import GENESIS, Fact, digest, encode
from cranny.wire.kinds import NAMES, Body, CollectFinished, DepositStored, DoorOpened, DoorShut, OpeningIntended, pack
from cranny.wire.messages import FactAck, FactBatch, unpack
from cranny.wire.messages import pack as pack_message

CLOCK, RNG = SystemClock(), SeededRng(1)
IDS = TimeIds(CLOCK, RNG)
DOORS = 128
DOOR = "      - {{label: '{label}', width: 380, height: 190, depth: 640, centre: 900, unit: 1, channel: {channel}}}\n"


def story(turn: int) -> Iterator[Body]:
    """Deposit, then collection, door after door: four facts each, as a bank reports them."""
    door, generation = f"{turn // 2 % DOORS + 1:03}", turn // 2 // DOORS + 1
    opening, purpose = IDS.new(), "collect" if turn % 2 else "deposit"
    yield OpeningIntended(opening, door, generation, purpose, IDS.new(), "qr" if turn % 2 else "tracking")
    yield DoorOpened(opening, door, generation)
    yield DoorShut(opening, door, generation)
    if turn % 2:
        yield CollectFinished(opening, door, generation, "collect", IDS.new(), [IDS.new()], "sensed")
    else:
        yield DepositStored(opening, door, generation, [IDS.new()], IDS.new(), "sensed")


def batches(tenant: UUID, bank: UUID, key: Ed25519PrivateKey, count: int, size: int) -> list[bytes]:
    boot, head, facts, turn = IDS.new(), GENESIS, [], 0
    while len(facts) < count * size:
        for body in story(turn):
            seq = len(facts) + 1
            kind, now = NAMES[type(body)], millis(CLOCK.now())
            fact = Fact(1, tenant, bank, 1, seq, head, kind, pack(body), boot, seq, now, "good", False)
            facts.append(encode(fact))
            head = digest(facts[-1])
        turn += 1
    return [
        signing.sign(
            key,
            "facts",
            pack_message(FactBatch(tenant, bank, 1, n * size + 1, facts[n * size : (n + 1) * size], [None] * size, 0)),
        )
        for n in range(count)
    ]


async def add_bank(db: Database, tenant: UUID, n: int) -> tuple[UUID, Ed25519PrivateKey]:
    doors = "".join(DOOR.format(label=f"{i + 1:03}", channel=i + 1) for i in range(DOORS))
    text = f"name: Bank {n}\ntimezone: Europe/Prague\nsite: Site\ntowers:\n  - name: A\n    compartments:\n{doors}"
    key = Ed25519PrivateKey.from_private_bytes(RNG.bytes(32))
    async with db.transaction(tenant) as tx:
        bank = await sites.add_bank(tx, sites.read_yaml(text))
        await open_desk(tx, bank.id)
        await enrolment.speak_for(tx, bank.id, "", nkey.name(key.public_key()))
    return bank.id, key


async def send(broker: Broker, tenant: UUID, bank: UUID, messages: list[bytes]) -> None:
    for message in messages:
        ack = unpack(await broker.request(subjects.facts(tenant, bank), message, timeout=60), FactAck)
        assert (ack.refused, ack.forked) == ("", False), ack


async def measure(db: Database, banks: int, count: int, size: int) -> tuple[float, float]:
    """Facts a second, and facts a second of this process's own CPU time, which other load does not change much."""
    async with db.transaction() as tx:
        row, _ = await add_tenant(tx, "Bench")
        await sites.default_size_classes(tx)
    tenant = row.tenant
    boxes = [await add_bank(db, tenant, n) for n in range(banks)]
    everything = [(bank, batches(tenant, bank, key, count, size)) for bank, key in boxes]
    hub = Hub()
    ingest = asyncio.create_task(Ingestor(db, hub.join("server"), Keyring(bytes(32), rng=RNG)).run())
    await asyncio.sleep(0.1)
    start, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(send(hub.join("bank"), tenant, bank, messages) for bank, messages in everything))
    took, cpu = time.perf_counter() - start, time.process_time() - cpu
    ingest.cancel()
    return banks * count * size / took, banks * count * size / cpu


async def main(path: Path, banks: int = 16, count: int = 10, size: int = 100) -> None:
    async def nobody_listens(_: str) -> None:
        pass

    async with engines.postgres(path) as postgres:
        await upgrade(postgres.owner_dsn)
        pool = await open_pool(postgres.app_dsn, size=4)
        db = Database(pool, clock=CLOCK, ids=IDS, rng=RNG, poke=nobody_listens)
        for turn in range(3):
            rate, per_cpu = await measure(db, banks, count, size)
            print(f"{turn + 1}: {rate:,.0f} facts/s, {per_cpu:,.0f} a CPU second ({banks} banks, batches of {size})")
        await pool.close()


if __name__ == "__main__":
    place = Path(tempfile.mkdtemp(prefix="cranny-bench-"))
    place.chmod(0o711)
    try:
        asyncio.run(main(place, *map(int, sys.argv[1:])))
    finally:
        shutil.rmtree(place)
