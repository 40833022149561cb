"""A running bank as a kiosk sees it: real time, a real SQLite file, the API over ASGI."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from litestar import Litestar

from cranny.core.clock import SystemClock
from cranny.core.ids import TimeIds
from cranny.core.rng import SeededRng
from cranny.edge.app import Config, Parts, run_controller
from cranny.edge.desk import Desk
from cranny.edge.disk import ThreadDisk
from cranny.edge.drivers.simulated import SimulatedBoard
from cranny.edge.identity import Identity
from cranny.edge.kiosk import kiosk_app
from cranny.wire import acks, nkey, subjects
from cranny.wire.brokers import Incoming
from cranny.wire.brokers.memory import Hub
from cranny.wire.kdf import CheapKdf
from cranny.wire.messages import (
    CompartmentGiven,
    Downlink,
    Entry,
    FactAck,
    FactBatch,
    Layout,
    Policy,
    Pull,
    pack,
    unpack,
)
from cranny.wire.signing import sign, verify

TENANT, BANK = UUID(int=1), UUID(int=2)
PORT = 8100
BOX = Ed25519PrivateKey.from_private_bytes(b"b" * 32).public_key()
SERVER = Ed25519PrivateKey.from_private_bytes(b"s" * 32)


@dataclass
class Bank:
    client: httpx2.AsyncClient
    board: SimulatedBoard
    desk: Desk
    app: Litestar

    async def post(self, path: str, **body: Any) -> Any:
        answer = await self.client.post(path, json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def seen(self, code: str) -> Any:
        """The next thing of this code that screens are told."""
        with self.desk.hub.join("kiosk", lambda _: True) as client:
            async with asyncio.timeout(60):
                async for message in client.messages():
                    if message is not None and type(message.about).__struct_config__.tag == code:
                        return message.about
        raise AssertionError("the stream ended")


@asynccontextmanager
async def running(home: Path) -> AsyncIterator[Bank]:
    clock, rng = SystemClock(), SeededRng(1)
    hub = Hub()
    server = hub.join("server")
    await server.subscribe(subjects.ANY_PULL, _rights)
    await server.subscribe(subjects.ANY_FACTS, _facts)
    board = SimulatedBoard(rng=rng)
    parts = Parts(
        clock=clock,
        rng=rng,
        ids=TimeIds(clock, rng),
        disk=ThreadDisk(home / "journal.sqlite"),
        broker=hub.join("bank"),
        kdf=CheapKdf(),
        driver=board,
    )
    identity = Identity(
        tenant=TENANT,
        bank=BANK,
        nats=[],
        seed=nkey.seed(b"b" * 32).decode(),
        server_key=SERVER.public_key().public_bytes_raw(),
        pepper=b"p" * 32,
    )
    desk = Desk(board)
    app = kiosk_app(desk, port=PORT, version="0", clock=clock, ids=parts.ids)
    controller = asyncio.create_task(run_controller(Config(identity, "0"), parts, desk))
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url=f"http://127.0.0.1:{PORT}") as client:
        async with asyncio.timeout(60):
            while not await _ready(client):  # noqa: ASYNC110 - the question goes over HTTP
                await asyncio.sleep(0.02)
        yield Bank(client, board, desk, app)
    controller.cancel()
    await asyncio.gather(controller, return_exceptions=True)
    await board.close()
    await parts.disk.close()


@pytest.fixture
async def bank(tmp_path: Path) -> AsyncIterator[Bank]:
    async with running(tmp_path) as found:
        yield found


async def _rights(message: Incoming) -> None:
    boxes = [CompartmentGiven(f"A{n}", 300, 200, 400, 500, [], 1, n) for n in range(1, 5)]
    entries = [Entry(1, Layout("Hall", "UTC", boxes)), Entry(2, Policy(unknown_tracking="accept"))]
    applied = unpack(verify(BOX, "pull", message.payload), Pull).applied
    await message.respond(sign(SERVER, "downlink", pack(Downlink(TENANT, BANK, entries[applied:], 2))))


async def _facts(message: Incoming) -> None:
    """Takes them all: a bank that begins gets no rights before the server knows it."""
    batch = unpack(verify(BOX, "facts", message.payload), FactBatch)
    ack = FactAck(epoch=batch.epoch, seq=batch.first + len(batch.facts) - 1)
    await message.respond(acks.sign(SERVER, TENANT, BANK, message.payload, ack))


async def _ready(client: httpx2.AsyncClient) -> bool:
    state = await client.get("/kiosk/state")
    return state.status_code == 200 and [door["look"] for door in state.json()["doors"]] == ["free"] * 4
