"""`cranny edge commission` as it is run: a process at a terminal, pymodbus's server at the other end of its line."""

import asyncio
import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cranny.core.clock import SystemClock
from cranny.core.rng import SeededRng
from cranny.edge import identity, lifecycle, wiring
from cranny.edge.change import Change
from cranny.edge.disk import ThreadDisk
from cranny.edge.drivers._modbus.bench import Bus, open_bench
from cranny.edge.identity import Identity
from cranny.edge.journal import load
from cranny.edge.owner import sole_owner
from cranny.edge.rows import Occupancy, Opening, Setting
from cranny.edge.schema import ALL_FACTS
from cranny.wire import nkey
from cranny.wire.facts import decode
from cranny.wire.kinds import Body, DoorExamined, DoorTried, unpack
from cranny.wire.messages import CompartmentGiven, Layout, pack

TENANT, BANK = UUID(int=1), UUID(int=2)
PATIENCE_S = 20


class Terminal:
    """A pseudo-terminal with somebody at it who shuts what stands open."""

    def __init__(self, home: Path, bus: Bus, *words: str) -> None:
        self.said = ""
        self._bus = bus
        self._near, far = pty.openpty()
        board = f"modbus:tcp://127.0.0.1:{bus.port},rest-ms=0"
        command = [sys.executable, "-m", "cranny", "edge", "commission", "--data", str(home), "--board", board, *words]
        self.process = subprocess.Popen(command, stdin=far, stdout=far, stderr=far)  # noqa: S603 - our own
        os.close(far)
        os.set_blocking(self._near, False)
        self._news = asyncio.Event()
        asyncio.get_running_loop().add_reader(self._near, self._hear)

    def _hear(self) -> None:
        try:
            self.said += os.read(self._near, 4096).decode()
        except OSError:  # the other end is closed
            asyncio.get_running_loop().remove_reader(self._near)
        self._news.set()

    async def until(self, pattern: str) -> re.Match[str]:
        """What was said, once it holds this; it is forgotten up to there."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not (found := re.search(pattern, self.said)):
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"it did not say {pattern!r}, but {self.said[-2000:]!r}") from None
        self.said = self.said[found.end() :]
        return found

    def key(self, text: str = "") -> None:
        os.write(self._near, f"{text}\n".encode())

    async def door(self, label: str, answer: str = "", *, opens: int | None = None) -> None:
        """Answer the question about one door once it stands as it should, and shut what opened."""
        await self.until(rf"Door {label} open\?.*Stop: q\. ")
        at = (1, opens or int(label))
        async with asyncio.timeout(PATIENCE_S):
            while answer != "n" and not self._bus.cabinet.box(at).door_open:  # noqa: ASYNC110 - steel rings no bell
                await asyncio.sleep(0.02)
        self.key(answer)
        if answer != "n":
            await self.until(r"Shut door")
            self._bus.cabinet.shut(at)

    async def end(self) -> int:
        async with asyncio.timeout(PATIENCE_S):
            code = await asyncio.to_thread(self.process.wait)
        os.close(self._near)
        return code


async def _enrolled(home: Path, *, full: str = "", unsettled: str = "") -> None:
    seed = nkey.seed(b"b" * 32).decode()
    server = Ed25519PrivateKey.from_private_bytes(b"s" * 32).public_key().public_bytes_raw()
    identity.write(home, Identity(TENANT, BANK, [], seed, server, b"p" * 32))
    boxes = [CompartmentGiven(f"0{n}", 300, 200, 400, 500, [], 1, n) for n in range(1, 6)]
    rows = [
        Setting("layout", pack(Layout("Hall", "UTC", boxes))),
        Occupancy(full, 1, None, b"", UUID(int=3), []),
        Opening(
            opening=UUID(int=4),
            door=unsettled,
            generation=1,
            purpose="collect",
            grant=None,
            credential="code",
            deliveries=[],
            visit=None,
            state=lifecycle.Opening.DOUBTFUL,
        ),
    ]
    disk = ThreadDisk(home / "journal.sqlite")
    journal = await load(disk, TENANT, BANK, clock=SystemClock(), boot=UUID(int=5), offline=lambda: True)
    await journal.commit(lambda _: (Change(rows=rows), None))
    await disk.close()


async def _told(home: Path) -> list[Body | None]:
    disk = ThreadDisk(home / "journal.sqlite")
    stored = await disk.run(lambda connection: connection.execute(ALL_FACTS).fetchall())
    await disk.close()
    return [unpack(fact.kind, fact.body) for fact in (decode(row) for (row,) in stored)]


@asynccontextmanager
async def _line() -> AsyncIterator[Bus]:
    async with open_bench(SeededRng(1), "tcp") as (_, bus):
        yield bus


async def test_a_technician_at_a_terminal(tmp_path: Path) -> None:
    await _enrolled(tmp_path, full="03", unsettled="05")
    async with _line() as bus:
        bus.cabinet.jam((1, 2))
        terminal = Terminal(tmp_path, bus)
        await terminal.until(r"not settled: 05\.")
        await terminal.until(r"lie in 03\..*pass them over\. ")
        terminal.key()
        await terminal.until(r"Shut every door")
        terminal.key()
        await terminal.door("01")
        await terminal.door("02", "n")
        await terminal.door("04")
        await terminal.until(r"Door 02: nothing opens it")
        await terminal.until(r"4 of 5 doors work")
        assert await terminal.end() == 0
        assert [bus.cabinet.pulses((1, n)) for n in range(1, 6)] == [1, 1, 0, 1, 0]
    told = await _told(tmp_path)
    assert [body.door for body in told if isinstance(body, DoorTried)] == ["01", "02", "04"]
    assert [body.opened for body in told if isinstance(body, DoorExamined)] == ["01", None, "04"]
    found = wiring.read(tmp_path, "modbus")
    assert found is not None
    assert {wire.door: wire.fault for wire in found.doors} == {"01": "", "02": "lock", "03": "", "04": "", "05": ""}


async def test_what_lies_inside_is_opened_when_the_person_says_so(tmp_path: Path) -> None:
    await _enrolled(tmp_path, full="03", unsettled="05")
    async with _line() as bus:
        terminal = Terminal(tmp_path, bus, "--door", "03")
        await terminal.until(r"pass them over\. ")
        terminal.key("yes")
        await terminal.until(r"Shut every door")
        terminal.key()
        await terminal.door("03")
        await terminal.until(r"1 of 1 doors work")
        assert await terminal.end() == 0
        assert bus.cabinet.pulses((1, 3)) == 1


async def test_a_running_controller_keeps_its_line_and_its_journal(tmp_path: Path) -> None:
    await _enrolled(tmp_path, full="03", unsettled="05")
    async with _line() as bus:
        with sole_owner(tmp_path):
            terminal = Terminal(tmp_path, bus)
            await terminal.until(r"box-in-use")
            assert await terminal.end() == 1
        assert bus.asked == []
    assert await _told(tmp_path) == []


async def test_ctrl_c_leaves_it_where_it_is(tmp_path: Path) -> None:
    (tmp_path / "bank.yaml").write_text(BANK_FILE)
    words = ("--layout", str(tmp_path / "bank.yaml"))
    async with _line() as bus:
        terminal = Terminal(tmp_path, bus, *words)
        await terminal.until(r"Shut every door")
        terminal.key()
        await terminal.door("01")
        await terminal.until(r"Door 02 open")
        terminal.process.send_signal(signal.SIGINT)
        await terminal.end()
        bus.cabinet.shut((1, 2))
        again = Terminal(tmp_path, bus, *words)
        await again.until(r"Shut every door")
        again.key()
        await again.door("02")
        await again.until(r"2 of 2 doors work")
        assert await again.end() == 0
    lines = (tmp_path / "commissioning.log").read_bytes().splitlines()
    assert [msgspec.json.decode(line)["kind"] for line in lines].count("door.tried") == 3


@pytest.mark.parametrize(
    ("words", "code"), [((), "layout-unknown"), (("--layout", "corner-20", "--door", "x"), "door-")]
)
async def test_what_can_t_be_done_is_a_sentence(tmp_path: Path, words: tuple[str, ...], code: str) -> None:
    async with _line() as bus:
        terminal = Terminal(tmp_path, bus, *words)
        await terminal.until(code)
        assert await terminal.end() == 78
        assert bus.asked == []


BANK_FILE = """
name: Two doors
timezone: Europe/Prague
site: Hall
towers:
  - name: A
    compartments:
      - {label: "01", width: 400, height: 200, depth: 600, centre: 900, unit: 1, channel: 1}
      - {label: "02", width: 400, height: 200, depth: 600, centre: 1200, unit: 1, channel: 2}
"""
