"""Signing in by SAML: pysaml2's own identity provider in a process of its own, over HTTP, and the real pages."""

import asyncio
import base64
import re
import shutil
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import httpx2
import pytest
import uvicorn
from playwright.async_api import async_playwright, expect

from cranny import people
from cranny.core.clock import SystemClock
from cranny.people.saml import engine
from cranny.platform import tenants
from cranny.wiring.serving import join
from tests.journeys.house import free_port
from tests.people.house import House
from tests.people.saml_abroad import HERE, MAIL, Abroad
from tests.people.saml_forgeries import MANGLED

pytest.importorskip("saml2", reason="the extra cranny[saml] is not installed: nothing of SAML is tried")
needs_xmlsec = pytest.mark.skipif(
    shutil.which("xmlsec1") is None, reason="no xmlsec1 here (apt install xmlsec1): signing in by SAML is not tried"
)
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
BORG = {"email": "borg@example.org", "roles": [{"role": "clerk"}]}
MFA = "https://refeds.org/profile/mfa"
EVIL = "https://evil.example/"


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    port, program = free_port(), Path(__file__).with_name("saml_idp.py")
    folder = tmp_path_factory.mktemp("idp")
    command = [sys.executable, "-W", "ignore", str(program), str(port), str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603 - our own list
    url = f"http://localhost:{port}"
    try:
        for _ in range(600):
            try:
                httpx2.get(f"{url}/metadata", timeout=20).raise_for_status()
                break
            except httpx2.HTTPError:
                assert process.poll() is None
                time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture
def abroad(house: House, provider: str) -> Abroad:
    house.clock.moment = SystemClock().now()  # the other organisation's clock is the machine's
    house.parts = replace(house.parts, sign_in_inside=("127.0.0.0/8", "::1/128"))
    house.app = join(house.parts)
    return Abroad(house, provider)


def refusal(answer: httpx2.Response) -> str:
    found = re.search(r"say: ([a-z-]+),", answer.text)
    return found[1] if found else ""


@needs_xmlsec
async def test_the_page_lists_it_and_switches_it_off(abroad: Abroad) -> None:
    house = abroad.house
    async with house.browser() as ada, house.browser() as other:
        await house.found(ada)
        assert "None yet" in (await ada.get("/organisations")).text
        way = await abroad.set_up(ada, role="resident")
        page = (await ada.get("/organisations")).text
        assert "None yet" not in page
        shown = ("1 organisation<", "Example University", way["entity_id"], way["acs"], way["our_entity_id"])
        assert [text for text in shown if text not in page] == []
        assert ("example.org ·" in page, "Resident" in page) == (True, True)
        off = f"/organisations/saml/{way['id']}/off"
        assert f'action="{off}"' in page
        assert (await other.post(off)).status_code == 302
        assert (await ada.post(off)).status_code == 303
        assert "None yet" in (await ada.get("/organisations")).text
        assert (await ada.post(off)).status_code == 404


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
async def test_one_certificate_goes_and_another_comes(abroad: Abroad) -> None:
    house = abroad.house
    async with house.browser() as ada, house.browser() as other:
        await house.found(ada)
        way = await abroad.set_up(ada)
        assert refusal(await abroad.whole(other, way, key="two")) == "saml-answer-refused"
        old, new = abroad.metadata("one"), abroad.metadata("two")
        key = re.compile(r"<(\w+):KeyDescriptor.*?</\1:KeyDescriptor>", re.DOTALL)
        both = key.sub(lambda found: found[0] + key.search(new)[0], old, count=1)  # type: ignore[index]
        body = {"name": "U", "domains": ["example.org"], "trusts_email": True, "metadata": both}
        url = f"/v1/saml-providers/{way['id']}"
        put = await ada.put(url, json=body, headers={"If-Match": (await ada.get(url)).headers["etag"]})
        assert (put.status_code, len(put.json()["certificates"])) == (200, 2), put.text
        for name in ("one", "two"):
            assert (await abroad.whole(other, way, key=name)).status_code == 200
        await ada.put(url, json=body | {"metadata": new})
        assert refusal(await abroad.whole(other, way, key="one")) == "saml-answer-refused"
        moved = new.replace(f"{abroad.url}/metadata", "urn:another")
        assert (await ada.put(url, json=body | {"metadata": moved})).json()["code"] == "entity-fixed"
        kept = await ada.put(url, json={"name": "V", "domains": ["x.org"]})
        assert (kept.status_code, len(kept.json()["certificates"])) == (200, 1)
        assert (await ada.put(url, json=body, headers={"If-Match": '"old"'})).status_code == 412


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


@needs_xmlsec
async def test_providers_are_kept_by_admins(abroad: Abroad) -> None:
    house = abroad.house
    async with house.browser() as ada, house.browser() as other:
        await house.found(ada)
        way = await abroad.set_up(ada)
        good = abroad.metadata()
        body = {"name": "X", "domains": ["example.org"], "metadata": good}
        for change, code in [
            ({"metadata": "<a/>"}, "metadata-invalid"),
            ({"metadata": f"<!DOCTYPE a [<!ENTITY b 'c'>]>{good.partition('?>')[2]}"}, "metadata-invalid"),
            ({"metadata": good.replace(f"{abroad.url}/sso", "javascript:alert(1)")}, "metadata-invalid"),
            ({"metadata": good.replace("bindings:HTTP-Redirect", "bindings:HTTP-POST")}, "metadata-invalid"),
            ({"domains": ["not a domain"]}, "domain-invalid"),
            ({"role": "admin"}, "role-refused"),
            ({"site": str(UUID(int=7))}, "site-not-found"),
        ]:
            answer = await ada.post("/v1/saml-providers", json={**body, **change}, headers=house.once())
            assert answer.json()["code"] == code, answer.text
        once = house.once()
        every = [await ada.post("/v1/saml-providers", json=body, headers=once) for _ in range(3)]
        assert {(one.status_code, one.text) for one in every} == {(201, every[0].text)}
        for id_ in (way["id"], every[0].json()["id"]):
            assert (await ada.delete(f"/v1/saml-providers/{id_}")).status_code == 204
        for path in (f"/sign-in/with/{way['id']}", f"/sign-in/with/{way['id']}/metadata"):
            assert (await other.get(path)).status_code == 404
        assert "No organisation" in (await other.post("/sign-in/organisation", data={"email": "a@example.org"})).text


async def test_without_the_program_or_the_extra_it_is_said_what_to_do(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = {"name": "X", "domains": ["example.org"], "metadata": "<x/>"}
    async with house.browser() as ada:
        await house.found(ada)
        monkeypatch.setattr(engine, "PROGRAM", "xmlsec-that-is-not-there")
        answer = await ada.post("/v1/saml-providers", json=body, headers=house.once())
        assert (answer.status_code, answer.json()["code"]) == (409, "saml-program-missing")
        assert "apt install" in answer.json()["detail"]
        monkeypatch.setattr(engine, "find_spec", lambda _: None)
        answer = await ada.post("/v1/saml-providers", json=body, headers=house.once())
        assert answer.json()["code"] == "saml-not-installed"
        assert "cranny[saml]" in answer.json()["detail"]


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
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: on Debian install the package chromium")
async def test_a_browser_comes_back_from_another_site(abroad: Abroad) -> None:
    """The other site's form brings none of our cookies, which is what the page in between is for."""
    house = abroad.house
    async with served(house) as here, async_playwright() as tools:
        async with house.browser() as ada:
            await house.found(ada)
            way = await abroad.set_up(ada)
        httpx2.put(f"{abroad.url}/next", json={"attributes": MAIL, "relay": EVIL})
        chromium = await tools.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
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
