"""How somebody gets in and out: founding, invitations, links, roles, sessions, codes of an app, over the real pages and
the real API on a real database, with a clock that is put forward by hand."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID

import httpx2
import pyotp
import pytest

from cranny import outreach, people, sites
from cranny.core.ids import TimeIds
from cranny.core.rng import SeededRng
from cranny.outreach.sending import send_job
from cranny.people.inviting import MOST_AN_HOUR
from cranny.platform import jobs, log, reactions, sequencer, tenants
from cranny.platform.db import Database, open_pool
from cranny.platform.engines import PostgresAddress
from cranny.platform.feature import Parts
from cranny.platform.permissions import Role
from cranny.sim.mailbox import Mailbox, open_mailbox
from cranny.wiring.serving import join
from tests.outreach.conftest import Later, mailer
from tests.platform.conftest import parts as plain_parts

LINK = re.compile(r"http://here(/sign-in/[0-9a-f]{40})")
ADA = {"name": "Ada Example", "email": "ada@example.org"}
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
BANK = """name: {name}
timezone: Europe/Prague
site: {name}
towers:
  - name: A
    compartments:
      - {{label: A1, width: 380, height: 190, depth: 640, centre: 900, unit: 1, channel: 1}}
"""
BORG = {"email": "borg@example.org", "name": "Borg", "roles": [{"role": "operator"}], "language": "de"}


class House:
    """One tenant, its server in this very loop, and the mailboxes of everybody."""

    def __init__(self, parts: Parts, clock: Later, box: Mailbox, tenant: UUID, key: str) -> None:
        self.parts = parts
        self.clock = clock
        self.box = box
        self.tenant = tenant
        self.key = key
        self.app = join(parts)
        self.keys = 0

    @asynccontextmanager
    async def browser(self, key: str = "") -> AsyncIterator[httpx2.AsyncClient]:
        headers = {"User-Agent": FIREFOX} | ({"Authorization": f"Bearer {key}"} if key else {})
        transport = httpx2.ASGITransport(self.app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://server", headers=headers) as client:
            yield client

    async def found(self, client: httpx2.AsyncClient) -> None:
        async with self.parts.db.transaction(self.tenant) as tx:
            token = await people.make_link(tx, people.FOUNDING, tx.tenant)
        answer = await client.post(f"/welcome/{token}", data=ADA)
        assert (answer.status_code, answer.headers["location"]) == (303, "/me")

    async def send(self) -> None:
        """Let the log be followed, and what it asks for be sent."""
        await sequencer.sequence(self.parts.db, self.tenant)
        (reaction,) = outreach.FEATURE.reactions(self.parts)
        await reactions.advance(self.parts.db, reaction, self.tenant)
        handler = send_job(self.parts.keyring, {"email": mailer(self.box.port)})
        await jobs.Worker(self.parts.db, {outreach.SEND: handler}).drain()

    async def link(self, to: str) -> str:
        """The newest link in somebody's mailbox."""
        await self.send()
        text = self.box.to(to)[-1].message.get_body(("plain",)).get_content()
        found = LINK.search(text)
        assert found is not None, text
        return found[1]

    def once(self) -> dict[str, str]:
        self.keys += 1
        return {"Idempotency-Key": f"deed-{self.keys}"}

    async def told(self, type_: str) -> list[Any]:
        await sequencer.sequence(self.parts.db, self.tenant)
        async with self.parts.db.transaction(self.tenant) as tx:
            return [event for event in await log.read(tx, 0, 1000) if event.type == type_]


@pytest.fixture
async def house(database: PostgresAddress) -> AsyncIterator[House]:
    async def nobody_listens(_: str) -> None:
        pass

    pool = await open_pool(database.app_dsn, size=12)
    clock, rng = Later(), SeededRng(4)
    db = Database(pool, clock=clock, ids=TimeIds(clock, rng), rng=rng, poke=nobody_listens)
    async with db.transaction() as tx:
        tenant, key = await tenants.add_tenant(tx, "Reading Room")
    async with open_mailbox() as box:
        yield House(replace(plain_parts(db), url="http://here"), clock, box, tenant.tenant, key)
    await pool.close()


