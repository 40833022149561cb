"""How somebody gets in and out: founding, invitations, links, roles, sessions, codes of an app, over the real pages and
the real API on a real database, with a clock that is put forward by hand."""

import asyncio
import re
from uuid import UUID

import pyotp

from cranny import people, sites
from cranny.people.inviting import MOST_AN_HOUR
from cranny.platform import log
from cranny.platform.permissions import Role
from tests.people import house as home
from tests.people.house import ADA, BANK, BORG, House, by_link

house = home.house
"""For the stories that take it from here."""


async def test_the_first_admin_comes_by_a_link_that_works_once(house: House) -> None:
    async with house.parts.db.transaction(house.tenant) as tx:
        token = await people.make_link(tx, people.FOUNDING, tx.tenant)
    async with house.browser() as client:
        assert "Become the admin" in (await client.get("/welcome")).text
        wrong = await client.post("/welcome/found", data={**ADA, "token": token, "email": "ada"})
        assert "This is no e-mail address" in wrong.text
        assert (await client.post("/welcome/found", data={**ADA, "token": token})).status_code == 303
        assert (await client.get("/v1/self")).json()["roles"] == [{"role": "admin", "site": None}]
        page = (await client.get("/me")).text
        assert "Firefox, Linux" in page
        assert "as the first admin" in page
    async with house.browser() as stranger:
        assert "used already" in (await stranger.post("/welcome/found", data={**ADA, "token": token})).text
        assert (await stranger.get("/me")).status_code == 302
    assert [event.data["role"] for event in await house.told("person.role_given")] == ["admin"]


async def test_an_invitation_lets_its_mailbox_in_and_nobody_else(house: House) -> None:
    async with house.browser() as ada, house.browser() as borg:
        await house.found(ada)
        once = house.once()
        every = await asyncio.gather(*(ada.post("/v1/people", json=BORG, headers=once) for _ in range(20)))
        made = every[0]
        assert {(answer.status_code, answer.text) for answer in every} == {(201, made.text)}
        assert len(await house.told("person.invited")) == 1
        assert "sign-in" not in made.text
        token = await house.link("borg@example.org")
        assert house.box.to("borg@example.org")[-1].message["Subject"] == "Sie sind eingeladen: Reading Room"
        assert "Open the wall" in (await borg.get("/link")).text
        assert (await by_link(borg, token)).headers["location"] == "/walls"
        assert "used already" in (await by_link(ada, token)).text
        assert (await borg.get("/v1/self")).json()["roles"] == [{"role": "operator", "site": None}]
        assert (await borg.get("/people")).status_code == 403
        assert "None of your roles allows this" in (await borg.get("/people", headers={"Accept": "text/html"})).text
        listed = (await ada.get("/v1/people")).json()["items"]
        assert [(one["email"], [role["role"] for role in one["roles"]]) for one in listed] == [
            ("ada@example.org", ["admin"]),
            ("borg@example.org", ["operator"]),
        ]
        assert (await borg.get(f"/v1/people/{made.json()['id']}")).json()["name"] == "Borg"


async def test_a_link_to_ones_mailbox_and_nothing_of_who_is_known(house: House) -> None:
    async with house.browser() as ada, house.browser() as client:
        await house.found(ada)
        said = [
            (await client.post("/sign-in/mail", data={"email": email})).text
            for email in ("ADA@example.org", "nobody@example.org")
        ]
        assert said[0] == said[1]
        assert "a link is on its way" in said[0]
        assert "This is no e-mail address" in (await client.post("/sign-in/mail", data={"email": "x"})).text
        token = await house.link("ada@example.org")
        assert house.box.to("nobody@example.org") == []
        house.clock.pass_by(minutes=16)
        assert "too old" in (await by_link(client, token)).text
        for _ in range(MOST_AN_HOUR + 3):
            await client.post("/sign-in/mail", data={"email": "ada@example.org"})
        await house.send()
        assert len(house.box.to("ada@example.org")) == MOST_AN_HOUR
        assert (await house.come_in(client, "ada@example.org")).status_code == 303
        assert len((await client.get("/v1/sessions")).json()["items"]) == 2
    secrets = [token, "ada@example.org"]
    async with house.parts.db.transaction(house.tenant) as tx:
        everything = str([event.data for event in await log.read(tx, 0, 1000)])
    queued = str(await house.parts.db.pool.fetch("SELECT payload FROM pgqueuer"))
    assert not any(secret in everything + queued for secret in secrets)


