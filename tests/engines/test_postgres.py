"""A real PostgreSQL, started and ended by us."""

import asyncio
import os
import signal
import socket
import subprocess
from contextlib import suppress
from pathlib import Path

import asyncpg
import pytest

from cranny.platform import engines

pytestmark = pytest.mark.engines


async def ask(dsn: str | None, sql: str) -> object:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


def postmaster(data_dir: Path) -> int:
    return int((data_dir / "postgres/data/postmaster.pid").read_text().splitlines()[0])


def alive(pid: int) -> bool:
    with suppress(OSError):
        return bool(Path(f"/proc/{pid}/cmdline").read_bytes())
    return False


async def test_what_was_committed_is_there_after_a_restart(data_dir):
    async with engines.postgres(data_dir) as cold:
        await ask(cold.owner_dsn, "CREATE TABLE doors AS SELECT 7 AS number")
        pid = postmaster(data_dir)
    assert not alive(pid)
    loop = asyncio.get_running_loop()
    begin = loop.time()
    async with engines.postgres(data_dir) as warm:
        assert loop.time() - begin < 5
        assert await ask(warm.owner_dsn, "SELECT number FROM doors") == 7
        assert warm == cold


async def test_neither_role_can_step_over_row_level_security(data_dir):
    async with engines.postgres(data_dir) as address:
        for dsn in (address.owner_dsn, address.app_dsn):
            rights = "SELECT rolsuper OR rolbypassrls OR rolcreaterole FROM pg_roles WHERE rolname = current_user"
            assert await ask(dsn, rights) is False
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await ask(address.app_dsn, "CREATE TABLE mine (id int)")


async def test_passwords_are_asked_for_and_kept_private(data_dir):
    async with engines.postgres(data_dir) as address:
        with pytest.raises(asyncpg.InvalidPasswordError):
            await ask(address.app_dsn.replace("cranny_app:", "cranny_app:not"), "SELECT 1")
        assert "@" not in repr(address)
    home = data_dir / "postgres"
    assert home.stat().st_mode & 0o077 == 0
    assert (home / "passwords.json").stat().st_mode & 0o077 == 0


async def test_lost_passwords_are_made_anew(data_dir):
    async with engines.postgres(data_dir) as first:
        pass
    (data_dir / "postgres/passwords.json").unlink()
    async with engines.postgres(data_dir) as second:
        assert second.app_dsn != first.app_dsn
        assert await ask(second.app_dsn, "SELECT 1") == 1


async def test_two_directories_live_side_by_side(data_dir):
    async with engines.postgres(data_dir / "one") as one, engines.postgres(data_dir / "two") as two:
        await ask(one.owner_dsn, "CREATE TABLE only_here ()")
        assert await ask(two.owner_dsn, "SELECT to_regclass('only_here')") is None


async def test_a_long_path_gets_a_short_socket(data_dir):
    async with engines.postgres(data_dir / ("x" * 120)) as address:
        folder = Path(str(await ask(address.admin_dsn, "SHOW unix_socket_directories")))
        assert await ask(address.app_dsn, "SELECT 1") == 1
        assert folder.stat().st_mode & 0o077 == 0
    assert not folder.exists()


async def test_tcp_only_when_asked_for(data_dir):
    async with engines.postgres(data_dir, listen_tcp=True) as address:
        assert await ask(address.app_dsn, "SHOW listen_addresses") == "127.0.0.1"
        with socket.create_connection(("127.0.0.1", address.port)):
            pass
    async with engines.postgres(data_dir) as address:
        assert address.port is None
        assert await ask(address.app_dsn, "SHOW listen_addresses") == ""


async def test_a_busy_port_is_one_sentence(data_dir):
    with socket.create_server(("127.0.0.1", 0)) as other, pytest.raises(engines.EngineError) as caught:
        async with engines.postgres(data_dir, listen_tcp=True, port=other.getsockname()[1]):
            pass
    assert caught.value.code == "engine-port-busy"


async def test_data_of_another_major_version_is_left_alone(data_dir):
    async with engines.postgres(data_dir):
        pass
    (data_dir / "postgres/data/PG_VERSION").write_text("9\n")
    with pytest.raises(engines.EngineError, match="was made by PostgreSQL 9 and this machine has PostgreSQL") as caught:
        async with engines.postgres(data_dir):
            pass
    assert caught.value.code == "engine-version"


async def test_it_is_started_again_when_it_dies(data_dir):
    async with engines.postgres(data_dir) as address:
        old = postmaster(data_dir)
        os.kill(old, signal.SIGKILL)
        for _ in range(200):
            await asyncio.sleep(0.1)
            with suppress(OSError, asyncpg.PostgresError):
                assert await ask(address.app_dsn, "SELECT 1") == 1
                break
        assert postmaster(data_dir) != old


async def test_a_strangers_process_number_in_the_pid_file_does_not_matter(data_dir):
    async with engines.postgres(data_dir):
        lines = (data_dir / "postgres/data/postmaster.pid").read_text().splitlines()
    owner = (data_dir / "postgres").stat().st_uid
    with subprocess.Popen(["/bin/sleep", "60"], user=owner if os.geteuid() == 0 else None) as stranger:
        (data_dir / "postgres/data/postmaster.pid").write_text("\n".join([str(stranger.pid), *lines[1:]]) + "\n")
        async with engines.postgres(data_dir) as address:
            assert await ask(address.app_dsn, "SELECT 1") == 1
        assert stranger.poll() is None
        stranger.kill()


async def test_lock_files_that_a_power_cut_left_empty_do_not_matter(data_dir):
    async with engines.postgres(data_dir):
        pass
    for lock in ("data/postmaster.pid", "run/.s.PGSQL.5432.lock"):
        (data_dir / "postgres" / lock).touch()
    async with engines.postgres(data_dir) as address:
        assert await ask(address.app_dsn, "SELECT 1") == 1


async def test_a_configured_server_is_taken_as_it_is(data_dir):
    elsewhere = engines.PostgresAddress("postgresql://owner@db/x", "postgresql://app@db/x")
    async with engines.postgres(data_dir / "never", configured=elsewhere) as address:
        assert address is elsewhere
    assert not (data_dir / "never").exists()
