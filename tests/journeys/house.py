"""The whole product as real processes: `cranny up`, and a real `cranny edge` for a bank."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest

from cranny.core.rng import SystemRng

from .kiosk import Kiosk
from .patience import PATIENCE_S, eventually

CRANNY = (sys.executable, "-m", "cranny")


def together(group: str = "house") -> list[pytest.MarkDecorator]:
    """What every module of journeys marks its tests with. Those of one group run one after another in one process, and
    share the house that is up there; a group of its own has who needs a house of its own, or much time."""
    return [pytest.mark.engines, pytest.mark.xdist_group(group), pytest.mark.asyncio(loop_scope="session")]


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@dataclass
class Process:
    child: asyncio.subprocess.Process
    log: Path

    async def kill(self) -> None:
        """As the kernel does: no farewell."""
        self.child.send_signal(signal.SIGKILL)
        await self.child.wait()

    async def dies(self) -> None:
        """Wait until it has killed itself."""
        async with asyncio.timeout(PATIENCE_S):
            assert await self.child.wait() == -signal.SIGKILL, self.log.read_text()

    async def end(self) -> None:
        if self.child.returncode is None:
            self.child.terminate()
        try:
            async with asyncio.timeout(20):
                await self.child.wait()
        except TimeoutError:
            self.child.kill()
            await self.child.wait()


async def start(
    *arguments: str, log: Path, command: Sequence[str] = CRANNY, env: dict[str, str] | None = None
) -> Process:
    with log.open("ab") as out:
        child = await asyncio.create_subprocess_exec(
            *command, *arguments, stdout=out, stderr=out, env={**os.environ, **(env or {})}
        )
    return Process(child, log)


async def say(*arguments: str, env: dict[str, str] | None = None) -> str:
    """Run a command to its end; its output. Fails the test when the command fails."""
    code, out, err = await _run(*arguments, env=env)
    assert code == 0, f"cranny {' '.join(arguments)}: {out} {err}"
    return out


async def complain(*arguments: str, env: dict[str, str] | None = None) -> tuple[int, str]:
    """Run a command that can't do what it is told; its exit code, and what it says of it."""
    code, _, err = await _run(*arguments, env=env)
    assert code != 0, f"cranny {' '.join(arguments)} worked"
    return code, err


async def _run(*arguments: str, env: dict[str, str] | None) -> tuple[int, str, str]:
    child = await asyncio.create_subprocess_exec(
        *CRANNY,
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "COLUMNS": "300", **(env or {})},
    )
    async with asyncio.timeout(PATIENCE_S):
        out, err = await child.communicate()
    assert child.returncode is not None
    return child.returncode, out.decode(), err.decode()


def dying(seam: str) -> tuple[str, ...]:
    """`cranny` as a process that kills itself at this seam: see dying.py."""
    return (sys.executable, str(Path(__file__).with_name("dying.py")), seam)


