"""Signing in by way of another organisation: a real provider in a process of its own, over HTTP, and the real pages."""

import asyncio
import base64
import hashlib
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import httpx2
import msgspec
import pytest

from cranny import people
from cranny.core.clock import SystemClock
from cranny.people.vouching.begun import State
from cranny.wiring.serving import join
from tests.journeys.house import free_port
from tests.people.house import House, kept
from tests.people.saml_abroad import running

BORG = {"email": "borg@example.org", "roles": [{"role": "clerk"}]}
HERE = {"Accept": "text/html"}
ADA_THERE = {"email": "ada@example.org", "email_verified": True, "name": "Ada at Work"}


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    port = free_port()
    words = ("-m", "oidc_provider_mock", "--port", str(port), "--require-nonce")
    with running(f"http://localhost:{port}", "/.well-known/openid-configuration", *words) as url:
        yield url


class Abroad:
    """The house, and the other organisation."""

    def __init__(self, house: House, url: str) -> None:
        self.house = house
        self.url = url

    async def set_up(self, ada: httpx2.AsyncClient, **more: Any) -> dict[str, Any]:
        body = {"name": "Example University", "issuer": self.url, "client_id": "cranny", "secret": "s3cret"}
        body |= {"domains": ["example.org"], **more}
        answer = await ada.post("/v1/sign-in-providers", json=body, headers=self.house.once())
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def out(self, client: httpx2.AsyncClient, way: dict[str, Any], path: str = "") -> str:
        answer = await client.get(path or urlsplit(way["begin"]).path)
        assert answer.status_code == 302, answer.text
        return str(answer.headers["location"])

    async def sign(self, there: str, sub: str, **claims: Any) -> str:
        """Signed in over there as `sub`; returns the path back."""
        async with httpx2.AsyncClient() as client:
            await client.put(f"{self.url}/users/{sub}", json=claims)
            answer = await client.post(there, data={"sub": sub})
        return str(answer.headers["location"]).removeprefix("http://here")

    async def whole(self, client: httpx2.AsyncClient, way: dict[str, Any], sub: str, **claims: Any) -> httpx2.Response:
        back = await self.sign(await self.out(client, way), sub, **claims)
        return await client.get(back, headers=HERE)


@pytest.fixture
def abroad(house: House, provider: str) -> Abroad:
    house.clock.moment = SystemClock().now()  # the other organisation's clock is the machine's
    house.parts = replace(house.parts, sign_in_inside=("127.0.0.0/8", "::1/128"))
    house.app = join(house.parts)
    return Abroad(house, provider)


def refusal(answer: httpx2.Response) -> str:
    found = re.search(r"say: ([a-z-]+),", answer.text)
    return found[1] if found else ""


async def test_out_and_back_with_proof(abroad: Abroad) -> None:
    house = abroad.house
    async with house.browser() as ada, house.browser() as other:
        await house.found(ada)
        way = await abroad.set_up(ada)
        there = await abroad.out(other, way)
        asked = {name: value[0] for name, value in parse_qs(urlsplit(there).query).items()}
        assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
        assert asked["redirect_uri"] == way["redirect_uri"] == f"http://here/sign-in/with/{way['id']}/back"
        sealed = base64.urlsafe_b64decode(other.cookies["cranny-sign-in"])
        state = msgspec.msgpack.decode(house.parts.keyring.open("oidc-state", b"", sealed), type=State)
        digest = hashlib.sha256(state.verifier.encode()).digest()
        assert asked["code_challenge"] == base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        assert (asked["nonce"], asked["state"]) == (state.nonce, state.state)
        assert state.verifier not in there

        back = await abroad.sign(there, "u-1", **ADA_THERE)
        page = await other.get(back, headers=HERE)
        assert (page.status_code, "You are signed in" in page.text) == (200, True)
        assert 'content="0;url=/walls"' in page.text
        me = (await other.get("/v1/self")).json()
        assert me["roles"] == [{"role": "admin", "site": None}]
        assert "with your organisation" in (await other.get("/me")).text
        # No word of when they signed in over there: no proof.
        stale = await other.post("/v1/people", json=BORG, headers=house.once())
        assert stale.json()["code"] == "step-up-needed"
        assert [event.data["how"] for event in await house.told("session.begun")] == ["founding", "oidc"]
        assert len(await house.told("person.oidc_linked")) == 1
        replayed = await other.get(back, headers=HERE)
        # As a browser does it, which keeps the strict cookie to itself on the way back: the session before is over.
        there = await abroad.out(other, way)
        old = other.cookies.pop("cranny-session")
        await other.get(await abroad.sign(there, "u-1", **ADA_THERE), headers=HERE)
        assert len(await house.told("session.ended")) == 1
        other.cookies.clear()
        other.cookies.set("cranny-session", old)
        assert (await other.get("/v1/self")).status_code == 401
        assert (replayed.status_code, refusal(replayed)) == (400, "oidc-state-refused")


