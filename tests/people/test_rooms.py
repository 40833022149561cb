"""The pages on which admins bring people in by a list, set organisations and groups up, and deal with one person's
data: over the real pages on a real database."""

import json
import re
from dataclasses import replace
from html import unescape
from uuid import UUID

import httpx2
import pytest

from cranny import people
from cranny.platform import tenants
from cranny.platform.permissions import Role
from cranny.wiring.serving import join
from tests.people.house import BORG, House
from tests.people.test_lists import everybody
from tests.people.test_oidc import Abroad, abroad, provider

__all__ = ["abroad", "provider"]
"""Fixtures."""

STAFF = "email,name,role\nborg@example.org,Borg,operator\ncleo@example.org,Cleo,clerk\n"
LIST = {"name": "staff", "role": "", "site": ""}


async def look(client: httpx2.AsyncClient, text: str, **fields: str) -> str:
    file = {"file": ("staff.csv", text.encode(), "text/csv")}
    answer = await client.post("/people/imports", data={**LIST, **fields}, files=file)
    assert answer.status_code == 200, answer.text
    return unescape(answer.text)


def hidden(page: str) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page))


async def do(client: httpx2.AsyncClient, page: str) -> str:
    """Press the button."""
    parts = {name: (None, value) for name, value in hidden(page).items()}
    return unescape((await client.post("/people/imports", files=parts)).text)  # type: ignore[arg-type]


async def test_a_list_is_looked_at_mended_and_then_followed(house: House) -> None:
    async with house.browser() as ada:
        await house.found(ada)
        assert 'href="/people/imports"' in (await ada.get("/people")).text
        wrong = await look(ada, STAFF.replace("borg@", "borg").replace("clerk", "cook"))
        assert "2 mistakes: nothing will be done" in wrong
        rows = re.findall(r'<tr><td class="num">(\d+)</td><td>(\w+)</td><td>(.+?)</td>', wrong)
        assert [row[:2] for row in rows] == [("2", "email"), ("3", "role")]
        assert rows[1][2] == "There is no such role."
        assert "kept" not in hidden(wrong)
        seen = await look(ada, STAFF, invite="1")
        assert (hidden(seen)["name"], "What would be done" in seen) == ("staff", True)
        assert list(await everybody(house)) == ["ada@example.org"]
        done = await do(ada, seen)
        assert "What was done" in done
        assert "kept" not in hidden(done)
        assert (await everybody(house))["cleo@example.org"] == ["clerk"]
        assert len(await house.told("person.invited")) == 2
        gone = await look(ada, STAFF.replace("cleo@example.org,Cleo,clerk\n", ""), full="1")
        assert hidden(gone)["ending"] == "1"
        await do(ada, gone)
        assert list(await everybody(house)) == ["ada@example.org", "borg@example.org"]
        assert [event.data["does"] for event in await house.told("audit.import_list")] == ["POST /people/imports"] * 5


@pytest.mark.parametrize(
    ("fields", "text", "said"),
    [
        ({}, "", "Choose a file first"),
        ({"name": "Staff!"}, STAFF, "small letters, digits and dashes"),
        ({}, "colour\nblue\n", "must name the columns"),
        ({"role": "king"}, STAFF, "That did not fit"),
        ({"site": "nowhere"}, STAFF, "That did not fit"),
        ({"kept": "%%%"}, "", "Choose a file first"),
    ],
)
async def test_what_can_not_be_a_list_is_said_in_a_sentence(
    house: House, fields: dict[str, str], text: str, said: str
) -> None:
    async with house.browser() as ada:
        await house.found(ada)
        assert said in await look(ada, text, **fields)
        house.clock.pass_by(minutes=6)
        stale = await ada.get("/people/imports")
        assert stale.headers["location"] == "/prove?next=%2Fpeople%2Fimports"


async def test_a_file_that_is_too_long_is_told_at_the_first_look(house: House) -> None:
    """Coded for the way back it is longer than a form may be: a look that worked would lead nowhere."""
    head, line = "email,name,role\n", "borg@example.org,Borg,operator\n"
    most = head + line + "#" * (people.LIST_MOST_BYTES - len(head) - len(line))
    async with house.browser() as ada:
        await house.found(ada)
        for text, said in ((most + "#", True), (most, False)):
            assert ("up to 20,000 lines and 8 MiB" in await look(ada, text)) is said