async def test_the_first_admin_comes_by_a_link_that_works_once(house: House) -> None:
    async with house.parts.db.transaction(house.tenant) as tx:
        token = await people.make_link(tx, people.FOUNDING, tx.tenant)
    async with house.browser() as client:
        assert "Become the admin" in (await client.get(f"/welcome/{token}")).text
        wrong = await client.post(f"/welcome/{token}", data={**ADA, "email": "ada"})
        assert "This is no e-mail address" in wrong.text
        assert (await client.post(f"/welcome/{token}", data=ADA)).status_code == 303
        assert (await client.get("/v1/self")).json()["roles"] == [{"role": "admin", "site": None}]
        page = (await client.get("/me")).text
        assert "Firefox, Linux" in page
        assert "as the first admin" in page
    async with house.browser() as stranger:
        assert "used already" in (await stranger.post(f"/welcome/{token}", data=ADA)).text
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
        path = await house.link("borg@example.org")
        assert house.box.to("borg@example.org")[-1].message["Subject"] == "Sie sind eingeladen: Reading Room"
        assert "Open the wall" in (await borg.get(path)).text
        assert (await borg.post(path)).headers["location"] == "/walls"
        assert "used already" in (await ada.post(path)).text
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
        path = await house.link("ada@example.org")
        assert house.box.to("nobody@example.org") == []
        house.clock.pass_by(minutes=16)
        assert "too old" in (await client.post(path)).text
        for _ in range(MOST_AN_HOUR + 3):
            await client.post("/sign-in/mail", data={"email": "ada@example.org"})
        await house.send()
        assert len(house.box.to("ada@example.org")) == MOST_AN_HOUR
        assert (await client.post(await house.link("ada@example.org"))).status_code == 303
        assert len((await client.get("/v1/sessions")).json()["items"]) == 2
    secrets = [path.rpartition("/")[2], "ada@example.org"]
    async with house.parts.db.transaction(house.tenant) as tx:
        everything = str([event.data for event in await log.read(tx, 0, 1000)])
    queued = str(await house.parts.db.pool.fetch("SELECT payload FROM pgqueuer"))
    assert not any(secret in everything + queued for secret in secrets)


async def test_who_has_no_role_left_is_out_at_once_and_the_last_admin_stays(house: House) -> None:
    async with house.browser() as ada, house.browser() as borg:
        await house.found(ada)
        person = (await ada.post("/v1/people", json=BORG, headers=house.once())).json()["id"]
        await borg.post(await house.link("borg@example.org"))
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
        await borg.post(await house.link("borg@example.org"))
        await ada.post("/sign-in/mail", data={"email": "ada@example.org"})
        await second.post(await house.link("ada@example.org"))
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


async def test_who_fails_to_show_who_they_are_is_in_the_log(house: House) -> None:
    async with house.browser() as ada, house.browser() as borg:
        await house.found(ada)
        secret = re.search(r'class="secret" dir="ltr">(\w+)<', (await ada.post("/me/code/begin")).text)[1]  # type: ignore[index]
        await ada.post("/me/code", data={"code": pyotp.TOTP(secret).at(house.clock.now())})
        await ada.post("/v1/people", json=BORG, headers=house.once())
        await ada.post("/prove/code", data={"code": "123456"})
        assert (await ada.post("/sign-in", data={"key": house.key})).status_code == 303
        await ada.post("/prove/key", data={"key": "crn_wrong"})
        assert (await borg.post(await house.link("borg@example.org"))).status_code == 303
        await borg.get("/people")
        await borg.post("/people", data={"email": "eve@example.org", "role": "admin"})
        house.clock.pass_by(minutes=6)
        await borg.post("/me/passkeys/begin")
    told = [
        (e.data["by"].partition("/")[0], e.data["does"], e.data["refusal"]) for e in await house.told("audit.refused")
    ]
    assert told == [
        ("persons", "POST /prove/code", "code-wrong"),
        ("keys", "POST /prove/key", "key-wrong"),
        ("persons", "GET /people", "name-the-place"),
        ("persons", "POST /people", "not-allowed"),
        ("persons", "POST /me/passkeys/begin", "step-up-needed"),
    ]
    assert await house.told("audit.everybody") == []


async def test_whoever_reads_who_people_are_on_a_page_is_in_the_log(house: House) -> None:
    async with house.browser() as ada:
        await house.found(ada)
        assert (await ada.get("/people")).status_code == 200
        (read,) = await house.told("audit.everybody")
        assert read.data["does"] == "GET /people"