@dataclass
class House:
    data: Path
    port: int
    key: str = ""
    admin: str = ""
    """The address that makes its first admin."""
    before: tuple[str, ...] = ()
    """What its commands are run through, to be somebody else."""
    settings: dict[str, str] = field(default_factory=dict)
    """Environment variables of all its processes."""
    processes: dict[str, Process] = field(default_factory=dict)
    _client: httpx2.AsyncClient | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def env(self) -> dict[str, str]:
        return {"CRANNY_SERVER": self.url, "CRANNY_API_KEY": self.key}

    # ------------------------------------------------------------ processes

    async def run(self, name: str, *, command: Sequence[str] = CRANNY) -> Process:
        """Start `cranny up`, `server` or `worker` on this house's data."""
        port = [] if name == "worker" else ["--port", str(self.port)]
        log = self.data / f"{name}.log"
        command = (*self.before, *command)
        process = self.processes[name] = await start(
            name, "--data", str(self.data), *port, log=log, command=command, env=self.settings
        )
        return process

    async def up(self, name: str = "up") -> None:
        """`cranny up`, or only `cranny server`, until it answers."""
        process = await self.run(name)

        async def ready() -> bool:
            assert process.child.returncode is None, process.log.read_text()
            return (await self.client.get("/health/ready")).status_code == 200

        await eventually(ready, within=3 * PATIENCE_S)

    async def down(self) -> None:
        for name in reversed(list(self.processes)):
            await self.processes.pop(name).end()
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    async def found(self, tenant: str) -> None:
        """Add a tenant and act for it from now on."""
        shown = await say("tenant", "add", tenant, "--data", str(self.data), env=self.settings)
        self.key = next(word for word in shown.split() if word.startswith("crn_"))
        self.admin = next(word for word in shown.split() if "/welcome#" in word)
        self.client.headers["Authorization"] = f"Bearer {self.key}"

    async def check(self) -> str:
        """What `cranny check` finds wrong; empty when every invariant holds."""
        said = await say("check", "--data", str(self.data), env=self.settings)
        return "" if said == "0 violations\n" else said

    @asynccontextmanager
    async def edge(
        self,
        name: str,
        claim: str | None = None,
        *options: str,
        command: Sequence[str] = CRANNY,
        board: str = "",
        address: str = "",
        home: Path | None = None,
    ) -> AsyncIterator[Kiosk]:
        """A controller process for the bank that `claim` belongs to; enrolled before when it is None. Its cabinet
        outlives it: see `world`. `board` is what else its address says; `address` is another board's instead."""
        port = free_port()
        enrol = [] if claim is None else ["--claim", claim, "--server", self.url]
        home = home or self.home(name)
        board = address or f"simulated:{board},{self.world(name)}"
        process = self.processes[name] = await start(
            "edge", "--data", str(home), "--port", str(port), "--board", board, *enrol, *options,
            log=self.data / f"{name}.log", command=command, env=self.settings,
        )  # fmt: skip
        try:
            async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE_S) as client:
                kiosk = Kiosk(client, self.world(name), home / "journal.sqlite")

                async def ready() -> bool:
                    assert process.child.returncode is None, process.log.read_text()
                    doors = (await kiosk.state()).get("doors", [])
                    return bool(doors) and not any(door["look"] == "unseen" for door in doors)

                await eventually(ready)
                yield kiosk
        finally:
            await self.processes.pop(name).end()

    def home(self, name: str) -> Path:
        """A controller's directory: its identity and its journal."""
        return self.data / f"edge-{name}"

    def world(self, name: str) -> Path:
        """The file with the physical truth of a simulated cabinet."""
        return self.data / f"{name}.json"

    # ------------------------------------------------------------ as an integrator

    @property
    def client(self) -> httpx2.AsyncClient:
        """One for the house: each has to make its TLS settings, which takes longer than most requests."""
        if self._client is None:
            self._client = httpx2.AsyncClient(base_url=self.url, timeout=PATIENCE_S)
            self._client.headers["Authorization"] = f"Bearer {self.key or 'nobody'}"
        return self._client

    async def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = await self.client.post(path, json=body, headers={"Idempotency-Key": fresh_key()})
        assert answer.is_success, answer.text
        return answer.json()

    async def put(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = await self.client.put(path, json=body)
        assert answer.is_success, answer.text
        return answer.json()

    async def get(self, path: str) -> dict[str, Any]:
        answer = await self.client.get(path)
        assert answer.is_success, answer.text
        return answer.json()

    async def bank(self, file: dict[str, Any]) -> tuple[str, str]:
        """Add a bank, and a claim for its controller. Returns (bank id, claim)."""
        bank = (await self.post("/v1/banks", file))["id"]
        return bank, (await self.post(f"/v1/banks/{bank}/claims", {}))["claim"]

    async def events(self, *types: str, subject: str = "") -> list[dict[str, Any]]:
        """What the log holds of these, in its order, from its beginning."""
        query = [f"type={each}" for each in types] + ([f"subject={subject}"] if subject else [])
        return (await self._log(*query))[0]

    async def log_end(self) -> tuple[int, str]:
        """(position of the last event there is, cursor to read on from)."""
        found, cursor = await self._log()
        return found[-1]["position"], cursor

    async def _log(self, *query: str) -> tuple[list[dict[str, Any]], str]:
        found: list[dict[str, Any]] = []
        page: dict[str, Any] = {"items": [None], "next": ""}
        while page["items"]:
            after = [f"after={page['next']}"] if page["next"] else []
            page = await self.get("/v1/events?" + "&".join([*query, *after, "limit=500"]))
            found += page["items"]
        return found, page["next"]

    async def happens(self, kind: str, subject: str) -> dict[str, Any]:
        """The first such event, once it is in the log."""

        async def question() -> dict[str, Any] | None:
            return next(iter(await self.events(kind, subject=subject)), None)

        return await eventually(question)

    async def anomalies(self, bank: str) -> list[tuple[str, int]]:
        """(kind, how often it was seen) of all that is listed for a bank."""
        return [(one["kind"], one["times"]) for one in (await self.get(f"/v1/anomalies?bank={bank}"))["items"]]


def fresh_key() -> str:
    return SystemRng().bytes(8).hex()