async def test_a_link_in_a_mail_is_good_for_ten_minutes(house: House) -> None:
    async with house.browser() as ada, house.browser() as client:
        await house.found(ada)
        for after, status, says in (({"minutes": 9, "seconds": 59}, 303, ""), ({"minutes": 10}, 200, "too old")):
            await client.post("/sign-in/mail", data={"email": "ada@example.org"})
            token = await house.link("ada@example.org")
            house.clock.pass_by(**after)
            answer = await by_link(client, token)
            assert (answer.status_code, says in answer.text) == (status, True)


async def test_who_has_no_role_left_is_out_at_once_and_the_last_admin_stays(house: House) -> None:
    async with house.browser() as ada, house.browser() as borg:
        await house.found(ada)
        person = (await ada.post("/v1/people", json=BORG, headers=house.once())).json()["id"]
        await house.come_in(borg, "borg@example.org")
        assert (await borg.get("/walls")).status_code == 200
        me = (await ada.get("/v1/self")).json()["person"]
        last = await ada.put(f"/v1/people/{me}/roles", json={"roles": []})
        assert last.json()["code"] == "last-admin"
        assert (await ada.put(f"/v1/people/{person}/roles", json={"roles": []})).json()["roles"] == []
        assert (await borg.get("/walls")).status_code == 302
        assert (await borg.get("/v1/self")).status_code == 401
        nowhere = {"roles": [{"role": "clerk", "site": str(UUID(int=7))}]}
        assert (await ada.put(f"/v1/people/{person}/roles", json=nowhere)).json()["code"] == "site-not-found"


async def test_sessions_are_listed_and_ended_by_whose_they_are(house: House) -> None:
    async with house.browser() as ada, house.browser() as second, house.browser() as borg:
        await house.found(ada)
        await ada.post("/v1/people", json=BORG, headers=house.once())
        await house.come_in(borg, "borg@example.org")
        await ada.post("/sign-in/mail", data={"email": "ada@example.org"})
        await house.come_in(second, "ada@example.org")
        everybody = (await ada.get("/v1/sessions")).json()["items"]
        assert len(everybody) == 3
        (own,) = (await borg.get("/v1/sessions")).json()["items"]
        assert (own["own"], own["browser"], own["how"]) == (True, "Firefox, Linux", "link")
        theirs = next(one["id"] for one in everybody if one["own"])
        assert (await borg.delete(f"/v1/sessions/{theirs}")).json()["code"] == "not-yours"
        foreign = await borg.delete(f"/v1/sessions/{own['id']}", headers={"Sec-Fetch-Site": "cross-site"})
        assert foreign.json()["code"] == "foreign-origin"
        assert (await ada.post("/me/sessions/end-others")).status_code == 303
        assert (await second.get("/me")).status_code == 302
        assert (await ada.delete(f"/v1/sessions/{own['id']}")).status_code == 204
        assert (await borg.get("/me")).status_code == 302
        cookie = ada.cookies["cranny-session"]
        await ada.post("/sign-out")
        ada.cookies.set("cranny-session", cookie)
        assert (await ada.get("/me")).status_code == 302


async def test_powers_need_a_fresh_proof_and_a_code_of_an_app_is_one(house: House) -> None:
    async with house.browser() as ada:
        await house.found(ada)
        page = (await ada.post("/me/code/begin")).text
        secret = re.search(r'class="secret" dir="ltr">(\w+)<', page)[1]  # type: ignore[index]
        app = pyotp.TOTP(secret)
        assert "not the code" in (await ada.post("/me/code", data={"code": "000000"})).text
        assert (await ada.post("/me/code", data={"code": app.at(house.clock.now())})).status_code == 303
        house.clock.pass_by(minutes=6)
        stale = await ada.post("/v1/people", json=BORG, headers=house.once())
        assert stale.json()["code"] == "step-up-needed"
        led = await ada.get("/people")
        assert led.status_code == 200  # looking needs no proof
        form = await ada.post("/people", data={"email": "c@example.org", "role": "clerk"})
        assert form.headers["location"].startswith("/prove?next=")
        code = app.at(house.clock.now())
        assert "not the code" in (await ada.post("/prove/code", data={"code": "123456"})).text
        assert (await ada.post("/prove/code", data={"code": code, "next": "/people"})).headers["location"] == "/people"
        assert "not the code" in (await ada.post("/prove/code", data={"code": code})).text  # taken once
        assert (await ada.post("/v1/people", json=BORG, headers=house.once())).status_code == 201
        for _ in range(10):
            await ada.post("/prove/code", data={"code": "123456"})
        slow = await ada.post("/prove/code", data={"code": app.at(house.clock.now())})
        assert (slow.status_code, slow.json()["code"]) == (429, "too-many-requests")
        assert 0 < int(slow.headers["retry-after"]) <= 30
        for _ in range(10):
            house.clock.pass_by(seconds=31)
            await ada.post("/prove/code", data={"code": "123456"})
        house.clock.pass_by(seconds=31)
        assert "Too many wrong codes" in (await ada.post("/prove/code", data={"code": "123456"})).text