async def test_an_answer_opens_nothing_where_it_was_not_begun(abroad: Abroad) -> None:
    house = abroad.house
    async with house.browser() as ada, house.browser() as victim, house.browser() as thief:
        await house.found(ada)
        way, second = await abroad.set_up(ada), await abroad.set_up(ada, name="Another")
        back = await abroad.sign(await abroad.out(victim, way), "u-1", **ADA_THERE)
        assert refusal(await thief.get(back, headers=HERE)) == "oidc-state-refused"
        await abroad.out(thief, way)  # with a cookie of their own
        assert refusal(await thief.get(back, headers=HERE)) == "oidc-state-refused"
        mixed = back.replace(way["id"], second["id"])
        assert refusal(await victim.get(mixed, headers=HERE)) == "oidc-state-refused"
        back = await abroad.sign(await abroad.out(victim, way), "u-1", **ADA_THERE)
        elsewhere = await victim.get(f"{back}&iss=https%3A%2F%2Fevil.example", headers=HERE)
        assert refusal(elsewhere) == "oidc-state-refused"
        back = await abroad.sign(await abroad.out(victim, way), "u-1", **ADA_THERE)
        house.clock.pass_by(minutes=11)
        assert refusal(await victim.get(back, headers=HERE)) == "oidc-state-refused"
        house.clock.pass_by(minutes=-11)
        await abroad.out(victim, way)
        sealed = base64.urlsafe_b64decode(victim.cookies["cranny-sign-in"])
        state = msgspec.msgpack.decode(house.parts.keyring.open("oidc-state", b"", sealed), type=State).state
        path = urlsplit(way["begin"]).path
        forged = await victim.get(f"{path}/back?state={state}&code=made-up", headers=HERE)
        assert (forged.status_code, refusal(forged)) == (400, "oidc-code-refused")
        await abroad.out(victim, way)
        denied = await abroad.out(victim, way)
        state = parse_qs(urlsplit(denied).query)["state"][0]
        no = await victim.get(f"{path}/back?state={state}&error=access_denied", headers=HERE)
        assert (no.status_code, refusal(no)) == (403, "oidc-refused")
        assert (await victim.get("/v1/self")).status_code == 401
        assert await house.told("person.oidc_linked") == []


OUTSIDE: list[tuple[dict[str, Any], str]] = [
    ({"email": "ada@example.org", "email_verified": False}, "oidc-email-unverified"),
    ({"email": "ada@example.org"}, "oidc-email-unverified"),
    ({"email_verified": True}, "oidc-email-missing"),
    ({"email": "ada@", "email_verified": True}, "oidc-email-missing"),
    ({"email": "ada@elsewhere.org", "email_verified": True}, "oidc-email-elsewhere"),
    ({"email": "ada@example.org.evil.org", "email_verified": True}, "oidc-email-elsewhere"),
    ({"email": "new@example.org", "email_verified": True}, "oidc-not-invited"),
]


async def test_who_is_not_vouched_for_stays_outside(abroad: Abroad) -> None:
    async with abroad.house.browser() as ada, abroad.house.browser() as other:
        await abroad.house.found(ada)
        way = await abroad.set_up(ada)
        for n, (claims, code) in enumerate(OUTSIDE):
            answer = await abroad.whole(other, way, f"u-{n}", **claims)
            assert (answer.status_code, refusal(answer)) == (403, code)
            assert (await other.get("/v1/self")).status_code == 401


async def test_the_subject_is_who_it_is_and_not_the_address(abroad: Abroad) -> None:
    house = abroad.house
    async with house.browser() as ada, house.browser() as other, house.browser() as third:
        await house.found(ada)
        way = await abroad.set_up(ada, role="resident")
        assert (await abroad.whole(other, way, "bo", email="bo@example.org", email_verified=True)).status_code == 200
        me = (await other.get("/v1/self")).json()
        assert me["roles"] == [{"role": "resident", "site": None}]
        # Another employee got the address: it is not them.
        taken = await abroad.whole(third, way, "bo-2", email="bo@example.org", email_verified=True)
        assert refusal(taken) == "oidc-somebody-else"
        # Their own address changed, to the admin's even: they stay who they are.
        await abroad.whole(third, way, "bo", email="ada@example.org", email_verified=True)
        assert (await third.get("/v1/self")).json() == me
        async with house.parts.db.transaction(house.tenant) as tx:
            held = (await people.memberships(tx))[UUID(me["person"])]
            assert [row.source for row in held] == [f"oidc:{way['id']}"]
            assert await people.move_out(tx, UUID(me["person"]), by="test", why="hand")
        assert refusal(await abroad.whole(third, way, "bo", email="bo@example.org")) == "oidc-no-role"
        assert (await other.get("/v1/self")).status_code == 401


