"""The service of a controller: systemd itself reads it and says how exposed it is, where it is installed."""

import asyncio
import ctypes
import re
import shutil
import sys
from pathlib import Path

import pytest

from cranny.apps.unit import unit
from cranny.core.errors import NotFound
from cranny.edge import drivers, readers

ANALYZE = shutil.which("systemd-analyze")
PR_SET_MDWE, REFUSE_EXEC_GAIN = 65, 1
WORK = """
import ctypes, sys
assert ctypes.CDLL(None).prctl(65, 1, 0, 0, 0) == 0
import cranny.apps.edge, cranny.edge.kiosk.pages
import argon2.low_level as argon2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
key = Ed25519PrivateKey.generate()
key.public_key().verify(key.sign(b"x"), b"x")
argon2.hash_secret_raw(b"x", b"s" * 16, time_cost=2, memory_cost=19456, parallelism=1, hash_len=32, type=argon2.Type.ID)
print("done")
"""


def written(board: str = "simulated", *scanners: str) -> str:
    return unit(Path(sys.executable), ["--board", board], board=board, scanners=scanners)


@pytest.mark.slow
def test_it_gets_the_devices_of_its_plug_ins_and_no_others() -> None:
    assert "SupplementaryGroups=dialout\n" in written("kerong_cu48:tcp://10.0.0.5:4001")
    text = written("gpio:chip=/dev/gpiochip0,locks=17,doors=5", "input:/dev/input/by-id/x", "pcsc:")
    assert "SupplementaryGroups=dialout gpio input\n" in text
    assert re.findall(r"DeviceAllow=char-(\S+) rw", text) == [
        *("gpiochip", "gpiomem", "input", "ttyACM", "ttyAMA", "ttyS", "ttyUSB"),
    ]


def test_what_is_typed_is_quoted() -> None:
    assert "--board 'simulated:a b 100%%'" in written("simulated:a b 100%")


@pytest.mark.parametrize(("board", "scanners"), [("no-such-board", ()), ("simulated", ("no-such-reader:x",))])
def test_what_there_is_not_is_refused(board: str, scanners: tuple[str, ...]) -> None:
    with pytest.raises(NotFound):
        written(board, *scanners)


def test_every_plug_in_can_be_had() -> None:
    for board in drivers.names():
        written(board, *readers.names())


@pytest.mark.slow
@pytest.mark.skipif(ANALYZE is None, reason="systemd is not installed here")
async def test_systemd_understands_it_and_finds_it_hardly_exposed(tmp_path: Path) -> None:
    file = tmp_path / "cranny-edge.service"
    file.write_text(written("modbus:/dev/ttyUSB0", *readers.names()))
    assert ANALYZE is not None
    assert await _run(ANALYZE, "verify", "--man=no", str(file)) == (0, "")
    code, said = await _run(ANALYZE, "security", "--offline=true", "--threshold=20", str(file))
    assert code == 0, said


@pytest.mark.slow
async def test_a_controller_lives_without_memory_that_can_be_written_and_run() -> None:
    """`MemoryDenyWriteExecute`: no compiler at run time is among our packages."""
    if sys.platform != "linux" or ctypes.CDLL(None).prctl(PR_SET_MDWE + 1, 0, 0, 0, 0) < 0:
        pytest.skip("this kernel can't refuse such memory (Linux 6.3)")
    assert await _run(sys.executable, "-c", WORK) == (0, "done\n")


async def _run(*command: str) -> tuple[int | None, str]:
    child = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    out, _ = await child.communicate()
    return child.returncode, out.decode()
