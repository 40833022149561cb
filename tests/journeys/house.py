"""The whole product as real processes: `cranny up`, and a real `cranny edge` for a bank. Used by the journeys and
by the tests that kill processes."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from cranny.core.rng import SystemRng

CRANNY = (sys.executable, "-m", "cranny")
PATIENCE_S = 60


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


async def eventually(question: Any, *, within: float = PATIENCE_S, every: float = 0.05) -> Any:
    """The first answer that is not None and not False."""
    async with asyncio.timeout(within):
        while True:
            try:
                answer = await question()
            except httpx2.TransportError:
                answer = None
            if answer not in (None, False):
                return answer
            await asyncio.sleep(every)


@dataclass
class Process:
    child: asyncio.subprocess.Process
    log: Path

    def kill(self) -> None:
        self.child.send_signal(signal.SIGKILL)

    async def end(self) -> None:
        if self.child.returncode is None:
            self.child.terminate()
        try:
            async with asyncio.timeout(20):
                await self.child.wait()
        except TimeoutError:
            self.child.kill()
            await self.child.wait()


async def start(*arguments: str, log: Path, env: dict[str, str] | None = None) -> Process:
    with log.open("ab") as out:
        child = await asyncio.create_subprocess_exec(
            *CRANNY, *arguments, stdout=out, stderr=out, env={**os.environ, **(env or {})}
        )
    return Process(child, log)


async def say(*arguments: str, env: dict[str, str] | None = None) -> str:
    """Run a command to its end; its output. Fails the test when the command fails."""
    child = await asyncio.create_subprocess_exec(
        *CRANNY,
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "COLUMNS": "300", **(env or {})},
    )
    out, err = await child.communicate()
    assert child.returncode == 0, f"cranny {' '.join(arguments)}: {out.decode()} {err.decode()}"
    return out.decode()


@dataclass
class Kiosk:
    """A person's hands and eyes at a bank: the kiosk's API and the simulated doors."""

    client: httpx2.AsyncClient

    async def scan(self, text: str) -> dict[str, Any]:
        return (await self.client.post("/kiosk/scan", json={"text": text})).json()

    async def code(self, digits: str) -> dict[str, Any]:
        return (await self.client.post("/kiosk/code", json={"digits": digits})).json()

    async def act(self, label: str, act: str) -> dict[str, Any]:
        answer = await self.client.post(f"/hands/doors/{label}", json={"act": act})
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def state(self) -> dict[str, Any]:
        return (await self.client.get("/kiosk/state")).json()


@dataclass
class House:
    data: Path
    port: int
    key: str = ""
    processes: dict[str, Process] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def env(self) -> dict[str, str]:
        return {"CRANNY_SERVER": self.url, "CRANNY_API_KEY": self.key}

    def client(self) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(base_url=self.url, headers={"Authorization": f"Bearer {self.key}"}, timeout=30)

    async def up(self) -> None:
        self.processes["up"] = await start(
            "up", "--data", str(self.data), "--port", str(self.port), log=self.data / "up.log"
        )
        await eventually(self._ready)

    async def _ready(self) -> bool:
        async with httpx2.AsyncClient() as client:
            return (await client.get(f"{self.url}/health/ready")).status_code == 200

    async def bank(self, name: str) -> tuple[str, str]:
        """Add a shipped bank, and a claim for its controller. Returns (bank id, claim)."""
        bank = (await say("bank", "add", name, env=self.env)).split()[-1]
        claim = (await say("bank", "claim", bank, env=self.env)).strip()
        return bank, claim

    @asynccontextmanager
    async def edge(self, name: str, claim: str | None, *options: str) -> AsyncIterator[Kiosk]:
        """A controller process for the bank that `claim` belongs to; enrolled before when it is None."""
        port = free_port()
        enrol = [] if claim is None else ["--claim", claim, "--server", self.url]
        home = self.data / f"edge-{name}"
        process = await start(
            "edge", "--data", str(home), "--port", str(port), *enrol, *options, log=self.data / f"{name}.log"
        )
        self.processes[name] = process
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            kiosk = Kiosk(client)

            async def ready() -> bool:
                state = await client.get("/kiosk/state")
                return state.status_code == 200 and bool(state.json()["doors"])

            await eventually(ready)
            yield kiosk
        await process.end()

    async def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        async with self.client() as client:
            answer = await client.post(path, json=body, headers={"Idempotency-Key": SystemRng().bytes(8).hex()})
        assert answer.is_success, answer.text
        return answer.json()

    async def get(self, path: str) -> dict[str, Any]:
        async with self.client() as client:
            answer = await client.get(path)
        assert answer.is_success, answer.text
        return answer.json()

    async def down(self) -> None:
        for process in reversed(self.processes.values()):
            await process.end()
