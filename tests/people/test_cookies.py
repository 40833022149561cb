"""What browsers are told about our cookies, as the server says it: by TLS, by a proxy's TLS, and without."""

from dataclasses import replace

import pytest

from cranny.wiring.serving import join
from tests.people import house as home
from tests.people.house import House, kept

house = home.house


@pytest.mark.parametrize("way", ["http", "https", "proxy"])
async def test_the_session_is_kept_from_pages_other_sites_and_other_hosts(house: House, way: str) -> None:
    if way == "proxy":  # it ends the TLS and asks in the clear
        house.parts = replace(house.parts, url="https://here")
        house.app = join(house.parts)
    safe = way != "http"
    async with house.browser(scheme="https" if way == "https" else "http") as client:
        came = await client.post("/sign-in", data={"key": house.key})
        left = await client.post("/sign-out", headers={"Cookie": f"{kept(came).key}={kept(came).value}"})
    assert (came.status_code, left.status_code) == (303, 303)
    for one in (kept(came), kept(left)):
        assert one.key == ("__Host-cranny-session" if safe else "cranny-session")
        assert one["httponly"] is True
        assert (one["secure"] is True) == safe
        assert one["samesite"].lower() == "strict"
        assert (one["path"], one["domain"]) == ("/", ""), "what __Host- asks for"
    assert len(kept(came).value) >= 43, "256 random bits"
    assert (kept(left).value, kept(left)["max-age"]) == ("", "0")


async def test_by_tls_a_cookie_that_other_hosts_could_set_opens_nothing(house: House) -> None:
    async with house.browser(scheme="https") as client:
        secret = kept(await client.post("/sign-in", data={"key": house.key})).value
        for name, status in (("__Host-cranny-session", 200), ("cranny-session", 401)):
            client.cookies.clear()
            answer = await client.get("/v1/self", headers={"Cookie": f"{name}={secret}"})
            assert answer.status_code == status, name