async def test_a_fresh_sign_in_over_there_is_a_proof_where_that_is_said(abroad: Abroad) -> None:
    house = abroad.house
    async with house.browser() as ada, house.browser() as other:
        await house.found(ada)
        way = await abroad.set_up(ada, proves=True, acr="mfa")
        now = int(house.clock.now().timestamp())
        await abroad.whole(other, way, "ada", **ADA_THERE, auth_time=now, acr="pwd")
        assert (await other.post("/v1/people", json=BORG, headers=house.once())).json()["code"] == "step-up-needed"
        path = f"/prove/with/{way['id']}"
        assert f'href="{path}?next=/people"' in (await other.get("/prove?next=/people")).text
        there = await abroad.out(other, way, f"{path}?next=/people")
        asked = parse_qs(urlsplit(there).query)
        assert (asked["prompt"], asked["max_age"], asked["acr_values"]) == (["login"], ["0"], ["mfa"])
        stale = await abroad.sign(there, "ada", **ADA_THERE, auth_time=now - 900, acr="mfa")
        assert refusal(await other.get(stale, headers=HERE)) == "oidc-not-fresh"
        there = await abroad.out(other, way, path)
        somebody = await abroad.sign(there, "x", email="x@example.org", email_verified=True)
        assert refusal(await other.get(somebody, headers=HERE)) == "oidc-not-invited"
        good = await abroad.sign(await abroad.out(other, way, path), "ada", **ADA_THERE, auth_time=now, acr="mfa")
        page = await other.get(good, headers=HERE)
        assert (page.status_code, 'content="0;url=/walls"' in page.text) == (200, True)
        assert (await other.post("/v1/people", json=BORG, headers=house.once())).status_code == 201


async def test_whoever_asks_by_address_learns_of_organisations_only(abroad: Abroad) -> None:
    async with abroad.house.browser() as ada, abroad.house.browser() as other:
        await abroad.house.found(ada)
        way = await abroad.set_up(ada)
        ask = [{"email": email} for email in ("ada@example.org", "nobody@EXAMPLE.org")]
        texts = [(await other.post("/sign-in/organisation", data=data)).text for data in ask]
        assert texts[0] == texts[1]
        assert f'href="/sign-in/with/{way["id"]}"' in texts[0]
        none = await other.post("/sign-in/organisation", data={"email": "a@elsewhere.org"})
        assert "No organisation is set up here" in none.text
        assert "This is no e-mail address" in (await other.post("/sign-in/organisation", data={"email": "x"})).text


async def test_providers_are_kept_by_admins_and_their_secrets_by_nobody(abroad: Abroad) -> None:
    house = abroad.house
    async with house.browser() as ada, house.browser() as other:
        await house.found(ada)
        way = await abroad.set_up(ada)
        assert way["has_secret"]
        body = {"name": "Again", "issuer": abroad.url, "client_id": "cranny", "domains": ["again.example"]}
        once = house.once()
        sent = (ada.post("/v1/sign-in-providers", json=body, headers=once) for _ in range(20))
        every = await asyncio.gather(*sent)
        assert {(answer.status_code, answer.text) for answer in every} == {(201, every[0].text)}
        assert (await ada.delete(f"/v1/sign-in-providers/{every[0].json()['id']}")).status_code == 204
        assert "s3cret" not in str(way)
        async with house.parts.db.transaction(house.tenant) as tx:
            assert "s3cret" not in str(await tx.all("SELECT oidc_providers::text FROM oidc_providers"))
        url = f"/v1/sign-in-providers/{way['id']}"
        read = await ada.get(url)
        body = {name: read.json()[name] for name in ("name", "issuer", "client_id", "domains")} | {"domains": ["x.org"]}
        assert (await ada.put(url, json=body, headers={"If-Match": '"old"'})).status_code == 412
        put = await ada.put(url, json=body, headers={"If-Match": read.headers["etag"]})
        assert (put.status_code, put.json()["domains"], put.json()["has_secret"]) == (200, ["x.org"], True)
        assert "No organisation" in (await other.post("/sign-in/organisation", data={"email": "a@example.org"})).text
        for change, code in [
            ({"issuer": f"{abroad.url}/"}, "oidc-provider-wrong"),
            ({"issuer": "http://10.0.0.1"}, "oidc-provider-silent"),
            ({"issuer": "https://127.0.0.1:1"}, "oidc-provider-silent"),
            ({"issuer": "gopher://x"}, "issuer-refused"),
            ({"domains": ["not a domain"]}, "domain-invalid"),
            ({"role": "admin"}, "role-refused"),
            ({"site": str(UUID(int=7))}, "site-not-found"),
        ]:
            answer = await ada.post("/v1/sign-in-providers", json={**body, **change}, headers=house.once())
            assert answer.json()["code"] == code, answer.text
        listed = (await ada.get("/v1/sign-in-providers")).json()["items"]
        assert [one["id"] for one in listed] == [way["id"]]
        assert (await ada.delete(url)).status_code == 204
        gone = await other.get(urlsplit(way["begin"]).path, headers=HERE)
        assert (gone.status_code, refusal(gone)) == (404, "oidc-provider-not-found")


