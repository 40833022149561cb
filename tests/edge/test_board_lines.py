"""Lines of lock boards beyond what every board must bear: ports and their owners, converters, options, hasty pulses."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from cranny.core.clock import SystemClock
from cranny.core.errors import Conflict
from cranny.core.rng import SeededRng
from cranny.edge.drivers import Bench, BoardFault, BoardSilent, bcc_8a80, kerong_cu16, kerong_cu48, winnsen
from cranny.edge.drivers._serial.bench import Boards, PtyCable, SimulatedLine, Steel, TcpCable, line_bench
from cranny.edge.drivers._serial.driver import LineDriver
from cranny.edge.drivers._serial.line import FROZEN
from cranny.edge.drivers._steel import Cabinet

ONE, TWO = (1, 1), (1, 2)
BOARDS = {"bcc_8a80": bcc_8a80, "kerong_cu16": kerong_cu16, "kerong_cu48": kerong_cu48, "winnsen": winnsen}
PLAIN = {name: "channels=16" if name == "bcc_8a80" else "" for name in BOARDS}
PATIENCE_S = 20.0


class HastyClock(SystemClock):
    """Real time, and more of it when told."""

    ahead_s = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead_s


@asynccontextmanager
async def bench(name: str, words: str | None = None, **more: Any) -> AsyncIterator[tuple[Bench, SimulatedLine]]:
    module: Any = BOARDS[name]
    words = PLAIN[name] if words is None else words
    more = {"clock": SystemClock(), "boards": module.boards, **more}
    boards = more.pop("boards")
    async with line_bench(module.open_board, boards, words, rng=SeededRng(1), **more) as found:
        found.driver.fit([ONE, TWO])
        assert isinstance(found.line, SimulatedLine)
        yield found, found.line


async def becomes(question: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not question():  # noqa: ASYNC110 - the other side has no bell
            await asyncio.sleep(0.01)


# ---------------------------------------------------------------- converters


@pytest.mark.parametrize("name", BOARDS)
async def test_behind_a_converter(name: str) -> None:
    async with bench(name, cable=TcpCable()) as (found, line):
        assert not (await found.driver.read())[ONE].door_open
        await found.driver.pulse(*ONE)
        await becomes(lambda: not Steel(found.hands).is_shut(ONE))  # type: ignore[arg-type]
        assert (await found.driver.read())[ONE].door_open
        await line.unplug()
        await becomes(lambda: not found.driver.meters.connected)
        with pytest.raises(BoardSilent):
            await found.driver.pulse(*TWO)
        await line.plug()
        await becomes(lambda: found.driver.meters.connected)
        assert (await found.driver.read())[ONE].door_open
        assert (found.hands.pulses(ONE), found.hands.pulses(TWO)) == (1, 0)


@pytest.mark.parametrize("name", BOARDS)
async def test_an_unanswered_pulse_lets_go_of_a_converter(name: str) -> None:
    """The network might still have it, and deliver it when nobody stands there any more."""
    async with bench(name, cable=TcpCable()) as (found, line):
        await found.driver.read()
        line.mute = {1}
        with pytest.raises(BoardSilent):
            await found.driver.pulse(*ONE)
        line.mute = set()
        await becomes(lambda: found.driver.meters.connections == 2)
        assert await found.driver.read()
        assert found.hands.pulses(ONE) == 1


@pytest.mark.parametrize("cable", [PtyCable, TcpCable])
async def test_a_line_on_which_nobody_answers_is_opened_anew(cable: Any, tmp_path: Path) -> None:
    """Ports freeze, and a converter that loses its power ends no connection."""
    wire = cable(tmp_path / "tty") if cable is PtyCable else cable()
    async with bench("winnsen", cable=wire) as (found, line):
        await found.driver.read()
        line.mute = {1}
        for _ in range(FROZEN):
            with pytest.raises(BoardSilent):
                await found.driver.read()
        line.mute = set()
        await becomes(lambda: found.driver.meters.connections > 1 and found.driver.meters.connected)
        assert await found.driver.read()


# ---------------------------------------------------------------- one owner


@pytest.mark.parametrize("cable", [PtyCable, TcpCable])
async def test_a_second_driver_is_told_who_it_is_not(cable: Any, tmp_path: Path) -> None:
    wire = cable(tmp_path / "tty") if cable is PtyCable else cable()
    async with bench("kerong_cu16", cable=wire):
        with pytest.raises(Conflict, match="has one owner") as caught:
            await winnsen.open_board(wire.address, clock=SystemClock(), rng=SeededRng(2))
        assert caught.value.code == "board-port-busy"
        assert await _another_process(wire.address) == "board-port-busy"
    assert await _another_process(wire.address) != "board-port-busy"


async def _another_process(address: str) -> str:
    program = f"""
