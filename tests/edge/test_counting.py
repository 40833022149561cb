"""The guided inventory at the kiosk's own pages: who leads it presses buttons, and no address names a door."""

import asyncio
import re
from typing import Any
from uuid import UUID

from .conftest import Bank


async def press(bank: Bank, path: str) -> str:
    answer = await bank.client.post(f"/screen/inventory/{path}")
    assert answer.status_code == 200, answer.text
    return str(answer.text)


async def shown(bank: Bank, lang: str = "en") -> str:
    return str((await bank.client.get("/screen", params={"lang": lang})).text)


async def test_from_the_first_door_to_the_last(bank: Bank) -> None:
    counter = bank.desk.controller.counter
    session: Any = (await counter.begin()).inventory
    doors = list(bank.desk.controller.journal.state.boxes)
    text = await shown(bank)
    assert "Next is door" in text
    assert "should be empty" in text
    assert re.findall(r"/screen/inventory/([^/]+)/next", text) == [str(session)]
    for number, door in enumerate(doors):
        text = await press(bank, f"{session}/next")
        assert f'Door <b class="num">{door}</b> is open' in text
        text = await press(bank, f"{session}/found/not_there")
        assert "Now push the door shut" in text
        await bank.post(f"/hands/doors/{door}", act="shut")
        async with asyncio.timeout(10):
            while len(_done(bank)) != number + 1 and counter.session:  # noqa: ASYNC110 - nobody tells a test
                await asyncio.sleep(0.02)
    text = await shown(bank)
    assert "You have looked behind every door" in text
    assert "in jedes Fach" in await shown(bank, "de")
    assert "Collect your parcel" in (await bank.client.post("/screen/home")).text


async def test_a_button_of_somebody_who_has_left_does_nothing(bank: Bank) -> None:
    text = await press(bank, f"{UUID(int=7)}/next")
    assert "Collect your parcel" in text
    session = (await bank.desk.controller.counter.begin()).inventory
    assert "Next is door" in await shown(bank)
    text = await press(bank, f"{session}/end")
    assert "Inventory stopped" in text
    await press(bank, f"{session}/next")
    assert (await bank.client.post(f"/screen/inventory/{session}/found/junk")).status_code in (400, 404)


def _done(bank: Bank) -> list[str]:
    now = bank.desk.controller.journal.state.inventory
    return now.done if now else []
