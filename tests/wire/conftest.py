"""A wire to test brokers on: in memory, or a real NATS server that a test may stop, freeze and start again."""

import asyncio
import json
import os
import shutil
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Protocol

import pytest

from cranny.core.rng import SystemRng
from cranny.wire.brokers import Broker
from cranny.wire.brokers.memory import Hub
from cranny.wire.brokers.nats import NatsBroker


class Wire(Protocol):
    async def connect(self, name: str) -> Broker: ...

    async def cut(self) -> None:
        """Everybody loses the connection."""

    async def mend(self) -> None: ...

    async def close(self) -> None: ...


class MemoryWire:
    def __init__(self):
        self.hub = Hub()
        self._brokers = []

    async def connect(self, name):
        broker = self.hub.join(name)
        self._brokers.append(broker)
        return broker

    async def cut(self):
        for broker in self._brokers:
            self.hub.cut(broker.name)

    async def mend(self):
        for broker in self._brokers:
            self.hub.mend(broker.name)

    async def close(self):
        for broker in self._brokers:
            await broker.close()


class NatsWire:
    def __init__(self, folder: Path, config=None):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        self._config = folder / "nats.json"
        self.configure(config or {})
        self._brokers = []
        self._process = None

    @property
    def url(self):
        return f"nats://127.0.0.1:{self._port}"

    def configure(self, config):
        self._config.write_text(json.dumps({"host": "127.0.0.1", "port": self._port, **config}))

    async def start(self):
        program = shutil.which("nats-server", path=Path(sys.executable).parent)
        self._process = await asyncio.create_subprocess_exec(
            program, "-c", self._config, stderr=asyncio.subprocess.DEVNULL
        )
        async with asyncio.timeout(10):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", self._port)
                except OSError:
                    await asyncio.sleep(0.01)
                else:
                    writer.close()
                    return

    async def connect(self, name, **options):
        broker = NatsBroker([self.url], rng=SystemRng(), name=name, **options)
        self._brokers.append(broker)
        await broker.connect(within=5)
        return broker

    def freeze(self):
        os.kill(self._process.pid, signal.SIGSTOP)
        # Stopped is when all of its threads are.
        tasks = Path(f"/proc/{self._process.pid}/task")
        while any("\nState:\tT" not in (task / "status").read_text() for task in tasks.iterdir()):
            time.sleep(0.01)

    async def cut(self):
        self._process.kill()
        await self._process.wait()

    async def mend(self):
        await self.start()

    async def close(self):
        for broker in self._brokers:
            await broker.close()
        if self._process.returncode is None:
            await self.cut()


@pytest.fixture
async def nats_wire(tmp_path) -> AsyncIterator[NatsWire]:
    wire = NatsWire(tmp_path)
    await wire.start()
    yield wire
    await wire.close()


@pytest.fixture(params=["memory", pytest.param("nats", marks=pytest.mark.engines)])
async def wire(request, tmp_path) -> AsyncIterator[Wire]:
    if request.param == "memory":
        wire = MemoryWire()
    else:
        wire = NatsWire(tmp_path)
        await wire.start()
    yield wire
    await wire.close()
