"""The operator's pages over a real database: what a browser is shown, and who may look."""

import asyncio
import html
import re
from contextlib import asynccontextmanager
from uuid import UUID, uuid5

import httpx2
import msgspec
import pytest

from cranny import fleet, people
from cranny.core.events import NewEvent
from cranny.fleet import anomalies
from cranny.pages.operator import FEATURE, telling
from cranny.pages.operator.shown import HOME
from cranny.pages.operator.watching import Walls
from cranny.platform import events, tenants
from cranny.platform.server import create_server
from cranny.wire.kinds import KINDS, DoorBlocked, DoorOpened, DoorUnsecured, SensorAlarmed, TelemetrySummed
from cranny.wire.summed import Summed
from cranny.wiring.serving import join
from tests.platform.conftest import serve

OPENING = UUID(int=9)
NAME = "cranny-session"


@asynccontextmanager
async def browser(yard):
    app = create_server(list(FEATURE.routes(yard.parts)), yard.parts, visitors=people.Visitors(yard.db))
    async with serve(app) as client:
        yield client


@asynccontextmanager
async def signed_in(yard):
    async with browser(yard) as client:
        answer = await client.post("/sign-in", data={"key": yard.key, "next": "/walls"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/walls")
        yield client


def door(text: str, label: str) -> str:
    """The state of a door on the page."""
    return re.search(rf'data-label="{label}" data-state="(\w+)"', text)[1]


async def test_what_contradicts_is_on_the_wall_until_it_is_settled(yard) -> None:
    shown = await yard.announce("JD 77", reference="Order 4711")
    await yard.work()
    yard.box.deposit(shown.id, door="A2", grant=shown.grants.collect)
    await yard.cancel(shown.id)
    async with signed_in(yard) as client:
        path = f"/walls/{yard.box.bank}"
        assert 'odd-title">' not in (await client.get(path)).text
        await yard.box.sync()
        for n in range(6):
            async with yard.db.transaction(yard.tenant) as tx:
                await fleet.raise_anomaly(tx, yard.box.bank, "brand_new", f"banks/{yard.box.bank}/x/{n}", {})
        text = (await client.get(path)).text
        assert 'To look at <b class="num">7</b>' in text
        assert "brand_new" in text
        assert "and 2 more" in text
        async with yard.db.transaction(yard.tenant) as tx:
            for row in await tx.all("SELECT id FROM anomalies WHERE kind = 'brand_new'"):
                await anomalies.settle(tx, row["id"], "seen", who="keys/1")
        text = (await client.get(path)).text
        assert "Brought after it was cancelled" in text
        assert "Door A2" in text
        assert "Order 4711" in text
        assert "Have it taken out." in text
        german = (await client.get(path, headers={"Accept-Language": "de"})).text
        assert "Nach der Stornierung gebracht" in german


async def test_a_wall_from_nothing_to_collected(yard) -> None:
    async with signed_in(yard) as client:
        path = f"/walls/{yard.box.bank}"
        text = (await client.get(path)).text
        assert {door(text, f"A{n}") for n in range(1, 7)} == {"unknown"}
        assert "has never reported" in text
        shown = await yard.announce("JD 77", reference="Order 4711")
        yard.box.deposit(shown.id, door="A2", grant=shown.grants.collect)
        await yard.box.sync()
        text = (await client.get(path)).text
        assert (door(text, "A1"), door(text, "A2")) == ("free", "held")
        assert "Order 4711" in text
        details = (await client.get(f"{path}?door=A2", headers={"HX-Request": "true"})).text
        assert details.lstrip().startswith("<header")
        assert "Order 4711" in details
        assert "Stored" in details
    yard.clock.pass_by(days=30)
    await yard.sweep()
    async with signed_in(yard) as client:
        assert door((await client.get(path)).text, "A2") == "overdue"
        yard.box.empty(shown.id, door="A2", grant=shown.grants.collect)
        await yard.box.sync()
        text = (await client.get(f"{path}?door=A2")).text
        assert door(text, "A2") == "free"
        assert "not seen by a sensor" in text


async def test_the_loudest_that_is_true(yard) -> None:
    for body in (
        DoorOpened(OPENING, "A1", 1),
        DoorBlocked("A3", "not-opened"),
        DoorOpened(OPENING, "A4", 1),
        DoorUnsecured(OPENING, "A4"),
    ):
        yard.box.write(body)
    await yard.box.sync()
    async with signed_in(yard) as client:
        text = (await client.get(f"/walls/{yard.box.bank}?door=A3")).text
        assert [door(text, f"A{n}") for n in range(1, 5)] == ["open", "free", "blocked", "alarm"]
        assert "the door didn" in text
        assert "1 alarm · 1 out of use" in text


async def test_the_banks_and_their_sheets(yard) -> None:
    async with signed_in(yard) as client:
        text = (await client.get("/walls")).text
        assert text.count('class="card bankcard"') == 2
        page = (await client.get(f"/walls/{yard.box.bank}")).text
        (address,) = re.findall(r'href="(/walls/[^"]+\.css)"', page)
        sheet = await client.get(address)
        assert "immutable" in sheet.headers["cache-control"]
        assert ".at-5{" in sheet.text
        assert not re.search(r"<script(?![^>]* src=)|<style| style=| on[a-z]+=", page)


async def test_every_screen_is_told_what_changed(yard) -> None:
    walls = Walls(yard.db, yard.parts.broker, yard.clock)
    seen = walls.follow(yard.tenant, yard.box.bank)
    first = await anext(seen)
    assert len(first.changed) == 6
    shown = await yard.announce("JD 78")
    yard.box.deposit(shown.id, door="A5", grant=shown.grants.collect)
    await yard.box.sync()
    async with asyncio.timeout(10):
        while (told := await anext(seen)) is None or all(d.state != "held" for d in told.changed):
            pass
    assert {d.label for d in told.changed if d.state == "held"} == {"A5"}
    await seen.aclose()


async def test_whose_browser_it_is(yard) -> None:
    mine = yard.box.bank
    async with browser(yard) as stranger:
        answer = await stranger.get(f"/walls/{mine}?door=A1")
        assert answer.headers["location"] == f"/sign-in?next=%2Fwalls%2F{mine}%3Fdoor%3DA1"
        answer = await stranger.get(f"/walls/{mine}", headers={"HX-Request": "true"})
        assert answer.headers["hx-refresh"] == "true"
        answer = await stranger.post("/sign-in", data={"key": "crn_wrong"})
        assert "open anything" in answer.text
        assert NAME not in stranger.cookies
    async with signed_in(yard) as client:
        assert yard.key not in client.cookies[NAME]
        unknown = await client.get(f"/walls/{uuid5(mine, 'other')}")
        assert unknown.status_code == httpx2.codes.NOT_FOUND
        await yard.anew()
        assert (await client.get(f"/walls/{yard.box.bank}")).status_code == httpx2.codes.NOT_FOUND  # another tenant's
        assert (await client.get(f"/walls/{mine}")).status_code == httpx2.codes.OK


@pytest.mark.parametrize("language", ["en", "de", "pl"])
async def test_whatever_a_bank_tells_is_said_in_words(yard, language: str) -> None:
    """No fact is shown by the name that programs give it."""
    silent = telling.OBVIOUS | {"telemetry.summed"}  # what is never said, or measured and drawn
    kinds, subject = sorted(KINDS.keys() - silent), f"banks/{yard.box.bank}"
    for part in (kinds[n : n + 6] for n in range(0, len(kinds), 6)):  # as many as are read of one subject
        async with yard.db.transaction(yard.tenant) as tx:
            await events.record(tx, [NewEvent(kind, subject, {"bank": str(yard.box.bank)}) for kind in part])
        await yard.follow()
        async with signed_in(yard) as client:
            text = (await client.get(f"/walls/{yard.box.bank}", headers={"Accept-Language": language})).text
        feed = re.search(r'id="feed">(.*?)</ol>', text, re.DOTALL)[1]
        assert feed.count("<li") >= len(part), "each is told"
        assert not [kind for kind in part if kind in re.sub(r"<[^>]*>", " ", feed)]


async def test_people_get_a_page_where_there_is_none_and_programs_the_problem(yard) -> None:
    async with signed_in(yard) as client:
        for path in (f"/walls/{uuid5(yard.box.bank, 'other')}", f"/walls/{yard.box.bank}?door=Z9"):
            page = await client.get(path, headers={"Accept": "text/html,*/*;q=0.8", "Accept-Language": "de"})
            assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
            assert page.headers["cache-control"] == "no-store"
            assert 'lang="de"' in page.text
            assert "-not-found" in page.text
            part = await client.get(path, headers={"HX-Request": "true"})
            assert (part.status_code, "<html" in part.text, "Nothing here" in part.text) == (404, False, True)
            told = await client.get(path, headers={"Accept": "application/json"})
            assert told.json()["code"].endswith("-not-found")


async def test_an_address_that_leads_nowhere_is_a_page_too(yard) -> None:
    made = yard.parts
    app = join(made)
    async with serve(app) as client:
        for path, status in (("/walls/nope", 404), ("/nope", 404), ("/static/x/none.css", 404), ("/sign-out", 405)):
            page = await client.get(path, headers={"Accept": "text/html,*/*;q=0.8", "Accept-Language": "de"})
            assert (page.status_code, page.headers["content-type"]) == (status, "text/html; charset=utf-8")
            assert 'lang="de"' in page.text
            told = await client.get(path)
            assert told.headers["content-type"] == "application/problem+json"
        for path in ("/v1/nope", "/v1/banks", "/health/nope"):
            program = await client.get(path, headers={"Accept": "text/html"})
            assert program.headers["content-type"] == "application/problem+json", path


async def test_the_description_of_the_api_can_be_read_by_people(yard) -> None:
    """Without a key: what the API is like is no secret."""
    async with browser(yard) as stranger:
        page = await stranger.get("/docs")
        document = (await stranger.get("/schema/openapi.json")).json()
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    shapes = page.text.count('<article class="card call" id="shape-')
    calls = page.text.count('<article class="card call"') - shapes
    assert calls == sum(map(len, document["paths"].values())) > 3
    assert shapes == sum(not name.startswith("Page_") for name in document["components"]["schemas"]) > 3
    assert 'POST</span> <span class="path">/v1/sign-in-links' in page.text
    assert "signs one browser in" in page.text


async def test_a_revoked_key_ends_its_sessions(yard) -> None:
    async with signed_in(yard) as client:
        async with yard.db.transaction(yard.tenant) as tx:
            (row,) = await tenants.list_keys(tx)
            await tenants.revoke_key(tx, row.id)
        assert (await client.get("/walls")).status_code == httpx2.codes.FOUND


async def test_a_session_ends_and_is_nobody_elses(yard) -> None:
    async with signed_in(yard) as client:
        value = client.cookies[NAME]
        for _ in range(13):  # used now and then, so that it is its age that ends it
            assert (await client.get("/walls")).status_code == httpx2.codes.OK
            yard.clock.pass_by(minutes=59)
        assert (await client.get("/walls")).status_code == httpx2.codes.FOUND
    async with signed_in(yard) as client:
        yard.clock.pass_by(minutes=61)
        assert (await client.get("/walls")).status_code == httpx2.codes.FOUND
    async with signed_in(yard) as client:
        value = client.cookies[NAME]
        stolen = {"User-Agent": "somebody else's browser"}
        assert (await client.get("/walls", headers=stolen)).status_code == httpx2.codes.FOUND
        for bad in ("", "x", value[:-4] + "AAAA", "x" * 10_000):
            answer = await httpx2.AsyncClient(
                transport=client._transport, base_url="http://server", cookies={NAME: bad}
            ).get("/walls")
            assert answer.status_code == httpx2.codes.FOUND
        assert (await client.get("/walls")).status_code == httpx2.codes.OK


@pytest.mark.parametrize("path", ["https://elsewhere.example", "//elsewhere.example", "/\\elsewhere.example", ""])
async def test_nobody_is_led_elsewhere(yard, path: str) -> None:
    async with browser(yard) as client:
        answer = await client.post("/sign-in", data={"key": yard.key, "next": path})
        assert answer.headers["location"] == HOME
        answer = await client.post("/sign-in", data={"key": yard.key}, headers={"Sec-Fetch-Site": "cross-site"})
        assert answer.status_code == httpx2.codes.FORBIDDEN


async def by_link(client, link: str, **more):
    return await client.post("/link/opened", data={"token": link}, **more)


async def test_a_link_signs_one_browser_in_once(yard) -> None:
    async with browser(yard) as client:
        headers = {"Authorization": f"Bearer {yard.key}", "Idempotency-Key": "link"}
        made = await client.post("/v1/sign-in-links", headers=headers)
        assert made.status_code == 201
        page, _, token = made.json()["path"].partition("#")
        again = await client.post("/v1/sign-in-links", headers=headers)
        assert again.json()["code"] == "secret-shown-once"
        # Whoever looks ahead does not use it up.
        for _ in range(2):
            looked = await client.get(page)
            assert "Open the wall" in looked.text
            assert NAME not in looked.cookies
        assert (await by_link(client, token, headers={"Sec-Fetch-Site": "cross-site"})).status_code == 403
        used = await by_link(client, token)
        assert (used.status_code, used.headers["location"]) == (303, "/walls")
        assert (await client.get("/walls")).status_code == 200
    async with browser(yard) as stranger:
        for handed in (token, f"http://here{page}#{token}", ""):
            answer = await by_link(stranger, handed)
            assert "used already" in answer.text
            assert NAME not in answer.cookies
        assert (await stranger.get("/walls")).status_code == 302


async def test_twenty_browsers_and_one_link(yard) -> None:
    async with browser(yard) as client:
        headers = {"Authorization": f"Bearer {yard.key}", "Idempotency-Key": "race"}
        link = (await client.post("/v1/sign-in-links", headers=headers)).json()["path"]
        answers = await asyncio.gather(*(by_link(client, link) for _ in range(20)))
    said = [answer.status_code for answer in answers]
    assert said.count(303) == 1
    assert set(said) == {200, 303, 429}  # nineteen wrong ones from one address are too many


async def test_an_old_link_opens_nothing(yard) -> None:
    async with browser(yard) as client:
        headers = {"Authorization": f"Bearer {yard.key}", "Idempotency-Key": "old"}
        link = (await client.post("/v1/sign-in-links", headers=headers)).json()["path"]
        yard.clock.pass_by(hours=1)
        assert "too old" in (await by_link(client, link)).text


async def test_signing_out_takes_the_cookie_back(yard) -> None:
    async with signed_in(yard) as client:
        out = await client.post("/sign-out")
        assert (out.headers["location"], out.headers["clear-site-data"]) == ("/sign-in", '"cache"')
        assert (await client.get("/walls")).status_code == 302


async def test_a_chilled_door_shows_its_temperature_its_day_and_its_alarm(yard) -> None:
    bank = yard.box.bank
    air = {"name": "air", "kind": "temperature", "source": "simulated", "address": "A,4", "doors": ["A1", "A2"]}
    async with yard.db.transaction(yard.tenant) as tx:
        await tx.run("UPDATE banks SET sensors = $2 WHERE id = $1", bank, [air])
        await tx.run("UPDATE compartments SET features = '{chilled}' WHERE bank = $1 AND label = 'A1'", bank)
        await tx.run(
            "UPDATE bank_desks SET readings = $2, last_beat = $3 WHERE id = $1", bank, {"air": 940}, yard.clock.now()
        )
    window = Summed("air", "temperature", 30, 410, 600, 940, [0, 410, 300, None, 600, 940])
    yard.box.write(TelemetrySummed(0, 900_000, [window]))
    yard.box.write(SensorAlarmed(UUID(int=7), "air", "temperature", "too_warm", 940, 800, 600, ["A1", "A2"]))
    await yard.box.sync()
    async with signed_in(yard) as client:
        text = (await client.get(f"/walls/{bank}?door=A1")).text
        german = (await client.get(f"/walls/{bank}?door=A1", headers={"Accept-Language": "de"})).text
    assert [door(text, f"A{n}") for n in range(1, 4)] == ["alarm", "alarm", "free"]
    assert "<b>Too warm</b>: air, 9.4 °C where 8.0 °C is the limit" in text
    assert "9.4°</small>" in text
    assert "It is too warm behind this door" in text
    assert "right from 0.0 °C to 8.0 °C" in text
    line = msgspec.json.decode(html.unescape(re.search(r'data-climate="([^"]*)"', text)[1]))
    assert (line["low"], line["high"]) == (0, 800)
    assert [value for _, value in line["line"]] == [410, None, 940, None]
    assert "<b>Zu warm</b>: air, 9,4 °C, Grenze 8,0 °C" in german
