"""A bank as people meet it: a screen that one person uses at a time, and doors. All of it over HTTP."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Final
from uuid import UUID

import httpx2
import msgspec

from cranny.edge.kiosk.hands import Seen
from cranny.edge.outcomes import Answer, Opened, Refusal, ShutFirst

RESTARTING: Final = 503
TRIES: Final = 40
PAUSE_S: Final = 0.25
LARGER_S: Final = 30.0
"""How long a courier waits for a larger door."""


class Broken(Exception):
    """The kiosk gave an answer that nobody should get."""


class Kiosk:
    """`number` is the bank's in the plan. Whoever uses the screen holds `screen`; whoever brings things, `round`."""

    def __init__(self, number: int, bank: UUID, client: httpx2.AsyncClient, *, url: str, sees: bool) -> None:
        self.number = number
        self.bank = bank
        self.client = client
        self.url = url
        self.sees = sees
        """Whether its doors see what lies behind them."""
        self.screen = asyncio.Lock()
        self.round = asyncio.Lock()
        self._told: list[Answer] = []
        self._news = asyncio.Event()

    async def scan(self, text: str) -> Answer:
        return _answer(await self._post("/kiosk/scan", {"text": text}))

    async def code(self, digits: str) -> Answer:
        return _answer(await self._post("/kiosk/code", {"digits": digits}))

    async def hands(self, door: str, act: str) -> Seen:
        """`put`, `take` or `shut`."""
        return msgspec.json.decode(await self._post(f"/hands/doors/{door}", {"act": act}), type=Seen)

    async def look(self, door: str) -> str:
        """How the screen draws the door."""
        doors = (await self.client.get("/kiosk/state")).json()["doors"]
        return next(str(one["look"]) for one in doors if one["label"] == door)

    async def done(self, visit: UUID) -> None:
        await self._post(f"/kiosk/visits/{visit}/done", {})

    async def larger(self, opened: Opened) -> Answer:
        """It does not fit: shut the door and wait for a larger one. Nothing was put in."""
        self._told.clear()
        raw = await self._post(f"/kiosk/visits/{opened.visit}/too-small", {"emptied": True})
        said: ShutFirst | Refusal = msgspec.json.decode(raw, type=ShutFirst | Refusal)
        if isinstance(said, Refusal):
            return said
        await self.hands(opened.door, "shut")
        async with asyncio.timeout(LARGER_S):
            while not self._told:
                self._news.clear()
                await self._news.wait()
        return self._told.pop(0)

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Somebody looks at the screen: what it tells after an answer was given is seen."""
        watching = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching

    async def _watch(self) -> None:
        while True:
            try:
                async with self.client.stream("GET", "/kiosk/live", timeout=None) as stream:
                    async for line in stream.aiter_lines():
                        if line.startswith("data:"):
                            self._see(line.removeprefix("data:").strip())
            except httpx2.TransportError:
                await asyncio.sleep(PAUSE_S)

    def _see(self, data: str) -> None:
        if json.loads(data).get("code") in ("opened", "refused"):
            self._told.append(_answer(data.encode()))
            self._news.set()

    async def _post(self, path: str, body: dict[str, Any]) -> bytes:
        said = "no answer"
        for _ in range(TRIES):
            try:
                answer = await self.client.post(path, json=body)
            except httpx2.TransportError as error:
                said = str(error)
            else:
                if answer.is_success:
                    return answer.content
                said = f"{answer.status_code} {answer.text[:200]}"
                if answer.status_code != RESTARTING:
                    break
            await asyncio.sleep(PAUSE_S)
        raise Broken(f"{self.url}{path}: {said}")


def _answer(raw: bytes) -> Answer:
    return msgspec.json.decode(raw, type=Opened | Refusal)
