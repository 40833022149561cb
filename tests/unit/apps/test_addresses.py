"""How the commands on one machine find the engines that one of them started."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from cranny.apps import addresses
from cranny.apps.addresses import Addresses, find, in_use
from cranny.apps.settings import Settings
from cranny.core.rng import SystemRng

HERE = Addresses(owner_dsn="owner", app_dsn="app", nats_url="nats", master=bytes(32), pid=os.getpid())
ELSEWHERE = {"database_url": "app@db", "owner_url": "owner@db", "nats_url": "nats://hub", "master_key": bytes([1]) * 32}


def held(folder: Path) -> dict[str, int]:
    return {file.name: file.stat().st_mode for file in folder.iterdir()}


async def test_who_runs_is_found_until_it_ends(tmp_path: Path) -> None:
    with addresses._announced(tmp_path, HERE):
        assert in_use(tmp_path)
        assert {name: stat.S_IMODE(mode) for name, mode in held(tmp_path).items()} == {"running.json": 0o600}
        async with find(Settings(data=tmp_path), SystemRng()) as found:
            assert found == HERE
    assert not in_use(tmp_path)
    assert held(tmp_path) == {}


async def test_what_is_configured_wins_over_what_runs_here(tmp_path: Path) -> None:
    with addresses._announced(tmp_path, HERE):
        async with find(Settings(data=tmp_path, **ELSEWHERE), SystemRng()) as found:
            assert (found.app_dsn, found.owner_dsn, found.nats_url) == ("app@db", "owner@db", "nats://hub")
            assert found.master == ELSEWHERE["master_key"]
        async with find(Settings(data=tmp_path, nats_url="nats://hub"), SystemRng()) as found:
            assert (found.app_dsn, found.nats_url) == ("app", "nats://hub")


async def test_where_all_is_configured_no_secret_is_written_down(tmp_path: Path) -> None:
    async with find(Settings(data=tmp_path, **ELSEWHERE), SystemRng()) as found:
        assert found.app_dsn == "app@db"
        assert held(tmp_path) == {}


def test_of_two_that_start_at_once_the_second_ones_word_stands(tmp_path: Path) -> None:
    with addresses._announced(tmp_path, HERE):
        with addresses._announced(tmp_path, msgspec.structs.replace(HERE, app_dsn="second")):
            pass
        assert not in_use(tmp_path)
    first, second = addresses._announced(tmp_path, HERE), addresses._announced(tmp_path, HERE)
    first.__enter__()
    second.__enter__()
    first.__exit__()
    assert in_use(tmp_path)
    second.__exit__()
    assert not in_use(tmp_path)


KILLED = """
import os, signal, sys
from pathlib import Path
from cranny.apps.addresses import Addresses, _announced
with _announced(Path(sys.argv[1]), Addresses(owner_dsn="o", app_dsn="a", nats_url="n", master=bytes(32), pid=1)):
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.slow
def test_what_a_killed_one_left_is_not_believed(tmp_path: Path) -> None:
    """Though somebody has its number by now: 1 is always alive."""
    subprocess.run([sys.executable, "-c", KILLED, tmp_path], check=False)  # noqa: S603 - our own words
    assert (tmp_path / "running.json").exists()
    assert not in_use(tmp_path)
    with addresses._announced(tmp_path, HERE):
        assert in_use(tmp_path)