import asyncio
from cranny.core.clock import SystemClock
from cranny.core.errors import CrannyError
from cranny.core.rng import SystemRng
from cranny.edge.drivers import kerong_cu16
async def main():
    board = await kerong_cu16.open_board({address!r}, clock=SystemClock(), rng=SystemRng())
    await board.close()
try:
    asyncio.run(main())
except CrannyError as error:
    print("#", error.code)
"""
    child = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE)
    out, _ = await child.communicate()
    assert child.returncode == 0
    return next((line[2:] for line in out.decode().splitlines() if line.startswith("# ")), "")


async def test_a_port_that_is_not_there_yet(tmp_path: Path) -> None:
    cable, cabinet = PtyCable(tmp_path / "tty"), Cabinet(SeededRng(1))
    driver = await kerong_cu16.open_board(f"{cable.address},timeout-ms=400", clock=SystemClock(), rng=SeededRng(1))
    driver.fit([ONE])
    assert not driver.meters.connected
    with pytest.raises(BoardSilent, match="No such file"):
        await driver.read()
    line = SimulatedLine(kerong_cu16.boards("/dev/simulated"), cabinet, cable, [1])
    await line.plug()
    await becomes(lambda: driver.meters.connected)
    assert await driver.read()
    await driver.close()
    await line.close()


async def test_what_is_no_serial_port_is_said_in_a_sentence(tmp_path: Path) -> None:
    for path, says in [
        ("/dev/null", "ioctl"),
        (str(tmp_path), "directory"),
        ("tcp://127.0.0.1:1", "Connect call failed"),
    ]:
        driver = await winnsen.open_board(path, clock=SystemClock(), rng=SeededRng(1))
        driver.fit([ONE])
        with pytest.raises(BoardSilent, match=says):
            await driver.read()
        await driver.close()


# ---------------------------------------------------------------- options


OPTIONS = [
    ("bcc_8a80", "channels=8"),
    ("bcc_8a80", "channels=50,shut-bit=0,bit-order=high-first,group-order=low-first"),
    ("bcc_8a80", "channels=2,shut-bit=0"),
    ("kerong_cu16", "shut-bit=0,content=infrared,full-bit=0"),
    ("kerong_cu16", "bit-order=high-first,unlock-reply=never,pulse-ms=550"),
    ("kerong_cu16", "unlock-reply=always"),
    ("kerong_cu48", "shut-bit=0"),
    ("kerong_cu48", "commands=60,order=lock-first"),
    ("winnsen", "shut-bit=1,baud=19200"),
]


@pytest.mark.parametrize(("name", "words"), OPTIONS)
@pytest.mark.parametrize("echo", [False, True])
async def test_wired_in_another_way(name: str, words: str, *, echo: bool) -> None:
    async with bench(name, words) as (found, line):
        line.echo = echo
        readings = await found.driver.read()
        assert (readings[ONE].door_open, readings[TWO].door_open) == (False, False)
        assert readings[ONE].content is (False if found.driver.has_content else None)
        found.hands.force(TWO)
        found.hands.put(TWO)
        readings = await found.driver.read()
        assert (readings[ONE].door_open, readings[TWO].door_open) == (False, True)
        assert readings[TWO].content is (True if found.driver.has_content else None)
        await found.driver.pulse(*ONE)
        assert (found.hands.pulses(ONE), found.hands.pulses(TWO)) == (1, 0)


async def test_an_echo_is_no_answer_where_both_have_the_same_bytes() -> None:
    """Eight locks, all of them open, on an 8A/80 board: its status is the question, byte by byte. So is its answer to
    an unlock. The board is dead, and only our own words come back."""
    async with bench("bcc_8a80", "channels=8") as (found, line):
        line.echo, line.mute = True, {1}
        with pytest.raises(BoardSilent):
            await found.driver.read()
        with pytest.raises(BoardSilent):
            await found.driver.pulse(*ONE)
        assert found.driver.meters.boards[1].echoes > 0


async def test_an_answer_that_repeats_the_request_is_one() -> None:
    def boards(address: str) -> Boards:
        return bcc_8a80.boards(address, repeats=True)

    for echo in (False, True):
        async with bench("bcc_8a80", "channels=8", boards=boards) as (found, line):
            line.echo = echo
            for channel in range(1, 9):
                found.hands.force((1, channel))
            assert (await found.driver.read())[ONE].door_open
            await found.driver.pulse(*ONE)
            assert found.hands.pulses(ONE) == 1


async def test_a_pulse_time_is_set_once_on_every_connection() -> None:
    wanted = bytes.fromhex("02 10 37 00 37 03 83")
    async with bench("kerong_cu16", "pulse-ms=550") as (found, line):
        await found.driver.read()
        await found.driver.read()
        assert line.heard.count(wanted) == 1
        await line.unplug()
        await line.plug()
        await becomes(lambda: found.driver.meters.connected and found.driver.meters.connections == 2)
        await found.driver.read()
        assert line.heard.count(wanted) == 2


async def test_firmware_that_answers_no_unlock_is_asked_for_its_status() -> None:
    def taciturn(address: str) -> Boards:
        return kerong_cu16.boards(f"{address},unlock-reply=never")

    async with bench("kerong_cu16", boards=taciturn) as (found, line):
        await found.driver.read()
        await found.driver.pulse(*ONE)
        assert found.hands.pulses(ONE) == 1
        line.mute = {1}
        with pytest.raises(BoardSilent):
            await found.driver.pulse(*TWO)
        assert found.hands.pulses(TWO) == 1


# ---------------------------------------------------------------- pulses


async def test_a_lock_that_nobody_uses_is_never_asked() -> None:
    async with bench("kerong_cu16") as (found, line):
        await found.driver.read()
        before = len(line.heard)
        for unit, channel in [(1, 3), (1, 17), (1, 0), (2, 1), (16, 1), (300, 1)]:
            found.driver.fit([ONE, (1, 17), (16, 1), (300, 1)])
            with pytest.raises(BoardFault) as caught:
                await found.driver.pulse(unit, channel)
            assert caught.value.permanent
        assert len(line.heard) == before
        assert await found.driver.read()


async def test_a_pulse_that_comes_too_late_is_not_sent() -> None:
    clock = HastyClock()
    async with bench("kerong_cu48", clock=clock) as (found, line):
        await found.driver.read()
        line.late_s = 0.2
        reading = asyncio.create_task(found.driver.read())
        await asyncio.sleep(0.05)
        pulse = asyncio.create_task(found.driver.pulse(*ONE))
        await asyncio.sleep(0.05)
        clock.ahead_s = 60.0
        with pytest.raises(BoardFault, match="nothing was sent") as caught:
            await pulse
        assert not caught.value.permanent
        await asyncio.gather(reading, return_exceptions=True)
        assert found.hands.pulses(ONE) == 0


async def test_locks_are_released_one_after_another() -> None:
    async with bench("winnsen", "shut-bit=0") as (found, _):
        driver = found.driver
        assert isinstance(driver, LineDriver)
        await driver.read()
        driver._rest_s = 0.5
        clock = SystemClock()
        began = clock.monotonic()
        await asyncio.gather(driver.pulse(*ONE), driver.pulse(*TWO))
        assert clock.monotonic() - began >= 0.5
        assert (found.hands.pulses(ONE), found.hands.pulses(TWO)) == (1, 1)


async def test_a_lock_that_must_cool_down_says_so() -> None:
    def tired(address: str) -> Boards:
        return winnsen.boards(address, tires_after=1)

    async with bench("winnsen", boards=tired) as (found, _):
        await found.driver.pulse(*ONE)
        with pytest.raises(BoardFault, match="cool down") as caught:
            await found.driver.pulse(*ONE)
        assert not caught.value.permanent
        assert found.hands.pulses(ONE) == 1
        assert set(await found.driver.read()) == {TWO}  # where the other door is, nobody can tell just now


async def test_without_a_checksum_news_is_believed_when_it_is_said_twice() -> None:
    lies = iter([False, False, False, True, False, False, True, False])  # the first is for the probe

    def lying(address: str) -> Boards:
        honest = winnsen.boards(address)

        def answer(request: bytes, steel: Steel) -> bytes:
            said = honest.answer(request, steel)
            lie = request[2] == winnsen.STATUS and request[4] == 1 and next(lies, False)
            return said[:4] + bytes([1 - said[4]]) + said[5:] if lie else said

        return Boards(honest.look, honest.unit, answer)

    async with bench("winnsen", boards=lying) as (found, _):
        assert not any([(await found.driver.read())[ONE].door_open for _ in range(5)])
        found.hands.force(ONE)
        assert (await found.driver.read())[ONE].door_open
