"""Signing in by SAML: pysaml2's own identity provider in a process of its own, over HTTP, and the real pages."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import httpx2
import pytest
import uvicorn
from playwright.async_api import async_playwright, expect

from cranny import people
from cranny.platform import tenants
from cranny.wiring.serving import join
from tests.chromium import LAUNCH, needs_chromium
from tests.journeys.house import free_port
from tests.people.house import House
from tests.people.saml_abroad import HERE, MAIL, Abroad, needs_xmlsec, refusal
from tests.people.saml_forgeries import MANGLED

pytest.importorskip("saml2", reason="the extra cranny[saml] is not installed: nothing of SAML is tried")
pytestmark = pytest.mark.xdist_group("saml")
BORG = {"email": "borg@example.org", "roles": [{"role": "clerk"}]}
MFA = "https://refeds.org/profile/mfa"
EVIL = "https://evil.example/"


@needs_xmlsec
async def test_out_and_back_with_proof(abroad: Abroad, caplog: pytest.LogCaptureFixture) -> None:
    house = abroad.house
    async with house.browser() as ada, house.browser() as other:
        await house.found(ada)
        way = await abroad.set_up(ada)
        there = await abroad.out(other, way, f"{urlsplit(way['begin']).path}?next=/me")
        assert there.startswith(f"{abroad.url}/sso?SAMLRequest=")
        xml = await abroad.sign(there)
        page = await abroad.back(other, way, xml, RelayState=EVIL)
        assert (page.status_code, 'content="0;url=/me"' in page.text) == (200, True), page.text
        assert EVIL not in page.text
        me = (await other.get("/v1/self")).json()
        assert me["roles"] == [{"role": "admin", "site": None}]
        assert "with your organisation" in (await other.get("/me")).text
        # The provider is none that proves: who it let in just now has shown nothing here.
        stale = await other.post("/v1/people", json=BORG, headers=house.once())
        assert stale.json()["code"] == "step-up-needed"
        assert [event.data["how"] for event in await house.told("session.begun")] == ["founding", "saml"]
        assert len(await house.told("person.saml_linked")) == 1
        assert refusal(await abroad.back(other, way, xml)) == "saml-state-refused"
        whole = await abroad.whole(other, way, sign_response=True)
        assert whole.status_code == 200, whole.text
        assert "ada@example.org" not in caplog.text


@needs_xmlsec
async def test_an_answer_opens_nothing_where_it_was_not_asked_for(abroad: Abroad) -> None:
    house = abroad.house
    async with house.browser() as ada, house.browser() as victim, house.browser() as thief:
        await house.found(ada)
        way, second = await abroad.set_up(ada), await abroad.set_up(ada, name="Another")
        xml = await abroad.sign(await abroad.out(victim, way))
        assert refusal(await abroad.back(thief, way, xml)) == "saml-state-refused"
        await abroad.out(thief, way)  # with a request of their own
        assert refusal(await abroad.back(thief, way, xml)) == "saml-state-refused"
        assert refusal(await abroad.back(victim, second, xml)) == "saml-state-refused"
        # The same again, kept by somebody who copies cookies.
        there = await abroad.out(victim, way)
        cookie = victim.cookies["cranny-sign-in"]
        xml = await abroad.sign(there)
        assert (await abroad.back(victim, way, xml)).status_code == 200
        thief.cookies.set("cranny-sign-in", cookie)
        assert refusal(await abroad.back(thief, way, xml)) == "saml-state-refused"
        await abroad.out(victim, way)
        house.clock.pass_by(minutes=11)
        xml = await abroad.sign(await abroad.out(victim, way))
        house.clock.pass_by(minutes=11)
        assert refusal(await abroad.back(victim, way, xml)) == "saml-state-refused"
        foreign = await victim.post(
            urlsplit(way["acs"]).path.replace("/acs", "/answer"),
            data={"SAMLResponse": "x"},
            headers={"Origin": abroad.url, "Sec-Fetch-Site": "cross-site"},
        )
        assert (foreign.status_code, foreign.json()["code"]) == (403, "foreign-origin")
        assert (await thief.get("/v1/self")).status_code == 401


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"sign_assertion": False, "sign_response": True}, "saml-answer-refused"),
    ({"sign_assertion": False}, "saml-answer-refused"),
    ({"minutes": -5}, "saml-answer-refused"),
    ({"key": "strange"}, "saml-answer-refused"),
    ({"sha1": True}, "saml-answer-refused"),
    ({"in_response_to": "_another"}, "saml-state-refused"),
    ({"destination": "http://here/elsewhere"}, "saml-answer-refused"),
    ({"format": "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"}, "saml-answer-refused"),
    ({"ago": 13 * 3600}, "saml-too-long-ago"),
    ({"attributes": {}}, "saml-email-missing"),
    ({"attributes": {"mail": "ada@elsewhere.org"}}, "saml-email-elsewhere"),
    ({"attributes": {"mail": "new@example.org"}}, "saml-not-invited"),
]


@needs_xmlsec
async def test_a_signature_that_does_not_hold_opens_nothing_and_is_written_down(abroad: Abroad) -> None:
    house = abroad.house
    async with house.browser() as ada, house.browser() as other:
        await house.found(ada)
        way = await abroad.set_up(ada)
        for mangle in (MANGLED[0], MANGLED[3]):
            xml = await abroad.sign(await abroad.out(other, way))
            assert mangle(xml) != xml
            assert refusal(await abroad.back(other, way, mangle(xml))) == "saml-answer-refused"
        assert refusal(await abroad.whole(other, way, key="strange")) == "saml-answer-refused"
        assert (await other.get("/v1/self")).status_code == 401
        (told,) = await house.told("audit.refused")  # the same again is written once a minute
        assert (told.data["refusal"], told.data["on"]) == ("saml-answer-refused", f"saml-providers/{way['id']}")


@needs_xmlsec
@pytest.mark.prove  # all but the signatures is shown by tests/unit/people/test_saml_answers.py
async def test_what_is_forged_wrapped_or_not_for_us_opens_nothing(abroad: Abroad) -> None:
    house = abroad.house
    async with house.browser() as ada, house.browser() as other:
        await house.found(ada)
        way, second = await abroad.set_up(ada), await abroad.set_up(ada, name="Another")
        for n, mangle in enumerate(MANGLED):
            xml = await abroad.sign(await abroad.out(other, way))
            assert mangle(xml) != xml, n
            answer = await abroad.back(other, way, mangle(xml))
            assert (answer.status_code, refusal(answer)) == (400, "saml-answer-refused"), n
        for said, code in [*WRONG, ({"audience": second["our_entity_id"]}, "saml-answer-refused")]:
            answer = await abroad.whole(other, way, **said)
            assert refusal(answer) == code, said
        for rubbish in ("", "x", "é", base64.b64encode(b"\xff").decode(), base64.b64encode(b"<a/>").decode()):
            where = urlsplit(way["acs"]).path.replace("/acs", "/answer")
            unasked = await other.post(where, data={"SAMLResponse": rubbish}, headers=HERE)
            assert refusal(unasked) == "saml-state-refused"  # it is not even read
            await abroad.out(other, way)
            answer = await other.post(where, data={"SAMLResponse": rubbish}, headers=HERE)
            assert refusal(answer) == "saml-answer-refused"
        late = await abroad.whole(other, way, ago=13 * 3600)
        anew = f"{urlsplit(way['begin']).path}?anew=true"
        assert f'href="{anew}"' in late.text
        assert (await abroad.told(await abroad.out(other, way, anew)))["force"] == "true"
        assert (await other.get("/v1/self")).status_code == 401
        assert await house.told("person.saml_linked") == []


@needs_xmlsec
@pytest.mark.prove
async def test_the_lasting_name_is_who_it_is_and_not_the_address(abroad: Abroad) -> None:
    house = abroad.house
    async with house.browser() as ada, house.browser() as other, house.browser() as third:
        await house.found(ada)
        shy = await abroad.set_up(ada, trusts_email=False)
        assert refusal(await abroad.whole(other, shy)) == "saml-email-unverified"
        way = await abroad.set_up(ada, role="resident")
        bo = {"mail": "bo@example.org"}
        assert (await abroad.whole(other, way, sub="bo", attributes=bo)).status_code == 200
        me = (await other.get("/v1/self")).json()
        assert me["roles"] == [{"role": "resident", "site": None}]
        assert refusal(await abroad.whole(third, way, sub="bo-2", attributes=bo)) == "saml-somebody-else"
        await abroad.whole(third, way, sub="bo", attributes={"mail": "ada@example.org"})
        assert (await third.get("/v1/self")).json() == me
        async with house.parts.db.transaction(house.tenant) as tx:
            held = (await people.memberships(tx))[UUID(me["person"])]
            assert [row.source for row in held] == [f"saml:{way['id']}"]
            assert await people.move_out(tx, UUID(me["person"]), by="test", why="hand")
        assert refusal(await abroad.whole(third, way, sub="bo")) == "saml-no-role"


@needs_xmlsec
async def test_a_fresh_sign_in_over_there_is_a_proof_where_that_is_said(abroad: Abroad) -> None:
    house = abroad.house
    async with house.browser() as ada, house.browser() as other:
        await house.found(ada)
        way = await abroad.set_up(ada, proves=True, acr=MFA)
        await abroad.whole(other, way)
        assert (await other.post("/v1/people", json=BORG, headers=house.once())).json()["code"] == "step-up-needed"
        path = f"/prove/with/{way['id']}"
        assert f'href="{path}?next=/people"' in (await other.get("/prove?next=/people")).text
        told = await abroad.told(await abroad.out(other, way, path), acr=MFA, ago=900)
        assert told["force"] == "true"
        assert refusal(await abroad.back(other, way, told["answer"])) == "saml-not-fresh"
        somebody = await abroad.sign(await abroad.out(other, way, path), sub="x", attributes={"mail": "x@example.org"})
        assert refusal(await abroad.back(other, way, somebody)) == "saml-not-invited"
        good = await abroad.sign(await abroad.out(other, way, path), acr=MFA, ago=200)
        page = await abroad.back(other, way, good)
        assert (page.status_code, 'content="0;url=/walls"' in page.text) == (200, True)
        assert (await other.post("/v1/people", json=BORG, headers=house.once())).status_code == 201
        house.clock.pass_by(minutes=3)  # it counts from when it was over there
        assert (await other.post("/v1/people", json=BORG, headers=house.once())).json()["code"] == "step-up-needed"


@needs_xmlsec
async def test_a_session_ends_with_the_sign_in_over_there(abroad: Abroad) -> None:
    house = abroad.house
    async with house.browser() as ada, house.browser() as other:
        await house.found(ada)
        way = await abroad.set_up(ada)
        earlier = await abroad.whole(other, way, ago=11 * 3600)
        assert earlier.status_code == 200, earlier.text
        (session,) = [one for one in (await ada.get("/v1/sessions")).json()["items"] if one["how"] == "saml"]
        left = datetime.fromisoformat(session["until"]) - house.clock.now()
        assert abs(left.total_seconds() - 3600) < 60


@needs_xmlsec
@pytest.mark.prove
async def test_another_tenant_s_provider_lets_nobody_in_here(abroad: Abroad) -> None:
    house = abroad.house
    async with house.parts.db.transaction() as tx:
        there, _ = await tenants.add_tenant(tx, "Elsewhere")
    here = house.tenant
    async with house.browser() as ada, house.browser() as eve, house.browser() as other:
        await house.found(ada)
        way = await abroad.set_up(ada)
        house.tenant = there.tenant
        await house.found(eve)  # the same name and address, in another house
        theirs = await abroad.set_up(eve)
        assert (await eve.get(f"/v1/saml-providers/{way['id']}")).status_code == 404
        assert [one["id"] for one in (await eve.get("/v1/saml-providers")).json()["items"]] == [theirs["id"]]
        # What their organisation says is about theirs, though both are known to the same provider there.
        xml = await abroad.sign(await abroad.out(other, theirs))
        assert refusal(await abroad.back(other, way, xml)) == "saml-state-refused"
        assert (await abroad.whole(other, theirs)).status_code == 200
        assert (await other.get("/v1/self")).json()["person"] == (await eve.get("/v1/self")).json()["person"]
        house.tenant = here
        assert await house.told("person.saml_linked") == []
        found = (await other.post("/sign-in/organisation", data={"email": "x@example.org"})).text
        assert all(f'href="/sign-in/with/{one["id"]}"' in found for one in (way, theirs))


@asynccontextmanager
async def served(house: House) -> AsyncIterator[str]:
    """The house at an address of its own, for a browser that knows of cookies and sites."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    house.parts = replace(house.parts, url=url)
    house.app = join(house.parts)
    server = uvicorn.Server(uvicorn.Config(house.app, port=port, log_level="error", lifespan="off"))
    task = asyncio.create_task(server.serve())
    for _ in range(200):
        if server.started:
            break
        await asyncio.sleep(0.05)
    yield url
    server.should_exit = True
    await task


@needs_xmlsec
@pytest.mark.prove
@needs_chromium
async def test_a_browser_comes_back_from_another_site(abroad: Abroad) -> None:
    """The other site's form brings none of our cookies, which is what the page in between is for."""
    house = abroad.house
    async with served(house) as here, async_playwright() as tools:
        async with house.browser() as ada:
            await house.found(ada)
            way = await abroad.set_up(ada)
        httpx2.put(f"{abroad.url}/next", json={"attributes": MAIL, "relay": EVIL})
        chromium = await tools.chromium.launch(**LAUNCH)
        page = await chromium.new_page()
        await page.goto(f"{here}/sign-in/organisation")
        await page.get_by_label("E-mail address").fill("ada@example.org")
        await page.get_by_role("button", name="Go on").click()
        await page.get_by_role("link", name="Example University").click()
        await expect(page).to_have_url(f"{here}/walls")
        plain = await chromium.new_context(java_script_enabled=False)
        page = await plain.new_page()
        await page.goto(way["begin"])
        assert page.url.startswith(f"{abroad.url}/sso")
        await page.get_by_role("button", name="On").click()
        await page.get_by_role("button", name="Go on").click()
        await expect(page).to_have_url(f"{here}/walls")
        await chromium.close()
