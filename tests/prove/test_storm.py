"""A whole fleet comes back at once: every bank's queue drains through a real NATS and a real PostgreSQL, nothing is
lost and nothing is there twice.

`make prove` lets 1,000 banks bring 1,000 facts each, out of 430 MB of memory; `CRANNY_STORM=200x500` brings fewer."""

import asyncio
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final
from uuid import UUID

import pytest

from bench.house import CLOCK, House, Role, stand
from bench.story import BATCH, add_banks, add_house, signed_batches
from cranny.core.errors import Unavailable
from cranny.wire import acks, subjects
from cranny.wire.brokers import Broker

pytestmark = [pytest.mark.prove, pytest.mark.engines]
BANKS, FACTS = (int(number) for number in os.environ.get("CRANNY_STORM", "1000x1000").split("x"))
AT_ONCE: Final = 4
"""Connections that the banks are made with."""
ANSWER_S: Final = 10.0
PATIENCE_S: Final = 1500.0


async def test_a_fleet_comes_back(record_property: Callable[[str, object], None]) -> None:
    async with stand() as house:
        await house.copy("cranny", "storm")
        async with house.open("storm") as db:
            tenant, _ = await add_house(db)
            parts = await asyncio.gather(*(add_banks(db, tenant, BANKS // AT_ONCE) for _ in range(AT_ONCE)))
            boxes = [box for part in parts for box in part]
        queues = {box.bank: signed_batches(tenant, box, FACTS // BATCH) for box in boxes}
        async with house.role("storm", "ingest") as role, house.broker() as broker:
            await listens(broker, role, tenant, boxes[0].bank)
            began = CLOCK.monotonic()
            async with asyncio.timeout(PATIENCE_S):
                again = sum(await asyncio.gather(*(drain(house, broker, tenant, *queue) for queue in queues.items())))
            took = CLOCK.monotonic() - began
        async with house.open("storm") as db, db.transaction(tenant) as tx:
            held = await tx.all("SELECT bank, count(*) AS many, max(seq) AS last FROM facts GROUP BY bank")
            listed = await tx.all("SELECT kind FROM anomalies WHERE kind <> 'signature_invalid'")
        assert len(held) == BANKS
        assert {(row["many"], row["last"]) for row in held} == {(FACTS, FACTS)}
        assert listed == []  # but for the empty messages that asked whether somebody listens
        record_property(
            "figure",
            f"reconnect storm: {BANKS:,} banks x {FACTS:,} facts drained in {took:.0f} s "
            f"({BANKS * FACTS / took:,.0f}/s), {again} batches sent once more, none lost",
        )


async def drain(house: House, broker: Broker, tenant: UUID, bank: UUID, batches: Sequence[bytes]) -> int:
    """As a bank's uplink does: the next batch when the last one is acknowledged. How often one was sent again."""
    server, again = house.keyring.downlink_key(tenant).public_key(), 0
    for number, batch in enumerate(batches, 1):
        while True:
            with suppress(Unavailable):
                answer = await broker.request(subjects.facts(tenant, bank), batch, timeout=ANSWER_S)
                ack = acks.read(server, tenant, bank, batch, answer)
                assert (ack.seq, ack.refused, ack.forked) == (number * BATCH, "", False), ack
                break
            again += 1
    return again


async def listens(broker: Broker, role: Role, tenant: UUID, bank: UUID) -> None:
    while True:
        assert role.child.returncode is None, role.log.read_text()
        with suppress(Unavailable):
            await broker.request(subjects.facts(tenant, bank), b"", timeout=5)
            return
        await asyncio.sleep(0.05)
