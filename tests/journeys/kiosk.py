"""A person's hands and eyes at a bank: the kiosk's API, and the doors of the simulated cabinet."""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from .patience import eventually

Answer = dict[str, Any]


@dataclass
class Ears:
    """What comes over a stream of server-sent events, since the beginning."""

    heard: list[Answer] = field(default_factory=list)
    news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def listen(self, client: httpx2.AsyncClient, path: str, after: str) -> None:
        headers = {"Last-Event-ID": after} if after else {}
        async with client.stream("GET", path, headers=headers, timeout=None) as stream:
            async for line in stream.aiter_lines():
                if line.startswith("data:"):
                    async with self.news:
                        self.heard.append(json.loads(line[5:]))
                        self.news.notify_all()

    async def hears(self, *, within: float = 30, **like: str) -> Answer:
        """The first message with these values, once it has come."""

        def found() -> Answer | None:
            return next((one for one in self.heard if like.items() <= one.items()), None)

        async with asyncio.timeout(within), self.news:
            answer = await self.news.wait_for(found)
        assert answer is not None
        return answer


@asynccontextmanager
async def listening(client: httpx2.AsyncClient, path: str, after: str = "") -> AsyncIterator[Ears]:
    ears = Ears()
    task = asyncio.create_task(ears.listen(client, path, after))
    try:
        yield ears
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@dataclass
class Kiosk:
    """`world` is the file of its cabinet, `journal` its controller's."""

    client: httpx2.AsyncClient
    world: Path
    journal: Path

    async def scan(self, text: str) -> Answer:
        return await self._post("/kiosk/scan", {"text": text})

    async def code(self, digits: str) -> Answer:
        return await self._post("/kiosk/code", {"digits": digits})

    async def too_small(self, visit: str, *, emptied: bool = False) -> Answer:
        return await self._post(f"/kiosk/visits/{visit}/too-small", {"emptied": emptied})

    async def done(self, visit: str) -> Answer:
        return await self._post(f"/kiosk/visits/{visit}/done", {})

    async def state(self) -> Answer:
        return (await self.client.get("/kiosk/state")).json()

    async def look(self, label: str) -> str:
        """How the wall shows a door."""
        return next(str(door["look"]) for door in (await self.state())["doors"] if door["label"] == label)

    async def shows(self, label: str, look: str) -> None:
        """Wait until the wall shows a door like this."""

        async def shown() -> bool:
            return await self.look(label) == look

        await eventually(shown)

    async def act(self, label: str, *acts: str) -> None:
        for act in acts:
            answer = await self.client.post(f"/hands/doors/{label}", json={"act": act})
            assert answer.status_code == 200, answer.text

    def mark(self) -> tuple[int, int, int]:
        """(last fact, last one that the server has said it holds, last right that came down)"""
        with closing(sqlite3.connect(f"file:{self.journal}?mode=ro", uri=True)) as journal:
            found: tuple[int, int, int] = journal.execute("SELECT seq, acked, applied FROM marks").fetchone()
        return found

    def pulses(self) -> int:
        """How often any lock of this cabinet was ever released, by whatever process."""
        if not self.world.exists():
            return 0
        return sum(box.get("pulses", 0) for box in json.loads(self.world.read_bytes()).values())

    async def _post(self, path: str, body: Answer) -> Answer:
        answer = await self.client.post(path, json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()