async def test_whoever_asks_for_links_in_somebodys_name_keeps_none_from_them(house: House) -> None:
    """At any moment a link of the last quarter of an hour lies in the mailbox, or a new one comes."""
    async with house.browser() as ada, house.browser() as pest:
        await house.found(ada)
        for minute in range(120):
            await pest.post("/sign-in/mail", data={"email": "ada@example.org"})
            if minute % 20 == 19:
                await ada.post("/sign-in/mail", data={"email": "ada@example.org"})
                assert (await ada.post(await house.link("ada@example.org"))).status_code == 303
            house.clock.pass_by(minutes=1)
        assert len(house.box.to("ada@example.org")) <= 20


async def test_wrong_tries_cost_time_and_what_fits_is_never_asked_to_wait(house: House) -> None:
    async with house.browser() as ada, house.browser() as pest, house.browser() as borg:
        await house.found(ada)
        await ada.post("/v1/people", json=BORG, headers=house.once())
        path, wrong = await house.link("borg@example.org"), f"/sign-in/{'0' * 40}"
        said = [(await pest.post(wrong)).status_code for _ in range(30)]
        assert said == [200] * 11 + [429] * 19
        for data in ({"key": "crn_wrong"}, {"key": "crn_wrong_again"}):
            slow = await pest.post("/sign-in", data=data, headers={"Accept": "text/html"})
            assert (slow.status_code, "Not so fast" in slow.text) == (429, True)
        assert (await borg.post(path)).status_code == 303  # from the very same address
        assert (await pest.post("/sign-in", data={"key": house.key})).status_code == 303
        house.clock.pass_by(seconds=2)
        assert (await pest.post(wrong)).status_code == 200
        mails = [(await pest.post("/sign-in/mail", data={"email": f"x{n}@example.org"})).status_code for n in range(40)]
        assert mails == [200] * 31 + [429] * 9
        house.clock.pass_by(seconds=2)
        assert (await ada.post("/sign-in/mail", data={"email": "ada@example.org"})).status_code == 200


async def test_a_session_of_a_key_shows_the_key_again_and_no_link_of_its_own_does(house: House) -> None:
    """Whoever finds a browser signed in, with a key or as somebody, has not shown anything by making a link there."""
    bank = {"url": "https://hooks.example.org/"}
    async with house.browser() as client, house.browser() as other, house.browser(house.key) as program:
        assert (await client.post("/sign-in", data={"key": house.key})).status_code == 303
        assert (await client.get("/v1/self")).json()["key"] is not None
        new = {"label": "shop", "scopes": ["events:read"]}
        assert (await client.post("/v1/api-keys", json=new, headers=house.once())).status_code == 201
        house.clock.pass_by(minutes=6)
        assert (await client.post("/v1/api-keys", json=new, headers=house.once())).json()["code"] == "step-up-needed"
        assert (await client.post("/v1/webhook-endpoints", json=bank, headers=house.once())).status_code != 403
        path = (await client.post("/v1/sign-in-links", headers=house.once())).json()["path"]
        assert (await other.post(path)).status_code == 303
        assert (await other.post("/v1/api-keys", json=new, headers=house.once())).json()["code"] == "step-up-needed"
        assert "API key" in (await client.get("/prove")).text
        wrong = await client.post("/prove/key", data={"key": "crn_wrong", "next": "/walls"})
        assert "not the key" in wrong.text
        shown = await client.post("/prove/key", data={"key": house.key, "next": "/walls"})
        assert (shown.status_code, shown.headers["location"]) == (303, "/walls")
        assert (await client.post("/v1/api-keys", json=new, headers=house.once())).status_code == 201
        made = (await program.post("/v1/sign-in-links", headers=house.once())).json()["path"]
        assert (await other.post(made)).status_code == 303  # the key itself was shown for this one
        assert (await other.post("/v1/api-keys", json=new, headers=house.once())).status_code == 201
        assert (await program.post("/v1/api-keys", json=new, headers=house.once())).status_code == 201


async def test_a_link_that_somebody_makes_in_their_session_proves_nothing(house: House) -> None:
    async with house.browser() as ada, house.browser() as other:
        await house.found(ada)
        house.clock.pass_by(minutes=6)
        path = (await ada.post("/v1/sign-in-links", headers=house.once())).json()["path"]
        assert (await other.post(path)).status_code == 303
        stale = await other.post("/v1/people", json=BORG, headers=house.once())
        assert stale.json()["code"] == "step-up-needed"


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
        assert (await cleo.post(await house.link("cleo@example.org"))).status_code == 303

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
