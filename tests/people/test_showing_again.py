"""Who has to show again who they are, what wrong tries cost, and what of all that is in the log."""

import re
from uuid import UUID

import pyotp

from tests.people.house import BORG, House, by_link


async def test_who_fails_to_show_who_they_are_is_in_the_log(house: House) -> None:
    async with house.browser() as ada, house.browser() as borg:
        await house.found(ada)
        secret = re.search(r'class="secret" dir="ltr">(\w+)<', (await ada.post("/me/code/begin")).text)[1]  # type: ignore[index]
        await ada.post("/me/code", data={"code": pyotp.TOTP(secret).at(house.clock.now())})
        await ada.post("/v1/people", json=BORG, headers=house.once())
        await ada.post("/prove/code", data={"code": "123456"})
        assert (await ada.post("/sign-in", data={"key": house.key})).status_code == 303
        await ada.post("/prove/key", data={"key": "crn_wrong"})
        assert (await house.come_in(borg, "borg@example.org")).status_code == 303
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
                assert (await house.come_in(ada, "ada@example.org")).status_code == 303
            house.clock.pass_by(minutes=1)
        assert len(house.box.to("ada@example.org")) <= 20


async def test_wrong_tries_cost_time_and_what_fits_is_never_asked_to_wait(house: House) -> None:
    async with house.browser() as ada, house.browser() as pest, house.browser() as borg:
        await house.found(ada)
        await ada.post("/v1/people", json=BORG, headers=house.once())
        good, wrong = await house.link("borg@example.org"), "0" * 40
        said = [(await by_link(pest, wrong)).status_code for _ in range(30)]
        assert said == [200] * 11 + [429] * 19
        for data in ({"key": "crn_wrong"}, {"key": "crn_wrong_again"}):
            slow = await pest.post("/sign-in", data=data, headers={"Accept": "text/html"})
            assert (slow.status_code, "Not so fast" in slow.text) == (429, True)
        assert (await by_link(borg, good)).status_code == 303  # from the very same address
        assert (await pest.post("/sign-in", data={"key": house.key})).status_code == 303
        house.clock.pass_by(seconds=2)
        assert (await by_link(pest, wrong)).status_code == 200
        mails = [(await pest.post("/sign-in/mail", data={"email": f"x{n}@example.org"})).status_code for n in range(40)]
        assert mails == [200] * 31 + [429] * 9
        house.clock.pass_by(seconds=2)
        assert (await ada.post("/sign-in/mail", data={"email": "ada@example.org"})).status_code == 200


async def test_a_session_of_a_key_shows_the_key_again_and_no_link_of_its_own_does(house: House) -> None:
    """Whoever finds a browser signed in, with a key or as somebody, has not shown anything by making a link there."""
    hook = {"url": "https://hooks.example.org/"}
    async with house.browser() as client, house.browser() as other, house.browser(house.key) as program:
        assert (await client.post("/sign-in", data={"key": house.key})).status_code == 303
        assert (await client.get("/v1/self")).json()["key"] is not None
        new = {"label": "shop", "scopes": ["events:read"]}
        assert (await client.post("/v1/api-keys", json=new, headers=house.once())).status_code == 201
        house.clock.pass_by(minutes=6)
        assert (await client.post("/v1/api-keys", json=new, headers=house.once())).json()["code"] == "step-up-needed"
        thief = await client.patch(f"/v1/deliveries/{UUID(int=9)}", json={"recipient": {"email": "eve@example.org"}})
        elsewhere = await client.post("/v1/webhook-endpoints", json=hook, headers=house.once())
        assert {one.json()["code"] for one in (thief, elsewhere)} == {"step-up-needed"}
        assert (await client.get("/v1/deliveries")).status_code == 200
        path = (await client.post("/v1/sign-in-links", headers=house.once())).json()["path"]
        assert (await by_link(other, path)).status_code == 303
        assert (await other.post("/v1/api-keys", json=new, headers=house.once())).json()["code"] == "step-up-needed"
        assert "API key" in (await client.get("/prove")).text
        wrong = await client.post("/prove/key", data={"key": "crn_wrong", "next": "/walls"})
        assert "not the key" in wrong.text
        shown = await client.post("/prove/key", data={"key": house.key, "next": "/walls"})
        assert (shown.status_code, shown.headers["location"]) == (303, "/walls")
        assert (await client.post("/v1/api-keys", json=new, headers=house.once())).status_code == 201
        made = (await program.post("/v1/sign-in-links", headers=house.once())).json()["path"]
        assert (await by_link(other, made)).status_code == 303  # the key itself was shown for this one
        assert (await other.post("/v1/api-keys", json=new, headers=house.once())).status_code == 201
        assert (await program.post("/v1/api-keys", json=new, headers=house.once())).status_code == 201


async def test_a_link_that_somebody_makes_in_their_session_proves_nothing(house: House) -> None:
    async with house.browser() as ada, house.browser() as other:
        await house.found(ada)
        house.clock.pass_by(minutes=6)
        path = (await ada.post("/v1/sign-in-links", headers=house.once())).json()["path"]
        assert (await by_link(other, path)).status_code == 303
        stale = await other.post("/v1/people", json=BORG, headers=house.once())
        assert stale.json()["code"] == "step-up-needed"