async def _two_sites(house: House) -> tuple[str, str]:
    async with house.parts.db.transaction(house.tenant) as tx:
        await sites.default_size_classes(tx)
        made = [await sites.add_bank(tx, sites.read_yaml(BANK.format(name=name))) for name in ("Near", "Far")]
    near, far = (str(bank.site) for bank in made)
    return near, far


async def test_an_admin_of_a_site_lets_people_into_that_site_and_no_other(house: House) -> None:
    async with house.browser() as ada, house.browser() as cleo:
        await house.found(ada)
        near, far = await _two_sites(house)
        local = {"email": "cleo@example.org", "roles": [{"role": "admin", "site": near}]}
        cleos = (await ada.post("/v1/people", json=local, headers=house.once())).json()["id"]
        elsewhere = {**BORG, "roles": [{"role": "clerk", "site": far}]}
        borgs = (await ada.post("/v1/people", json=elsewhere, headers=house.once())).json()["id"]
        assert (await house.come_in(cleo, "cleo@example.org")).status_code == 303

        new = {"email": "dora@example.org", "roles": [{"role": "technician", "site": near}]}
        dora = await cleo.post("/v1/people", json=new, headers=house.once())
        assert dora.status_code == 201
        for roles in ([{"role": "clerk", "site": far}], [{"role": "clerk"}], [*new["roles"], {"role": "admin"}]):
            no = await cleo.post("/v1/people", json={**new, "roles": roles}, headers=house.once())
            assert no.json()["code"] == "not-yours", roles
        listed = (await cleo.get("/v1/people")).json()["items"]
        assert [one["email"] for one in listed] == ["cleo@example.org", "dora@example.org"]
        assert (await cleo.get(f"/v1/people/{borgs}")).json()["code"] == "not-yours"
        no = await cleo.put(f"/v1/people/{borgs}/roles", json={"roles": new["roles"]})
        assert no.json()["code"] == "not-yours"

        both = {"roles": [{"role": "clerk", "site": near}, {"role": "clerk", "site": far}]}
        assert (await ada.put(f"/v1/people/{borgs}/roles", json=both)).status_code == 200
        seen = (await cleo.get(f"/v1/people/{borgs}")).json()["roles"]
        assert seen == [{"role": "clerk", "site": near}]
        assert (await cleo.put(f"/v1/people/{borgs}/roles", json={"roles": []})).json()["roles"] == []
        assert (await ada.get(f"/v1/people/{borgs}")).json()["roles"] == [{"role": "clerk", "site": far}]

        page = (await cleo.get("/people")).text
        assert "dora@example.org" in page
        assert "borg@example.org" not in page
        assert "Everywhere" not in page
        form = {"email": "eve@example.org", "role": "clerk"}
        assert "did not fit" in (await cleo.post("/people", data={**form, "site": far})).text
        assert (await cleo.post("/people", data={**form, "site": near})).status_code == 303
        taken = {"deed": "take", "role": "clerk", "site": far}
        assert "did not fit" in (await cleo.post(f"/people/{borgs}/roles", data=taken)).text
        own = await cleo.put(f"/v1/people/{cleos}/roles", json={"roles": [{"role": "admin"}]})
        assert own.json()["code"] == "not-yours"


async def test_who_asks_is_told_who_they_are(house: House) -> None:
    async with house.browser() as ada:
        await house.found(ada)
        async with house.parts.db.transaction(house.tenant) as tx:
            (admin,) = [id_ for id_, _ in await people.members(tx, after=UUID(int=0), limit=5)]
            assert {row.role for row in (await people.memberships(tx))[admin]} == {Role.ADMIN}
        who = (await ada.get("/v1/self")).json()
        assert (who["person"], who["key"]) == (str(admin), None)
    async with house.browser(house.key) as program:
        who = (await program.get("/v1/self")).json()
        assert who["person"] is None
        assert {role["role"] for role in who["roles"]} == {"operator", "integrator"}
