"""The walk, as docs/the-walk.md tells it: a parcel is announced, deposited and collected, on real engines, through a
real controller process, and a subscriber hears of every step."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from .house import House, Kiosk, eventually, say

pytestmark = pytest.mark.engines


class Subscriber:
    """An integrator's program on the event stream."""

    def __init__(self, house: House) -> None:
        self._house = house
        self.heard: list[dict[str, Any]] = []

    async def listen(self, after: str = "0") -> None:
        client = self._house.client()
        headers = {"Last-Event-ID": after}
        async with client, client.stream("GET", "/v1/events/stream", headers=headers, timeout=None) as stream:
            async for line in stream.aiter_lines():
                if line.startswith("data:"):
                    self.heard.append(json.loads(line[5:]))

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.listen())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def hears(self, kind: str, subject: str | None = None) -> dict[str, Any]:
        async def question() -> dict[str, Any] | None:
            return next((e for e in self.heard if e["type"] == kind and subject in (None, e["subject"])), None)

        return await eventually(question)


async def announce(house: House, bank: str, tracking: str) -> dict[str, Any]:
    return await house.post(
        "/v1/deliveries",
        {
            "bank": bank,
            "items": [{"tracking": tracking, "width": 300, "height": 150, "depth": 200}],
            "recipient": {"name": "Ada Example", "email": "ada@example.org", "language": "de"},
        },
    )


async def opened(kiosk: Kiosk, answer: dict[str, Any]) -> str:
    assert answer["code"] == "opened", answer
    return str(answer["door"])


async def test_from_announcement_to_the_event_at_a_subscriber(house: House) -> None:
    bank, claim = await house.bank("corner-20")
    subscriber = Subscriber(house)
    async with subscriber.listening(), house.edge("corner", claim) as kiosk:
        delivery = await announce(house, bank, "JD0146000089")
        assert delivery["state"] == "announced"
        subject = f"deliveries/{delivery['id']}"
        await subscriber.hears("delivery.announced", subject)

        # The courier: the tracking number opens a door that fits; shut means stored.
        async def scanned() -> dict[str, Any] | None:
            answer = await kiosk.scan("JD 0146-000089")
            return answer if answer["code"] == "opened" else None

        door = await opened(kiosk, await eventually(scanned))
        await kiosk.act(door, "put")
        await kiosk.act(door, "shut")
        stored = await subscriber.hears("delivery.stored", subject)
        assert stored["data"]["door"] == door
        await subscriber.hears("grant.activated")

        # The recipient: nine digits, once.
        grant = (await house.get(f"/v1/deliveries/{delivery['id']}"))["grants"]["collect"]
        code = (await house.post(f"/v1/grants/{grant}/reveal", {"reason": "the walk"}))["code"]
        assert await opened(kiosk, await kiosk.code(code)) == door
        await kiosk.act(door, "take")
        await kiosk.act(door, "shut")
        collected = await subscriber.hears("delivery.collected", subject)
        assert collected["data"]["evidence"] == "sensed"
        await subscriber.hears("grant.used", f"grants/{grant}")
        assert (await house.get(f"/v1/deliveries/{delivery['id']}"))["state"] == "collected"

        # Nothing in the log holds a code; positions have no gaps; every invariant holds.
        assert code.replace(" ", "") not in json.dumps(subscriber.heard).replace(" ", "")
        assert "0 violations" in await say("check", "--data", str(house.data))


async def test_a_wrong_code_opens_nothing_and_the_right_one_still_does(house: House) -> None:
    bank, claim = await house.bank("corner-20")
    async with house.edge("corner", claim) as kiosk:
        delivery = await announce(house, bank, "WRONG1")

        async def scanned() -> dict[str, Any] | None:
            answer = await kiosk.scan("WRONG1")
            return answer if answer["code"] == "opened" else None

        door = await opened(kiosk, await eventually(scanned))
        await kiosk.act(door, "put")
        await kiosk.act(door, "shut")

        async def active() -> bool:
            grant = (await house.get(f"/v1/deliveries/{delivery['id']}"))["grants"]["collect"]
            return bool((await house.get(f"/v1/grants/{grant}"))["state"] == "active")

        await eventually(active)
        grant = (await house.get(f"/v1/deliveries/{delivery['id']}"))["grants"]["collect"]
        code = (await house.post(f"/v1/grants/{grant}/reveal", {"reason": "test"}))["code"].replace(" ", "")
        wrong = code[:-1] + str((int(code[-1]) + 1) % 10)
        assert (await kiosk.code(wrong))["code"] == "refused"
        assert await opened(kiosk, await kiosk.code(code)) == door
