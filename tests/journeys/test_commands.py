"""Commands on real engines, with a real controller: opened once or not at all, and the journal has the last word."""

import asyncio
import getpass
import socket
from typing import Any
from uuid import UUID

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from .broker import tapping
from .house import House, complain, dying, fresh_key, say, together
from .parcels import announce, bank_file, deposit
from .patience import eventually

pytestmark = together("commands")

REASON = "recipient on the phone"


async def reachable(house: House, bank: str) -> None:
    """Until the server has heard it. All stories are one person's, who may open more than a person would."""
    await house.put(f"/v1/banks/{bank}/policy", {"second_person_above": 1000})

    async def online() -> bool:
        return bool((await house.get(f"/v1/banks/{bank}/status"))["state"] == "online")

    await eventually(online)


async def ask(house: House, bank: str, action: str = "open", door: str = "", **more: Any) -> dict[str, Any]:
    aimed = {"door": door} if door else {}
    return await house.post(f"/v1/banks/{bank}/commands", {"action": action, "reason": REASON, **aimed, **more})


async def settled(house: House, command: str, state: str) -> dict[str, Any]:
    async def is_so() -> dict[str, Any] | None:
        now = await house.get(f"/v1/commands/{command}")
        return now if now["state"] == state else None

    return await eventually(is_so)


async def tells(house: House, command: str, *types: str) -> None:
    """Until the log says this of a command, and nothing else."""

    async def told() -> bool:
        return [event["type"] for event in await house.events(subject=f"commands/{command}")] == list(types)

    await eventually(told)


async def second_key(house: House, tenant: str = "Hallway") -> str:
    shown = await say("key", "add", tenant, "--label", f"second {fresh_key()}", "--data", str(house.data))
    return next(word for word in shown.split() if word.startswith("crn_"))


async def as_other(house: House, key: str, path: str) -> httpx2.Response:
    headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": fresh_key()}
    return await house.client.post(path, json={}, headers=headers)


async def test_a_door_is_opened_and_the_recipient_is_told(house: House) -> None:
    bank, claim = await house.bank(bank_file({"M": 3}))
    async with house.edge("remote", claim) as kiosk:
        parcel = await announce(house, bank)
        door = await deposit(kiosk, parcel)
        await parcel.becomes("stored")
        await reachable(house, bank)
        done = await ask(house, bank, door=door)
        assert (done["state"], done["opened"], done["says"]) == (
            "executed", [door], f"Door {door} is open. Someone should be standing there.",
        )  # fmt: skip
        assert done["asked_by"]["label"] == "first"
        await kiosk.shows(door, "open")
        assert kiosk.pulses() == 2
        (event,) = await house.events("command.executed", subject=f"commands/{done['id']}")
        assert (event["data"]["reason"], event["data"]["by"][:5]) == (REASON, "keys/")
        # It collects nothing by itself: shut again with the parcel inside, the code still opens.
        await kiosk.act(door, "shut")
        await kiosk.shows(door, "taken")
        assert (await parcel.shown())["state"] == "stored"

        grant = (await parcel.shown())["grants"]["collect"]

        async def notice() -> bool:
            found = (await house.get(f"/v1/notices?grant={grant}"))["items"]
            return any(one["kind"] == "operator_opened" and one["state"] == "sent" for one in found)

        await eventually(notice)
    assert await house.check() == ""


async def test_what_is_done_on_the_installation_is_in_the_trail(house: House) -> None:
    """By whom the system knows, and why they say."""
    env = {**house.settings, "CRANNY_AUDIT_REASON": "a new colleague"}
    shown = ("--data", str(house.data))
    await say("key", "add", "Hallway", "--label", f"colleague {fresh_key()}", *shown, env=env)

    async def told() -> list[tuple[str, str]]:
        found = [event["data"] for event in await house.events("audit.installation")]
        return [(one["by"], one["does"]) for one in found if one["does"] != "cranny db upgrade"]

    async def added() -> bool:
        return ("installation", "cranny key add") in await told()

    await eventually(added)
    assert (await told())[0] == ("installation", "cranny tenant add")
    wide = {**house.settings, "COLUMNS": "300"}
    listed = (await say("audit", "list", "Hallway", *shown, env=wide)).split()
    assert f"{getpass.getuser()}@{socket.gethostname()}" in listed
    assert "colleague" in listed
    head = await say("audit", "head", "Hallway", *shown, env=house.settings)
    kept = house.data / "heads"
    kept.write_text(head)
    assert "none broken" in await say("audit", "verify", "Hallway", "--heads", str(kept), *shown, env=house.settings)
    kept.write_text(head.replace(head.split()[3], "0" * 64))
    code, said = await complain("audit", "verify", "Hallway", "--heads", str(kept), *shown, env=house.settings)
    assert (code, "not signed by this installation" in said) == (78, True)


