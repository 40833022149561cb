"""Processes that are killed where it hurts: nothing that was acknowledged is lost, nothing happens twice, and no lock
moves because somebody started."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest

from .house import House, dying, together
from .kiosk import Answer
from .parcels import announce, announcement, bank_file, deposit, opens
from .patience import eventually

pytestmark = together("killed")


async def fatal(house: House, name: str, ask: Callable[[], Awaitable[Answer]]) -> None:
    """Ask a bank for something, until it has heard of it and dies of it."""

    async def died() -> bool:
        try:
            answer = await ask()
        except httpx2.TransportError:
            return True
        assert answer["code"] == "refused", answer
        return False

    await eventually(died)
    await house.processes[name].dies()


async def facts(house: House, bank: str) -> list[Answer]:
    """What the server took from a bank, in the order of its journal; every number once."""
    found = [one for one in await house.events() if one["data"].get("bank") == bank and "seq" in one["data"]]
    found.sort(key=lambda one: (one["data"]["epoch"], one["data"]["seq"]))
    assert [one["data"]["seq"] for one in found] == list(range(1, len(found) + 1))
    return found


def all_gone(data: Path) -> bool:
    """No process is left that was started on this directory, or for it."""
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it ended meanwhile, or is somebody else's
            if str(data).encode() in (process / "cmdline").read_bytes() + (process / "environ").read_bytes():
                return False
    return True


async def test_the_controller_is_killed_four_times_around_one_parcel(house: House) -> None:
    name, (bank, claim) = "killed", await house.bank(bank_file({"M": 3}))
    before, after = dying("intended_not_pulsed"), dying("pulsed_not_told")
    parcel = await announce(house, bank)

    # A deposit: the intent is on the disk, the lock has not moved.
    async with house.edge(name, claim, command=before) as kiosk:
        await fatal(house, name, lambda: kiosk.scan(parcel.tracking))
    async with house.edge(name, command=after) as kiosk:
        assert kiosk.pulses() == 0  # the start made good for nothing
        await kiosk.shows("M1", "free")  # the sensor says empty
        # Once more: the lock was released, and nobody saw what came of it.
        await fatal(house, name, lambda: kiosk.scan(parcel.tracking))
    async with house.edge(name, command=before) as kiosk:
        opened = {door["label"] for door in (await kiosk.state())["doors"] if door["look"] == "open"}
        assert (kiosk.pulses(), len(opened)) == (1, 1)
        (door,) = opened
        await kiosk.act(door, "put", "shut")
        await parcel.becomes("stored")

        # A pick-up: the intent, and no pulse.
        await parcel.ready(kiosk)
        await fatal(house, name, lambda: kiosk.code(parcel.code))
    async with house.edge(name, command=after) as kiosk:
        await kiosk.shows(door, "taken")
        assert kiosk.pulses() == 1
        # The code still opens, for the parcel is still there; the lock is released.
        await fatal(house, name, lambda: kiosk.code(parcel.code))
    async with house.edge(name) as kiosk:
        await kiosk.shows(door, "open")
        assert kiosk.pulses() == 2
        await kiosk.act(door, "take", "shut")
        await parcel.becomes("collected")

    # The journal told of each doubt, and of each end once.
    told = [one["type"] for one in await facts(house, bank)]
    assert told == [
        "bank.started", "opening.intended",
        "bank.started", "opening.unknown", "door.shut", "deposit.abandoned", "opening.intended",
        "bank.started", "opening.unknown", "door.shut", "deposit.stored", "opening.intended",
        "bank.started", "opening.unknown", "door.shut", "collect.left", "opening.intended",
        "bank.started", "opening.unknown", "door.shut", "collect.finished",
    ]  # fmt: skip
    assert await house.check() == ""


async def test_where_nobody_can_look_inside_the_door_waits_for_a_person(house: House) -> None:
    name, (bank, claim) = "blind", await house.bank(bank_file({"M": 2}))
    parcel = await announce(house, bank)
    async with house.edge(name, claim, board="no-content", command=dying("intended_not_pulsed")) as kiosk:
        await fatal(house, name, lambda: kiosk.scan(parcel.tracking))
    async with house.edge(name, board="no-content") as kiosk:
        await kiosk.shows("M1", "blocked")
        assert kiosk.pulses() == 0
        assert await deposit(kiosk, parcel) == "M2"
    (door, _) = (await house.get(f"/v1/banks/{bank}/compartments"))["items"]
    assert (door["label"], door["blocked"], door["generation"]) == ("M1", "uncertain", None)


@pytest.mark.prove
async def test_the_worker_is_killed_between_commit_and_acknowledgement(doomed: House) -> None:
    await doomed.up("server")
    await doomed.run("worker")
    bank, claim = await doomed.bank(bank_file({"M": 2}))
    async with doomed.edge("acks", claim) as kiosk:
        parcel = await announce(doomed, bank)
        door = (await opens(kiosk, parcel.tracking))["door"]

        async def all_safe() -> bool:
            last, safe, _ = kiosk.mark()
            return last == safe

        await eventually(all_safe)
        await doomed.processes["worker"].end()
        dies = await doomed.run("worker", command=dying("committed_not_answered"))
        await kiosk.act(door, "put", "shut")
        await dies.dies()
        last, safe, _ = kiosk.mark()
        taken = (await doomed.get(f"/v1/banks/{bank}/status"))["taken"]
        await doomed.run("worker")
        assert safe < taken <= last  # committed, and the bank has not heard of it
        await parcel.becomes("stored")
        await eventually(all_safe)
    told = [one["type"] for one in await facts(doomed, bank)]
    assert told == ["bank.started", "opening.intended", "door.opened", "door.shut", "deposit.stored"]
    assert len(await doomed.events("delivery.stored", subject=parcel.subject)) == 1
    assert await doomed.check() == ""


@pytest.mark.prove
async def test_everything_but_the_bank_is_killed_while_everybody_works(doomed: House) -> None:
    await doomed.up()
    bank, claim = await doomed.bank(bank_file({"M": 40}))
    async with doomed.edge("survivor", claim) as kiosk:
        offline = await announce(doomed, bank)
        held = await announce(doomed, bank)  # rights come down in order: who knows this one knows the other
        open_door = await opens(kiosk, held.tracking)

        asked = {f"key-{n}": announcement(bank) for n in range(30)}
        answered: dict[str, Any] = {}
        ten = asyncio.Event()

        async def ask(key: str) -> None:
            answer = await doomed.client.post("/v1/deliveries", json=asked[key], headers={"Idempotency-Key": key})
            assert answer.status_code == 201, answer.text
            answered[key] = answer.json()["id"]
            if len(answered) >= 10:
                ten.set()

        asking = [asyncio.create_task(ask(key)) for key in asked]
        await ten.wait()
        await doomed.processes["up"].kill()
        await asyncio.gather(*asking, return_exceptions=True)
        assert 10 <= len(answered) < 30
        await kiosk.act(open_door["door"], "put", "shut")
        door = (await opens(kiosk, offline.tracking))["door"]  # works alone
        await kiosk.act(door, "put", "shut")
        await kiosk.shows(door, "taken")

        await doomed.up()
        before = dict(answered)
        for key in asked:
            await ask(key)
        assert {key: answered[key] for key in before} == before
        assert len(set(answered.values())) == 30
        for parcel in (held, offline):
            await parcel.becomes("stored")
        told = await facts(doomed, bank)
    (stored,) = [one["data"] for one in told if one["type"] == "deposit.stored" and one["data"]["door"] == door]
    assert stored["offline"]
    listed = (await doomed.get(f"/v1/deliveries?bank={bank}&limit=500"))["items"]
    assert {one["id"] for one in listed} == {*answered.values(), held.id, offline.id}
    assert await doomed.check() == ""
    await doomed.down()
    assert await eventually(lambda: asyncio.to_thread(all_gone, doomed.data))