async def test_an_organisation_is_added_and_switched_off(abroad: Abroad) -> None:
    house = abroad.house
    form = {
        "name": "Example University",
        "issuer": abroad.url,
        "client_id": "cranny",
        "domains": "example.org, b.example",
    }
    async with house.browser() as ada, house.browser() as other:
        await house.found(ada)
        made = await ada.post("/organisations", data={**form, "role": "resident", "secret": "s3cret", "proves": "1"})
        assert made.headers["location"] == "/organisations"
        page = (await ada.get("/organisations")).text
        assert ("b.example" in page, "Resident" in page, "s3cret" in page) == (True, True, False)
        (way,) = (await ada.get("/v1/sign-in-providers")).json()["items"]
        assert way["redirect_uri"] in page
        assert (await abroad.whole(other, way, "u-9", email="new@example.org", email_verified=True)).status_code == 200
        for change, said in (
            ({"issuer": "ftp://x"}, "be asked: it has to be an https address"),
            ({"domains": "no domain at all!"}, "This is no domain"),
            ({"name": ""}, "That did not fit"),
        ):
            no = unescape((await ada.post("/organisations", data={**form, "secret": "s3cret", **change})).text)
            assert said in no, change
            assert "s3cret" not in no
        assert len((await ada.get("/v1/sign-in-providers")).json()["items"]) == 1
        assert (await ada.post(f"/organisations/{way['id']}/off")).status_code == 303
        assert (await ada.get("/v1/sign-in-providers")).json()["items"] == []
        assert (await other.get(f"/sign-in/with/{way['id']}", headers={"Accept": "text/html"})).status_code == 404


async def test_a_group_stands_for_what_its_page_says(house: House) -> None:
    async with house.parts.db.transaction(house.tenant) as tx:
        key = (await tenants.add_key(tx, label="idp", scopes=["people:provision"]))[1]
    user = {"userName": "bo@example.org", "emails": [{"value": "bo@example.org", "primary": True}]}
    schema = "urn:ietf:params:scim:schemas:core:2.0:"
    async with house.browser() as ada, house.browser(key) as idp:
        await house.found(ada)
        bo = (await idp.post("/scim/v2/Users", json={"schemas": [f"{schema}User"], **user})).json()["id"]
        crew = {"schemas": [f"{schema}Group"], "displayName": "Crew", "members": [{"value": bo}]}
        group = (await idp.post("/scim/v2/Groups", json=crew)).json()["id"]
        page = (await ada.get("/groups")).text
        assert ("Crew" in page, "1 member" in page) == (True, True)
        assert (await ada.post(f"/groups/{group}", data={"role": "technician", "site": ""})).status_code == 303
        assert (await everybody(house))["bo@example.org"] == ["technician"]
        assert "did not fit" in (await ada.post(f"/groups/{group}", data={"role": "king"})).text
        assert (
            "did not fit" in (await ada.post(f"/groups/{group}", data={"role": "clerk", "site": str(UUID(int=7))})).text
        )
        assert (await ada.post(f"/groups/{group}", data={"role": ""})).status_code == 303
        assert "bo@example.org" not in await everybody(house)


async def test_without_the_extra_the_page_of_groups_says_so(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people, "scim_groups", lambda: None)
    async with house.browser() as ada:
        await house.found(ada)
        assert "does not speak SCIM" in (await ada.get("/groups")).text


async def _known(house: House) -> UUID:
    async with house.parts.db.transaction(house.tenant) as tx:
        return await people.remember(tx, people.Contact("Dora", "dora@example.org", "+420601234567"))