async def test_twenty_requests_with_one_key_are_one_opening(house: House) -> None:
    bank, claim = await house.bank(bank_file({"M": 3}))
    async with house.edge("twenty", claim) as kiosk:
        await reachable(house, bank)
        body = {"action": "open", "door": "M2", "reason": REASON}
        headers = {"Idempotency-Key": fresh_key()}
        path = f"/v1/banks/{bank}/commands"
        answers = await asyncio.gather(*(house.client.post(path, json=body, headers=headers) for _ in range(20)))
        assert {answer.status_code for answer in answers} == {201}
        assert len({answer.json()["id"] for answer in answers}) == 1
        assert {answer.json()["state"] for answer in answers} == {"executed"}
        assert kiosk.pulses() == 1


async def test_a_bank_that_is_not_there_gets_no_command(house: House) -> None:
    bank, claim = await house.bank(bank_file({"M": 3}))
    body = {"action": "open", "door": "M1", "reason": REASON}
    path = f"/v1/banks/{bank}/commands"
    never = await house.client.post(path, json=body, headers={"Idempotency-Key": fresh_key()})
    assert (never.status_code, never.json()["code"]) == (409, "bank-offline")
    assert "never queued" in never.json()["detail"]
    async with house.edge("left", claim) as kiosk:
        await reachable(house, bank)
        await kiosk.shows("M1", "free")
    # It has just left, and the server has not noticed: nobody listens, so nothing waits for it.
    left = await ask(house, bank, door="M1")
    assert (left["state"], left["answer"]) == ("refused", "absent")
    async with house.edge("left") as kiosk:
        await kiosk.shows("M1", "free")
        assert kiosk.pulses() == 0


@pytest.mark.prove
async def test_killed_before_the_pulse_it_is_unknown_and_then_the_journal_tells(house: House) -> None:
    bank, claim = await house.bank(bank_file({"M": 3}))
    async with house.edge("cut", claim, command=dying("intended_not_pulsed")):
        await reachable(house, bank)
        asking = asyncio.create_task(ask(house, bank, door="M1"))
        await house.processes["cut"].dies()
        unknown = await asking
        assert unknown["state"] == "unknown"
        assert "not sent again" in unknown["says"]
    async with house.edge("cut") as kiosk:
        done = await settled(house, unknown["id"], "refused")
        assert done["answer"] == "not-seen-open"
        assert kiosk.pulses() == 0
        await kiosk.shows("M1", "free")
    await tells(house, unknown["id"], "command.issued", "command.unknown", "command.refused")
    assert await house.check() == ""


@pytest.mark.prove
async def test_killed_after_the_pulse_it_was_executed_once(house: House) -> None:
    bank, claim = await house.bank(bank_file({"M": 3}))
    async with house.edge("cut2", claim, command=dying("pulsed_not_told")):
        await reachable(house, bank)
        asking = asyncio.create_task(ask(house, bank, door="M1"))
        await house.processes["cut2"].dies()
        unknown = await asking
    async with house.edge("cut2") as kiosk:
        done = await settled(house, unknown["id"], "executed")
        assert (done["opened"], kiosk.pulses()) == (["M1"], 1)
        await kiosk.act("M1", "shut")
        await kiosk.shows("M1", "free")
        assert kiosk.pulses() == 1
    assert await house.check() == ""


@pytest.mark.prove
async def test_everything_but_the_bank_is_killed_while_it_opens(doomed: House) -> None:
    await doomed.up()
    bank, claim = await doomed.bank(bank_file({"M": 3}))
    doomed.world("alone").write_text('{"1/1": {"jammed": true}}')  # so that it takes a while
    async with doomed.edge("alone", claim) as kiosk:
        await reachable(doomed, bank)
        asking = asyncio.create_task(ask(doomed, bank, door="M1"))

        async def pulsed() -> bool:
            return kiosk.pulses() >= 1

        await eventually(pulsed)
        await doomed.processes["up"].kill()
        await asyncio.gather(asking, return_exceptions=True)
        await kiosk.shows("M1", "blocked")
        await doomed.up()
        (command,) = (await doomed.get(f"/v1/commands?bank={bank}"))["items"]
        done = await settled(doomed, command["id"], "refused")
        assert done["answer"] == "not-opened"
        assert kiosk.pulses() == 2  # its two tries
    assert await doomed.check() == ""


async def test_a_restart_asked_for_is_a_new_run(house: House) -> None:
    bank, claim = await house.bank(bank_file({"M": 3}))
    async with house.edge("again", claim):
        await reachable(house, bank)
        asking = asyncio.create_task(ask(house, bank, "reboot"))
        # It ends itself, in order; starting it again is its supervisor's work.
        assert await house.processes["again"].child.wait() == 0
        async with house.edge("again2", home=house.home("again")):
            done = await settled(house, (await asking)["id"], "executed")
    starts = await house.events("bank.started", subject=f"banks/{bank}")
    assert len(starts) == 2
    assert done["says"] == "The controller has restarted."