async def test_no_organisation_makes_the_server_speak_to_its_neighbours(abroad: Abroad) -> None:
    house = abroad.house
    house.parts = replace(house.parts, sign_in_inside=())
    house.app = join(house.parts)
    body = {"name": "X", "client_id": "c", "domains": ["example.org"]}
    async with house.browser() as ada:
        await house.found(ada)
        for issuer in (abroad.url, abroad.url.replace("http", "https"), "https://169.254.169.254"):
            answer = await ada.post("/v1/sign-in-providers", json={**body, "issuer": issuer}, headers=house.once())
            assert answer.json()["code"] in ("issuer-refused", "oidc-provider-silent")


async def test_a_session_ends_with_the_sign_in_over_there(abroad: Abroad) -> None:
    house = abroad.house
    async with house.browser() as ada, house.browser() as other:
        await house.found(ada)
        way = await abroad.set_up(ada)
        there = await abroad.out(other, way)
        assert parse_qs(urlsplit(there).query)["max_age"] == [str(12 * 3600)]
        now = int(house.clock.now().timestamp())
        old = await abroad.whole(other, way, "u-1", **ADA_THERE, auth_time=now - 12 * 3600 - 60)
        assert (old.status_code, refusal(old)) == (403, "oidc-too-long-ago")
        assert (await other.get("/v1/self")).status_code == 401
        earlier = await abroad.whole(other, way, "u-1", **ADA_THERE, auth_time=now - 11 * 3600)
        assert earlier.status_code == 200, earlier.text
        (session,) = [one for one in (await ada.get("/v1/sessions")).json()["items"] if one["how"] == "oidc"]
        until = datetime.fromisoformat(session["until"])
        assert abs(until.timestamp() - (now + 3600)) < 60


async def test_what_another_site_led_to_begins_with_a_click(abroad: Abroad) -> None:
    house = abroad.house
    async with house.browser() as ada, house.browser() as other:
        await house.found(ada)
        way = await abroad.set_up(ada)
        path = f"{urlsplit(way['begin']).path}?next=%2Fme&anew=true"
        for site in ("cross-site", "same-site"):
            asked = await other.get(path, headers={"Sec-Fetch-Site": site})
            assert (asked.status_code, "set-cookie" in asked.headers) == (200, False)
            assert f'href="{path}"' in unescape(asked.text)
        for site in ("same-origin", "none"):
            assert (await other.get(path, headers={"Sec-Fetch-Site": site})).status_code == 302


async def test_the_way_back_is_kept_from_pages_and_other_hosts(abroad: Abroad) -> None:
    """Lax, as another site leads back; `tests/people/test_cookies.py` has the session's."""
    house = abroad.house
    async with house.browser() as ada:
        await house.found(ada)
        path = urlsplit((await abroad.set_up(ada))["begin"]).path
    for scheme, safe in (("http", False), ("https", True)):
        async with house.browser(scheme=scheme) as client:
            one = kept(await client.get(path))
        assert one.key == ("__Host-cranny-sign-in" if safe else "cranny-sign-in")
        assert ((one["secure"] is True), one["httponly"], one["samesite"].lower()) == (safe, True, "lax")
        assert (one["path"], one["domain"], one["max-age"]) == ("/", "", "600")
