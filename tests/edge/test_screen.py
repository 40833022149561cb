"""The kiosk's pages over a running bank: what a browser there is shown."""

import asyncio
import re
from uuid import UUID

import httpx2
import pytest

from cranny.core.clock import SystemClock
from cranny.edge.kiosk.pages import TEMPLATES, Painter
from cranny.edge.kiosk.screens import Asked, Look, Screens
from cranny.ui.pages import Pages
from cranny.ui.shelf import Shelf

from .conftest import Bank

FORM = {"content-type": "application/x-www-form-urlencoded"}


async def shown(bank: Bank, path: str = "/screen", **query: str) -> str:
    answer = await bank.client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.text


async def send(bank: Bank, path: str, **form: str) -> str:
    answer = await bank.client.post(f"/screen/{path}", data=form)
    assert answer.status_code == 200, answer.text
    return answer.text


async def turns(bank: Bank, words: str) -> str:
    """The screen as soon as it says so."""
    async with asyncio.timeout(10):
        while words not in (text := await shown(bank)):  # noqa: ASYNC110 - the question goes over HTTP
            await asyncio.sleep(0.02)
    return text


@pytest.fixture
async def awake(bank: Bank):
    """The bank with its application started; start and stop belong to one task."""
    up, down = asyncio.Event(), asyncio.Event()

    async def live() -> None:
        async with bank.app.lifespan():
            up.set()
            await down.wait()

    task = asyncio.create_task(live())
    await up.wait()
    yield bank
    down.set()
    await task


async def test_a_courier_drops_off_with_scans_alone(awake: Bank) -> None:
    text = await send(awake, "scan", text="JD0146000089")
    assert 'Door <b class="num">A1</b> is open' in text
    assert "hx-partial" in text
    assert "JD0146000089" not in text
    await awake.post("/hands/doors/A1", act="put")
    await awake.post("/hands/doors/A1", act="shut")
    text = await turns(awake, "Stored in door A1")
    assert "1 parcel stored on this visit" in text
    visit = re.search(r"/screen/visits/([0-9a-f-]{36})/done", text)[1]
    assert "Collect your parcel" in await send(awake, f"visits/{visit}/done")


async def test_too_small_and_no_larger_door(awake: Bank) -> None:
    text = await send(awake, "scan", text="JD0146000090")
    visit = re.search(r"/screen/visits/([0-9a-f-]{36})/too-small", text)[1]
    assert "Take the parcel out again" in await send(awake, f"visits/{visit}/too-small")
    await awake.post("/hands/doors/A1", act="shut")
    await turns(awake, "No free door is large enough")


async def test_wrong_codes_slow_the_keys_for_everybody(awake: Bank) -> None:
    for _ in range(4):
        text = await send(awake, "code", code="123456789")
    assert "That code doesn" in text
    text = await send(awake, "code", code="123456789")
    assert "The keys pause for" in text
    assert "123456789" not in text
    assert 'data-key="5" disabled' in await send(awake, "home")
    await asyncio.sleep(2)
    assert 'data-key="5" disabled' not in await send(awake, "home")


async def test_a_restarted_browser_sees_the_open_door(awake: Bank) -> None:
    await awake.post("/kiosk/scan", text="JD0146000091")  # another screen did this
    assert 'Door <b class="num">A1</b>' in await turns(awake, "is open")


async def test_the_readers_language_goes_along(awake: Bank) -> None:
    assert '<html lang="de"' in await shown(awake, lang="de")
    answer = await awake.client.post("/screen/code?lang=pl&easier=1", data={"code": "123456789"})
    assert "Ten kod się nie zgadza" in answer.text
    assert "?lang=pl&amp;easier=1" in answer.text
    assert "Wie können wir helfen?" in await shown(awake, "/screen/help", lang="de")


async def test_a_controller_that_restarts_is_said_calmly(awake: Bank) -> None:
    controller = awake.desk.controller
    awake.desk.seat(None)
    assert "open doors just now" in await shown(awake)
    assert "open doors just now" in await send(awake, "code", code="123456789")
    awake.desk.seat(controller)
    assert "Nothing was opened" in await shown(awake)


async def test_the_stream_tells_the_screen_at_once_and_when_it_changes(awake: Bank) -> None:
    pages = Pages([TEMPLATES], Shelf())
    screens = Screens(awake.desk, clock=SystemClock(), boot=UUID(int=7), look=Look(languages=("en", "de")))
    following = asyncio.create_task(screens.follow())
    frames = Painter(awake.desk, screens, pages).frames(Asked("de", easier=False))
    assert b"Paket abholen" in await anext(frames)
    await awake.post("/kiosk/scan", text="JD0146000093")
    async with asyncio.timeout(10):
        while b"A1" not in (frame := await anext(frames)):
            assert frame == b":\n\n"
    assert re.search(rb'<section[^>]* data-turn="00000007:[1-9]"', frame)
    following.cancel()


async def test_nothing_inline_that_the_policy_would_refuse(awake: Bank) -> None:
    answer = await awake.client.get("/screen")
    assert "'unsafe" not in answer.headers["content-security-policy"]
    assert not re.search(r"<script(?![^>]* src=)|<style| style=| on[a-z]+=", answer.text)
    for address in re.findall(r'(?:src|href)="(/static/[^"#]+)', answer.text):
        file = await awake.client.get(address)
        assert file.status_code == 200, address
        assert "immutable" in file.headers["cache-control"]
    assert (await awake.client.get("/static/old/nothing.js")).status_code == 404


async def test_the_front_door_leads_to_the_screen(awake: Bank) -> None:
    answer = await awake.client.get("/")
    assert (answer.status_code, answer.headers["location"]) == (302, "/screen")


async def test_hands_shut_what_is_open(awake: Bank) -> None:
    assert "No door is open" in await shown(awake, "/screen/hands")
    await send(awake, "scan", text="JD0146000092")
    assert "Door A1" in await shown(awake, "/screen/hands/now")
    assert "1 thing inside" in await send(awake, "hands/doors/A1/put")
    assert "No door is open" in await send(awake, "hands/doors/A1/shut")
    answer = await awake.client.post("/screen/hands/doors/Z9/shut")
    assert answer.status_code == httpx2.codes.NOT_FOUND
