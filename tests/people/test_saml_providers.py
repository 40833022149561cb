"""The providers of sign-in by SAML, as admins keep them: their page, their certificates, what does not fit."""

import re
from html import unescape
from pathlib import Path
from uuid import UUID

import pytest

from cranny.people.saml import engine
from tests.people.house import House
from tests.people.saml_abroad import Abroad, needs_xmlsec, refusal

pytest.importorskip("saml2", reason="the extra cranny[saml] is not installed: nothing of SAML is tried")
pytestmark = pytest.mark.xdist_group("saml")


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
async def test_it_is_added_on_the_page(abroad: Abroad) -> None:
    house = abroad.house
    form = {"name": "Example University", "metadata": abroad.metadata(), "domains": "example.org, b.example"}
    async with house.browser() as ada, house.browser() as other:
        await house.found(ada)
        for change, said in (
            ({"metadata": "<a/>"}, "This is no metadata that people can sign in with"),
            ({"metadata": ""}, "That did not fit"),
            ({"domains": "no domain at all!"}, "This is no domain"),
        ):
            no = unescape((await ada.post("/organisations/saml", data={**form, **change})).text)
            assert (said in no, "Example University" in no, "None yet" in no) == (True, True, True), change
        made = await ada.post("/organisations/saml", data={**form, "role": "resident", "trusts_email": "1"})
        assert (made.status_code, made.headers["location"]) == (303, "/organisations")
        (way,) = (await ada.get("/v1/saml-providers")).json()["items"]
        assert (way["domains"], way["role"], way["proves"]) == (["b.example", "example.org"], "resident", False)
        assert way["acs"] in (await ada.get("/organisations")).text
        await abroad.introduce(ada, way)
        assert (await abroad.whole(other, way)).status_code == 200
        house.clock.pass_by(minutes=6)
        stale = await ada.post("/organisations/saml", data=form)
        assert stale.headers["location"].startswith("/prove")


@needs_xmlsec
async def test_a_program_that_does_not_end_is_not_waited_for(
    abroad: Abroad, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    house, over = abroad.house, tmp_path / "over"
    slow = tmp_path / "xmlsec1-slow"
    slow.write_text(f'#!/bin/sh\nwhile ! [ -e "{over}" ]; do sleep 0.1; done\nexit 1\n')
    slow.chmod(0o755)
    async with house.browser() as ada, house.browser() as other:
        await house.found(ada)
        way = await abroad.set_up(ada)
        xml = await abroad.sign(await abroad.out(other, way))
        monkeypatch.setattr(engine, "PROGRAM", str(slow))
        monkeypatch.setattr(engine, "PATIENCE_S", 0.5)
        busy = await abroad.back(other, way, xml)
        over.touch()
        assert (busy.status_code, refusal(busy)) == (503, "saml-busy")
        monkeypatch.undo()
        assert (await abroad.whole(other, way)).status_code == 200


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
