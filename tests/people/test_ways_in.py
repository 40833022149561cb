"""An installation may leave ways in out, so that nobody gets in by one thing alone (ASVS 6.3.3, 6.3.4)."""

from dataclasses import replace
from datetime import timedelta

import pyotp
import pytest

from cranny.wiring.serving import join
from tests.people.house import BORG, House, by_link

HERE = {"Accept": "text/html"}


@pytest.fixture
def strict(house: House) -> House:
    """Passkeys and other organisations only."""
    house.parts = replace(house.parts, sign_in_ways=frozenset({"passkey", "organisation"}))
    house.app = join(house.parts)
    return house


async def test_ways_that_are_left_out_open_nothing(strict: House) -> None:
    async with strict.browser() as client, strict.browser(strict.key) as program:
        page = (await client.get("/sign-in")).text
        assert ("passkey" in page, "/sign-in/organisation" in page) == (True, True)
        assert not {'action="/sign-in/mail"', 'action="/sign-in"'} & set(page.split())
        for path, data in (("/sign-in/mail", {"email": "ada@example.org"}), ("/sign-in", {"key": strict.key})):
            no = await client.post(path, data=data, headers=HERE)
            assert (no.status_code, "Nobody signs in this way here" in no.text) == (403, True), path
        made = await program.post("/v1/sign-in-links", headers=strict.once())
        assert (made.status_code, made.json()["code"]) == (403, "way-closed")
        await strict.send()
        assert strict.box.to("ada@example.org") == []
        assert await strict.told("session.begun") == []


async def test_a_link_of_before_is_worth_nothing_and_an_invitation_leads_to_a_first_passkey(house: House) -> None:
    async with house.browser() as ada, house.browser() as other:
        await house.found(ada)
        await other.post("/sign-in/mail", data={"email": "ada@example.org"})
        before = await house.link("ada@example.org")
        house.parts = replace(house.parts, sign_in_ways=frozenset({"passkey"}))
        house.app = join(house.parts)
    async with house.browser() as ada, house.browser() as borg:
        assert (await by_link(ada, before)).json()["code"] == "way-closed"
        await house.found(ada)
        assert (await ada.post("/prove/link")).json()["code"] == "way-closed"
        assert "/prove/link" not in (await ada.get("/prove")).text
        await ada.post("/v1/people", json=BORG, headers=house.once())
        assert (await house.come_in(borg, "borg@example.org")).status_code == 303
        assert (await borg.post("/me/passkeys/begin")).status_code == 200


async def test_a_code_of_an_app_lives_for_thirty_seconds(house: House) -> None:
    async with house.browser() as ada:
        await house.found(ada)
        page = (await ada.post("/me/code/begin")).text
        app = pyotp.TOTP(page.partition('class="secret" dir="ltr">')[2].partition("<")[0])
        for seconds in (-30, 30):
            other = app.at(house.clock.now() + timedelta(seconds=seconds))
            assert "not the code" in (await ada.post("/me/code", data={"code": other})).text
        assert (await ada.post("/me/code", data={"code": app.at(house.clock.now())})).status_code == 303
