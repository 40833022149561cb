"""Twenty at once, over real HTTP and a real controller: one place, one kiosk, one key, one claim, one log."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import httpx2
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from cranny.core.rng import SystemRng
from cranny.wire import enrolment, nkey
from cranny.wire.kinds import DoorForced

from .box import Box, unknown_kind
from .house import House, fresh_key, together
from .parcels import SMALL, announce, announcement, bank_file, opens
from .patience import eventually

pytestmark = together()

TWENTY = range(20)
Shot = tuple[str, dict[str, Any]]


async def at_once(house: House, shots: list[Shot], key: Callable[[], str]) -> list[httpx2.Response]:
    """All of them as POST, each on a connection of its own."""
    return await asyncio.gather(
        *(house.client.post(path, json=body, headers={"Idempotency-Key": key()}) for path, body in shots)
    )


async def test_twenty_announcements_for_the_last_place(house: House) -> None:
    bank, _ = await house.bank(bank_file({"S": 2, "M": 3}))
    for _ in range(2):
        await announce(house, bank)
    answers = await at_once(house, [("/v1/deliveries", announcement(bank)) for _ in TWENTY], fresh_key)
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 19}
    for refusal in (answer.json() for answer in answers if answer.status_code == 409):
        assert (refusal["code"], refusal["status"]) == ("no-capacity", 409)
        assert refusal["detail"]
    listed = await house.get(f"/v1/deliveries?bank={bank}")
    assert [one["state"] for one in listed["items"]] == ["announced"] * 3
    await announce(house, bank, size=SMALL)  # what is short is one size, not the bank


async def test_twenty_scans_at_one_kiosk(house: House) -> None:
    bank, claim = await house.bank(bank_file({"S": 12, "M": 5, "L": 4}))
    async with house.edge("scans", claim) as kiosk:
        # One label, held under the scanner by twenty nervous hands: one door, one pulse.
        first = await announce(house, bank, size=SMALL)
        door = (await opens(kiosk, first.tracking))["door"]
        again = await asyncio.gather(*(kiosk.scan(first.tracking) for _ in TWENTY))
        assert {answer.get("door", door) for answer in again} == {door}
        assert kiosk.pulses() == 1
        await kiosk.act(door, "put", "shut")
        await first.becomes("stored")

        # Twenty labels at the same moment: each its own door, none twice.
        parcels = await asyncio.gather(*(announce(house, bank, size=SMALL) for _ in TWENTY))
        opened = await asyncio.gather(*(opens(kiosk, parcel.tracking) for parcel in parcels))
        doors = [answer["door"] for answer in opened]
        assert len({door, *doors}) == 21
        assert kiosk.pulses() == 21
        await asyncio.gather(*(kiosk.act(each, "put", "shut") for each in doors))
        for parcel in parcels:
            await parcel.becomes("stored")
    inside = {one["label"]: one["deliveries"] for one in (await house.get(f"/v1/banks/{bank}/compartments"))["items"]}
    assert inside == {behind: [parcel.id] for behind, parcel in zip([door, *doors], [first, *parcels], strict=True)}


async def test_twenty_boxes_with_one_claim(house: House) -> None:
    bank, claim = await house.bank(bank_file({"M": 1}))

    async def enrol() -> httpx2.Response:
        rng = SystemRng()
        asked = enrolment.ask(claim, nkey.seed(rng.bytes(32)), X25519PrivateKey.generate(), "test")
        return await house.client.post("/v1/enrolments", content=msgspec.json.encode(asked))

    answers = await asyncio.gather(*(enrol() for _ in TWENTY))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 19}
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"claim-invalid"}
    assert len(await house.events("bank.enrolled", subject=f"banks/{bank}")) == 1


# ---------------------------------------------------------------- one key

_LOOK = {"purpose": "inspect", "door": "M1", "reason": "twenty times"}


@dataclass(frozen=True)
class Deed:
    """A request, and how to count its effects. `secret`: shown once, a repetition is told that it was done; without
    `effects` the answer is all that can be seen of it."""

    shot: Shot
    effects: Callable[[], Awaitable[int]] | None = None
    secret: bool = False

    async def count(self) -> int:
        return await self.effects() if self.effects else 0


def told(house: House, kind: str, subject: str) -> Callable[[], Awaitable[int]]:
    async def count() -> int:
        return len(await house.events(kind, subject=subject))

    return count


def listed(house: House, path: str, **like: Any) -> Callable[[], Awaitable[int]]:
    async def count() -> int:
        return sum(like.items() <= one.items() for one in (await house.get(path))["items"])

    return count


async def _announce(house: House, bank: str, _: Box) -> Deed:
    return Deed(("/v1/deliveries", announcement(bank)), listed(house, f"/v1/deliveries?bank={bank}"))


async def _add_bank(house: House, _: str, __: Box) -> Deed:
    file = bank_file({"M": 1})
    return Deed(("/v1/banks", file), listed(house, "/v1/banks?limit=500", name=file["name"]))


async def _add_size_class(house: House, _: str, __: Box) -> Deed:
    shot = ("/v1/size-classes", {"name": "Hat", "width": 300, "height": 70, "depth": 300})
    return Deed(shot, listed(house, "/v1/size-classes", name="Hat"))


async def _claim(house: House, bank: str, _: Box) -> Deed:
    effects = told(house, "bank.claim_made", f"banks/{bank}")
    return Deed((f"/v1/banks/{bank}/claims", {}), effects, secret=True)


async def _cancel(house: House, bank: str, _: Box) -> Deed:
    parcel = await announce(house, bank)
    shot = (f"/v1/deliveries/{parcel.id}/cancel", {"reason": "twenty times"})
    return Deed(shot, told(house, "delivery.cancelled", parcel.subject))


async def _extend(house: House, bank: str, box: Box) -> Deed:
    parcel = await announce(house, bank)
    box.stored("M1", parcel.id, (await parcel.shown())["grants"]["collect"])
    await box.sync()
    await parcel.becomes("stored")
    return Deed((f"/v1/deliveries/{parcel.id}/extend", {"hours": 1}), told(house, "delivery.extended", parcel.subject))


async def _reveal(house: House, bank: str, _: Box) -> Deed:
    grant = (await (await announce(house, bank)).shown())["grants"]["collect"]
    shot = (f"/v1/grants/{grant}/reveal", {"reason": "twenty times"})
    return Deed(shot, told(house, "grant.revealed", f"grants/{grant}"), secret=True)


async def _badge(house: House, bank: str, _: Box) -> Deed:
    grant = (await (await announce(house, bank)).shown())["grants"]["collect"]
    shot = (f"/v1/grants/{grant}/badge", {"badge": "04A1B2C3D4E580"})
    return Deed(shot, told(house, "grant.badge_given", f"grants/{grant}"))


async def _settle(house: House, bank: str, box: Box) -> Deed:
    box.write(*unknown_kind())
    await box.sync()
    (anomaly,) = (await house.get(f"/v1/anomalies?bank={bank}"))["items"]
    shot = (f"/v1/anomalies/{anomaly['id']}/settle", {"note": "seen"})
    return Deed(shot, told(house, "anomaly.settled", f"anomalies/{anomaly['id']}"))


async def _reroute(house: House, bank: str, _: Box) -> Deed:
    parcel, other = await announce(house, bank), (await house.bank(bank_file({"M": 1})))[0]
    shot = (f"/v1/deliveries/{parcel.id}/reroute", {"bank": other})
    return Deed(shot, told(house, "delivery.rerouted", parcel.subject))


async def _token(_: House, bank: str, __: Box) -> Deed:
    return Deed((f"/v1/banks/{bank}/tokens", _LOOK), secret=True)


async def _take_back(house: House, bank: str, _: Box) -> Deed:
    token = (await house.post(f"/v1/banks/{bank}/tokens", _LOOK))["id"]
    return Deed((f"/v1/banks/{bank}/tokens/{token}/take-back", {}), told(house, "token.taken_back", f"tokens/{token}"))


async def _acknowledge(house: House, bank: str, box: Box) -> Deed:
    box.say(DoorForced("M6"))
    await box.sync()

    async def raised() -> dict[str, Any] | None:
        return next(iter((await house.get(f"/v1/alarms?bank={bank}"))["items"]), None)

    alarm = await eventually(raised)
    shot = (f"/v1/alarms/{alarm['id']}/acknowledge", {"note": "twenty times"})
    return Deed(shot, told(house, "alarm.acknowledged", f"alarms/{alarm['id']}"))


async def _endpoint(house: House) -> str:
    """A webhook endpoint at which nobody answers; where it is."""
    asked = {"url": "http://127.0.0.1:9/hooks", "types": ["bank.added"]}
    return f"/v1/webhook-endpoints/{(await house.post('/v1/webhook-endpoints', asked))['id']}"


async def _add_endpoint(house: House, _: str, __: Box) -> Deed:
    asked = {"url": "http://127.0.0.1:9/hooks", "description": fresh_key()}
    effects = listed(house, "/v1/webhook-endpoints?limit=500", description=asked["description"])
    return Deed(("/v1/webhook-endpoints", asked), effects, secret=True)


async def _rotate(house: House, _: str, __: Box) -> Deed:
    place = await _endpoint(house)
    return Deed((f"{place}/rotate", {}), told(house, "webhook_endpoint.rotated", place[4:]), secret=True)


async def _switch_off(house: House, _: str, __: Box) -> Deed:
    place = await _endpoint(house)
    return Deed((f"{place}/switch-off", {}), told(house, "webhook_endpoint.switched_off", place[4:]))


async def _switch_on(house: House, _: str, __: Box) -> Deed:
    place = await _endpoint(house)
    await house.post(f"{place}/switch-off", {})
    return Deed((f"{place}/switch-on", {}), told(house, "webhook_endpoint.switched_on", place[4:]))


async def _send_test(house: House, _: str, __: Box) -> Deed:
    place = await _endpoint(house)
    sent = listed(house, f"/v1/webhook-messages?endpoint={place.rpartition('/')[2]}", type="webhook.test")
    return Deed((f"{place}/test", {}), sent)


async def _resend(house: House, _: str, __: Box) -> Deed:
    message = (await house.post(f"{await _endpoint(house)}/test", {}))["id"]
    return Deed((f"/v1/webhook-messages/{message}/resend", {}))


async def _api_key(house: House, _: str, __: Box) -> Deed:
    asked = {"label": fresh_key(), "scopes": ["events:read"]}
    return Deed(("/v1/api-keys", asked), listed(house, "/v1/api-keys?limit=500", label=asked["label"]), secret=True)


async def _sign_in_link(_: House, __: str, ___: Box) -> Deed:
    return Deed(("/v1/sign-in-links", {}), secret=True)


async def _recipient(house: House, bank: str) -> dict[str, Any]:
    """A delivery of somebody new."""
    return await (await announce(house, bank)).shown()


async def _consents(house: House, bank: str, _: Box) -> Deed:
    person = (await _recipient(house, bank))["recipient"]
    shot = (f"/v1/people/{person}/consents", {"consents": {"sms": True}, "how": "twenty times"})
    return Deed(shot, told(house, "person.consent_given", f"persons/{person}"))


async def _choice(house: House, bank: str, _: Box) -> Deed:
    person = (await _recipient(house, bank))["recipient"]
    shot = (f"/v1/people/{person}/preferences/link", {})
    return Deed(shot, told(house, "person.preferences_asked", f"persons/{person}"))


async def _stop(house: House, bank: str, _: Box) -> Deed:
    address = f"{fresh_key()}@example.org"
    person = (await (await announce(house, bank, recipient={"email": address})).shown())["recipient"]
    shot = ("/v1/channel-stops", {"channel": "email", "address": address})
    return Deed(shot, told(house, "person.consent_withdrawn", f"persons/{person}"))


async def _export(house: House, bank: str, _: Box) -> Deed:
    person = (await _recipient(house, bank))["recipient"]
    return Deed((f"/v1/people/{person}/export", {}), told(house, "person.exported", f"persons/{person}"), secret=True)


async def _erase(house: House, bank: str, _: Box) -> Deed:
    shown = await _recipient(house, bank)
    await house.post(f"/v1/deliveries/{shown['id']}/cancel", {})
    person = shown["recipient"]
    shot = (f"/v1/people/{person}/erasure", {"why": "mistake"})
    return Deed(shot, told(house, "person.erased", f"persons/{person}"), secret=True)


POSTS: dict[str, Callable[[House, str, Box], Awaitable[Deed]]] = {
    "/v1/deliveries": _announce,
    "/v1/banks": _add_bank,
    "/v1/size-classes": _add_size_class,
    "/v1/banks/{bank}/claims": _claim,
    "/v1/deliveries/{delivery}/cancel": _cancel,
    "/v1/deliveries/{delivery}/extend": _extend,
    "/v1/deliveries/{delivery}/reroute": _reroute,
    "/v1/grants/{grant}/reveal": _reveal,
    "/v1/grants/{grant}/badge": _badge,
    "/v1/anomalies/{anomaly}/settle": _settle,
    "/v1/alarms/{alarm}/acknowledge": _acknowledge,
    "/v1/banks/{bank}/tokens": _token,
    "/v1/banks/{bank}/tokens/{token}/take-back": _take_back,
    "/v1/sign-in-links": _sign_in_link,
    "/v1/people/{person}/consents": _consents,
    "/v1/people/{person}/preferences/link": _choice,
    "/v1/people/{person}/export": _export,
    "/v1/people/{person}/erasure": _erase,
    "/v1/channel-stops": _stop,
    "/v1/api-keys": _api_key,
    "/v1/webhook-endpoints": _add_endpoint,
    "/v1/webhook-endpoints/{endpoint}/rotate": _rotate,
    "/v1/webhook-endpoints/{endpoint}/switch-off": _switch_off,
    "/v1/webhook-endpoints/{endpoint}/switch-on": _switch_on,
    "/v1/webhook-endpoints/{endpoint}/test": _send_test,
    "/v1/webhook-messages/{message}/resend": _resend,
}
"""How to make a request for each POST. A new one gets a line here."""
ELSEWHERE = {
    "/v1/enrolments",  # by its claim: test_twenty_boxes_with_one_claim
    "/v1/people",  # no key may; tests/people/test_letting_in.py
    "/v1/saml-providers",  # it needs a program of its own: tests/people/test_saml.py
    "/v1/sign-in-providers",  # it asks another server first: tests/people/test_oidc.py
    "/v1/people/imports",  # nor that: tests/people/test_lists.py
    "/v1/uplink",  # by the numbers of its facts: tests/fleet
    "/v1/banks/{bank}/commands",  # with a bank that answers: test_commands.py
    "/v1/commands/{command}/confirm",
    "/v1/commands/{command}/decline",
}
"""POSTs whose second effect is kept away by something else, or in another file."""


@pytest.mark.prove  # every run has tests/platform/test_one_effect.py, which goes by the routes
async def test_every_post_twenty_times_at_once_with_one_key_has_one_effect(house: House) -> None:
    described = (await house.get("/schema/openapi.json"))["paths"]
    assert {path for path, methods in described.items() if "post" in methods} == {*POSTS, *ELSEWHERE}
    bank, claim = await house.bank(bank_file({"M": 12}))
    async with Box.enrolled(house, claim) as box:
        for path, make in POSTS.items():
            deed = await make(house, bank, box)
            await log_is_told(house)
            before, key = await deed.count(), fresh_key()
            answers = await at_once(house, [deed.shot] * 20, lambda key=key: key)
            done = [answer for answer in answers if answer.is_success]
            if deed.secret:
                assert len(done) == 1, path
                assert {a.json()["code"] for a in answers if a not in done} == {"secret-shown-once"}, path
            else:
                assert len(done) == 20, (path, answers[0].text)
                assert len({answer.content for answer in answers}) == 1, path
                assert sum("idempotent-replayed" in answer.headers for answer in answers) == 19, path
            await log_is_told(house)
            assert await deed.count() == before + (deed.effects is not None), path


async def log_is_told(house: House) -> None:
    """What was committed before now can be read in the log."""
    marker = (await house.post("/v1/banks", bank_file({"S": 1})))["id"]
    await house.happens("bank.added", f"banks/{marker}")


async def test_a_reader_with_a_cursor_misses_nothing_while_everybody_writes(house: House) -> None:
    banks = [(await house.bank(bank_file({"M": 20})))[0] for _ in range(3)]
    await log_is_told(house)
    start, cursor = await house.log_end()
    seen: list[dict[str, Any]] = []
    writing = True

    async def read() -> None:
        nonlocal cursor
        while writing or len(announced()) < 60:
            page = await house.get(f"/v1/events?limit=7&after={cursor}")
            seen.extend(page["items"])
            cursor = page["next"]

    def announced() -> list[str]:
        return [one["subject"] for one in seen if one["type"] == "delivery.announced"]

    async with asyncio.timeout(60):
        reading = asyncio.create_task(read())
        parcels = await asyncio.gather(*(announce(house, bank) for bank in banks for _ in TWENTY))
        writing = False
        await reading
    assert [one["position"] for one in seen] == list(range(start + 1, start + 1 + len(seen)))
    assert Counter(announced()) == Counter(parcel.subject for parcel in parcels)
