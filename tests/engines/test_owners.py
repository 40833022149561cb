"""Engines and the programs that own them: killed, doubled, run by others."""

import asyncio
import os
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import asyncpg
import pytest

from cranny.platform import engines
from cranny.platform.engines.binaries import postgres_programs
from cranny.platform.engines.directory import claimed

pytestmark = pytest.mark.engines
NOBODY = 65534
ROOT = 0


def running_on(path: Path) -> list[int]:
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            line = entry.read_bytes()
            if str(path).encode() in line and b"hold.py" not in line:
                found.append(int(entry.parent.name))
    return found


def ready(pid_file: Path) -> bool:
    with suppress(OSError):
        return "ready" in pid_file.read_text()
    return False


async def count_doors(dsn: str | None) -> int:
    connection = await asyncpg.connect(dsn)
    try:
        return int(await connection.fetchval("SELECT count(*) FROM doors"))
    finally:
        await connection.close()


@pytest.mark.parametrize("engine", ["postgres", "nats"])
def test_an_engine_ends_with_its_killed_owner(data_dir, hold, engine):
    owner = hold(engine, data_dir)
    assert running_on(data_dir)
    owner.kill()
    for _ in range(400):
        if not running_on(data_dir):
            break
        time.sleep(0.05)
    assert not running_on(data_dir)


async def test_the_next_start_after_a_kill_finds_every_commit(data_dir, hold):
    owner = hold("postgres", data_dir)
    connection = await asyncpg.connect(owner.said["dsn"])
    await connection.execute("CREATE TABLE doors AS SELECT generate_series(1, 10)")
    owner.kill()
    async with engines.postgres(data_dir) as address:
        assert await count_doors(address.admin_dsn) == 10
    connection.terminate()


async def test_a_server_that_outlived_its_owner_is_ended_first(data_dir):
    async with engines.postgres(data_dir):
        pass
    with claimed(data_dir, "postgres") as home:
        data = home.path / "data"
        programs = postgres_programs(home, data)
        account = home.account
    orphan = subprocess.Popen(
        [programs.folder / "postgres", "-D", data, "-c", "listen_addresses=", "-k", home.path / "run"],
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
        stderr=subprocess.DEVNULL,
    )
    while not ready(data / "postmaster.pid"):
        await asyncio.sleep(0.05)
    waiting = asyncio.create_task(asyncio.to_thread(orphan.wait))
    async with engines.postgres(data_dir) as address:
        assert await waiting == 0
        connection = await asyncpg.connect(address.app_dsn)
        await connection.close()


@pytest.mark.parametrize("engine", ["postgres", "nats"])
def test_two_programs_on_one_directory(data_dir, hold, engine):
    first = hold(engine, data_dir)
    second = hold(engine, data_dir)
    assert second.said["code"] == "engine-in-use"
    assert second.said["detail"].startswith(f"{data_dir} is in use by another Cranny (process {first.process.pid})")


@pytest.mark.parametrize("engine", ["postgres", "nats"])
def test_as_a_user_without_any_rights(data_dir, hold, engine):
    root = os.geteuid() == ROOT
    if root:
        os.chown(data_dir, NOBODY, NOBODY)
    assert "code" not in hold(engine, data_dir, uid=NOBODY if root else None).said