async def test_a_second_person_has_to_agree(house: House) -> None:
    bank, claim = await house.bank(bank_file({"M": 8}))
    other = await second_key(house)
    async with house.edge("two", claim) as kiosk:
        await reachable(house, bank)
        await house.put(f"/v1/banks/{bank}/policy", {"second_person_above": 0})
        waits = await ask(house, bank, door="M1")
        assert (waits["state"], waits["second_person"]) == ("awaiting_confirmation", "count")
        assert kiosk.pulses() == 0
        path = f"/v1/commands/{waits['id']}/confirm"
        own = await house.client.post(path, json={}, headers={"Idempotency-Key": fresh_key()})
        assert (own.status_code, own.json()["code"]) == (403, "own-command")
        agreed = await as_other(house, other, path)
        assert agreed.json()["state"] == "executed", agreed.text
        assert agreed.json()["confirmed_by"]["label"].startswith("second")
        twice = await as_other(house, other, path)
        assert twice.json()["code"] == "command-confirm-when-executed"
        await kiosk.act("M1", "shut")
        await kiosk.shows("M1", "free")

        # Every door at once always needs two.
        await house.put(f"/v1/banks/{bank}/policy", {"second_person_above": 1000})
        every = await ask(house, bank, "open_all")
        assert every["second_person"] == "open-all"
        assert (await as_other(house, other, f"/v1/commands/{every['id']}/confirm")).is_success
        done = await settled(house, every["id"], "executed")
        assert sorted(done["opened"]) == [f"M{n}" for n in range(1, 9)]
        assert kiosk.pulses() == 9
        no = await ask(house, bank, "open_all")
        declined = await as_other(house, other, f"/v1/commands/{no['id']}/decline")
        assert declined.json()["state"] == "declined"
        await tells(house, no["id"], "command.asked", "command.declined")
    assert await house.check() == ""


async def test_out_of_service_and_back(house: House) -> None:
    bank, claim = await house.bank(bank_file({"M": 2}))
    async with house.edge("service", claim) as kiosk:
        await reachable(house, bank)
        assert (await ask(house, bank, "take_out", "M1"))["state"] == "executed"
        await kiosk.shows("M1", "blocked")

        async def blocked() -> bool:
            doors = (await house.get(f"/v1/banks/{bank}/compartments"))["items"]
            return [door["blocked"] for door in doors] == ["out-of-service", None]

        await eventually(blocked)
        back = await say("bank", "back-in-service", bank, "M1", "-r", REASON, env=house.env)
        assert back == "● Door M1 is back in service.\n"
        await kiosk.shows("M1", "free")
        assert "Door M2 is open." in await say("bank", "open", bank, "M2", "-r", REASON, env=house.env)
        listed = await say("bank", "commands", bank, env=house.env)
        assert [listed.count(word) for word in ("take_out M1", "put_back M1", "open M2", "executed")] == [1, 1, 1, 3]
        assert (await ask(house, bank, "put_back", "M1"))["answer"] == "in-use"
        counts = await ask(house, bank, "inventory")
        assert (counts["state"], counts["second_person"]) == ("awaiting_confirmation", "inventory")
        agreed = await as_other(house, await second_key(house), f"/v1/commands/{counts['id']}/confirm")
        assert agreed.json()["state"] == "executed", agreed.text


async def test_whoever_holds_the_broker_opens_nothing(house: House) -> None:
    """The same bytes again, changed bytes, another key, another bank, an old token; in this run and in the next."""
    bank, claim = await house.bank(bank_file({"M": 3}))

    async def all_told() -> bool:
        answered = [one for one in await house.events("command.answered") if one["data"]["bank"] == bank]
        return [one["data"]["reason"] for one in answered] == ["", "stale", "stale", "rebooted"]

    async with tapping(house, bank) as tap:
        async with house.edge("replay", claim) as kiosk:
            await reachable(house, bank)
            assert (await ask(house, bank, door="M1"))["state"] == "executed"
            await kiosk.act("M1", "shut")
            await kiosk.shows("M1", "free")
            (sent,) = tap.commands
            assert await tap.post(sent) == ("executed", "")
            for place in (8, 40, len(sent) // 2, len(sent) - 1):
                changed = bytearray(sent)
                changed[place] ^= 1
                assert await tap.post(bytes(changed)) == ("refused", "signature-invalid")
            good = await tap.command("M2")
            strange = Ed25519PrivateKey.generate()
            assert await tap.send(good, key=strange) == ("refused", "signature-invalid")
            assert await tap.send(await tap.command("M2", bank=UUID(int=1))) == ("refused", "foreign")
            assert await tap.send(await tap.command("M2", token=bytes(16))) == ("refused", "stale")
            assert await tap.send(await tap.command("M2", ttl_ms=1)) == ("refused", "stale")
            assert kiosk.pulses() == 1
        async with house.edge("replay") as kiosk:
            await kiosk.shows("M1", "free")
            assert await tap.post(sent) == ("executed", "")  # known, and not done again
            assert await tap.send(good) == ("refused", "rebooted")
            assert kiosk.pulses() == 1
            await eventually(all_told)
    assert {kind for kind, _ in await house.anomalies(bank)} == {"command_unknown"}  # signed, and not in our books
    assert await house.check() == ""
