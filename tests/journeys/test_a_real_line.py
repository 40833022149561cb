"""A bank whose locks hang on a serial line: a real controller process, the bytes of a Kerong CU16 over a
pseudo-terminal, and somebody who pulls the cable."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest_asyncio

from cranny.core.rng import SeededRng
from cranny.edge.drivers import Address, kerong_cu16
from cranny.edge.drivers._serial.bench import PtyCable, SimulatedLine
from cranny.edge.drivers._steel import Cabinet

from .house import House, free_port, start, together
from .kiosk import Kiosk
from .parcels import SMALL, announce, bank_file, opens
from .patience import PATIENCE_S, eventually

pytestmark = together()

WORDS = "content=infrared,pulse-ms=300"


@dataclass
class Hall:
    house: House
    bank: str
    kiosk: Kiosk
    line: SimulatedLine
    cabinet: Cabinet
    address: str

    def at(self, label: str) -> Address:
        return 1, int(label[1:])

    async def swings_open(self, label: str) -> None:
        async def open_() -> bool:
            return self.cabinet.box(self.at(label)).door_open

        await eventually(open_)

    def pulses(self) -> int:
        return sum(box.pulses for box in self.cabinet.boxes.values())

    async def metric(self, name: str) -> int:
        told = (await self.kiosk.client.get("/metrics")).text.splitlines()
        return next(int(line.split()[-1]) for line in told if line.startswith(name))


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def hall(house: House, tmp_path_factory) -> AsyncIterator[Hall]:
    folder: Path = tmp_path_factory.mktemp("line")
    cable, cabinet = PtyCable(folder / "tty"), Cabinet(SeededRng(1))
    line = SimulatedLine(kerong_cu16.boards(f"/dev/simulated,{WORDS}"), cabinet, cable, [1])
    await line.plug()
    bank, claim = await house.bank(bank_file({"S": 4}, open_wait_s=5))
    try:
        async with house.edge("line", claim, address=f"kerong_cu16:{cable.address},{WORDS}") as kiosk:
            yield Hall(house, bank, kiosk, line, cabinet, cable.address)
    finally:
        await line.close()
        await cabinet.close()


async def test_a_parcel_comes_the_cable_goes_and_the_parcel_is_collected(hall: Hall) -> None:
    house, kiosk, cabinet = hall.house, hall.kiosk, hall.cabinet
    parcel = await announce(house, hall.bank, size=SMALL)
    assert hall.pulses() == 0
    opened = await opens(kiosk, parcel.tracking)
    door = opened["door"]
    await hall.swings_open(door)
    cabinet.put(hall.at(door))
    cabinet.shut(hall.at(door))
    assert (await parcel.becomes("stored"))["door"] == door
    await kiosk.done(opened["visit"])
    assert hall.pulses() == 1
    await parcel.ready(kiosk)

    await hall.line.unplug()
    await kiosk.shows(door, "unseen")
    blind = await kiosk.code(parcel.code)
    assert blind["code"] == "refused", blind
    assert await hall.metric("cranny_board_line_connected") == 0
    await hall.line.plug()
    await kiosk.shows(door, "taken")
    assert hall.pulses() == 1  # what was asked in the dark is never done

    assert (await opens(kiosk, parcel.qr))["door"] == door
    await hall.swings_open(door)
    assert cabinet.take(hall.at(door)) == ["parcel"]
    cabinet.shut(hall.at(door))
    await parcel.becomes("collected")
    collected = await house.happens("delivery.collected", parcel.subject)
    assert collected["data"]["evidence"] == "sensed"
    assert hall.pulses() == 2
    assert await hall.metric("cranny_board_line_connections_total") == 2
    assert await house.check() == ""


async def test_a_second_controller_on_the_line_is_told_so_in_a_sentence(hall: Hall) -> None:
    _, claim = await hall.house.bank(bank_file({"S": 1}))
    second = await start(
        "edge", "--data", str(hall.house.home("second")), "--claim", claim, "--server", hall.house.url,
        "--port", str(free_port()), "--board", f"kerong_cu16:{hall.address}", log=hall.house.data / "second.log",
    )  # fmt: skip
    async with asyncio.timeout(PATIENCE_S):
        assert await second.child.wait() != 0
    said = second.log.read_text()
    assert f"{hall.address} is in use by another program" in said
    assert "Traceback" not in said


async def test_the_cable_goes_while_a_door_stands_open(hall: Hall) -> None:
    """What was done in the dark is seen afterwards, and told as what it is: an opening that nobody watched."""
    house, kiosk, cabinet = hall.house, hall.kiosk, hall.cabinet
    parcel = await announce(house, hall.bank, size=SMALL)
    before = hall.pulses()
    opened = await opens(kiosk, parcel.tracking)
    door = opened["door"]
    await hall.swings_open(door)
    await hall.line.unplug()
    await kiosk.shows(door, "unseen")
    cabinet.put(hall.at(door))
    cabinet.shut(hall.at(door))
    await hall.line.plug()
    assert (await parcel.becomes("stored"))["door"] == door
    await kiosk.done(opened["visit"])
    assert hall.pulses() == before + 1
    told = await house.events("opening.unknown", subject=f"banks/{hall.bank}/doors/{door}")
    assert len(told) == 1
    assert await house.check() == ""