async def test_one_persons_data_is_found_handed_out_and_erased(house: House) -> None:
    dora = await _known(house)
    async with house.browser() as ada:
        await house.found(ada)
        nobody = await ada.post("/privacy/find", data={"address": "nobody@example.org"})
        assert "Nobody is known by this" in nobody.text
        assert "neither an e-mail address nor" in (await ada.post("/privacy/find", data={"address": "12"})).text
        for address in (" DORA@example.org", "+420 601 234 567"):
            found = await ada.post("/privacy/find", data={"address": address})
            assert found.headers["location"] == f"/privacy/people/{dora}"
        assert "Dora" in (await ada.get(f"/privacy/people/{dora}")).text
        (read,) = await house.told("audit.show_person")
        assert read.data["on"] == f"/privacy/people/{dora}"
        file = await ada.post(f"/privacy/people/{dora}/export")
        assert file.headers["content-disposition"] == f'attachment; filename="person-{dora}.json"'
        assert json.loads(file.content)["sections"]["person"]["data"]["email"] == "dora@example.org"
        assert len(await house.told("person.exported")) == 1
        gone = await ada.post(f"/privacy/people/{dora}/erase", data={"why": "asked"})
        assert gone.headers["location"] == "/privacy?said=erased"
        assert "is gone" in (await ada.get("/privacy?said=erased")).text
        assert (await ada.get(f"/privacy/people/{dora}", headers={"Accept": "text/html"})).status_code == 404


async def test_who_is_still_needed_is_not_erased_and_everybody_has_their_own(house: House) -> None:
    async with house.browser() as ada, house.browser() as borg:
        await house.found(ada)
        person = (await ada.post("/v1/people", json=BORG, headers=house.once())).json()["id"]
        no = await ada.post(f"/privacy/people/{person}/erase", data={"why": "asked"})
        assert ("be erased yet" in unescape(no.text), "still operator" in no.text) == (True, True)
        await house.come_in(borg, "borg@example.org")
        me = (await borg.get("/v1/self")).json()["person"]
        assert f"/privacy/people/{me}" in (await borg.get("/me")).text
        own = (await borg.get(f"/privacy/people/{me}")).text
        assert ("/export" in own, "/erase" in own) == (True, False)
        assert json.loads((await borg.post(f"/privacy/people/{me}/export")).content)["person"] == me
        ada_ = (await ada.get("/v1/self")).json()["person"]
        assert (await borg.get(f"/privacy/people/{ada_}")).status_code == 403
        assert (await borg.post("/privacy/find", data={"address": "ada@example.org"})).status_code == 403


async def test_how_long_what_is_kept_is_set_on_its_page(house: House) -> None:
    async with house.browser() as ada:
        await house.found(ada)
        days = dict(re.findall(r'name="(\w+)" min="\d+" max="\d+" value="(\d+)"', (await ada.get("/privacy")).text))
        known = (await ada.get("/v1/privacy")).json()["retention"]
        assert days == {one["kind"]: str(one["days"]) for one in known}
        saved = await ada.post("/privacy", data={**days, "contacts": "14", "ask": "1"})
        assert saved.headers["location"] == "/privacy?said=saved"
        now = (await ada.get("/v1/privacy")).json()
        assert (now["ask"], {one["kind"]: one["days"] for one in now["retention"]}["contacts"]) == (True, 14)
        for bad in ("0", "-1", "99999", "many"):
            assert "out of its bounds" in (await ada.post("/privacy", data={**days, "contacts": bad})).text


async def test_the_rooms_are_shown_to_whom_they_are_for(house: House) -> None:
    house.app = join(replace(house.parts))
    async with house.browser() as ada, house.browser() as auditor:
        await house.found(ada)
        await ada.post("/v1/people", json={**BORG, "roles": [{"role": Role.AUDITOR}]}, headers=house.once())
        await house.come_in(auditor, "borg@example.org")
        page = (await auditor.get("/people")).text
        shown = {"/people/imports", "/organisations", "/groups", "/privacy"} & set(re.findall(r'href="([^"]+)"', page))
        assert shown == {"/organisations", "/groups", "/privacy"}
        for path in shown:
            body = (await auditor.get(path)).text
            assert '<button class="btn main">' not in body, path
        assert (await auditor.get("/people/imports")).status_code == 403
        assert (await auditor.post("/privacy", data={"contacts": "14"})).status_code == 403
