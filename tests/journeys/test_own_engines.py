"""PostgreSQL and NATS are somebody else's, as docs/external-database.md and docs/external-nats.md tell it: made by an
administrator, reached over TCP, NATS with TLS. Everything else is the same, down to the last command."""

import asyncio
import shutil
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from cranny.platform import engines

from .certificate import certificate_for_this_machine
from .house import House, complain, free_port, say, together
from .parcels import announce, bank_file, collect, deposit

pytestmark = [*together(), pytest.mark.prove]

ROLE = "CREATE ROLE {} LOGIN PASSWORD 'secret' NOSUPERUSER NOBYPASSRLS"


@dataclass
class Theirs:
    """What an administrator keeps: a PostgreSQL with an empty database, the master key, a folder for a NATS server."""

    admin: str
    port: int
    folder: Path

    def dsn(self, role: str) -> str:
        return f"postgresql://{role}:secret@127.0.0.1:{self.port}/lockers"

    @property
    def settings(self) -> dict[str, str]:
        return {
            "CRANNY_DATABASE_URL": self.dsn("cranny_app"),
            "CRANNY_DATABASE_OWNER_URL": self.dsn("lockers_owner"),
            "CRANNY_MASTER_KEY_FILE": str(self.folder / "master.key"),
        }


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def theirs(new_data_dir: Callable[[], Path]) -> AsyncIterator[Theirs]:
    folder = new_data_dir()
    key = folder / "master.key"
    key.write_text("5c" * 32 + "\n")
    key.chmod(0o600)
    async with engines.postgres(folder, listen_tcp=True) as found:
        assert found.admin_dsn is not None
        assert found.port is not None
        admin = await asyncpg.connect(found.admin_dsn)
        # The roles that our own start would have made are there already, with other passwords.
        await admin.execute("ALTER ROLE cranny_app PASSWORD 'secret'")
        await admin.execute(ROLE.format("lockers_owner"))
        await admin.execute("CREATE DATABASE lockers OWNER lockers_owner ENCODING 'UTF8' TEMPLATE template0")
        await admin.close()
        yield Theirs(found.admin_dsn, found.port, folder)


@asynccontextmanager
async def nats_server(folder: Path, config: str) -> AsyncIterator[str]:
    """Their NATS server with this configuration; its host and port."""
    port = free_port()
    file = folder / "nats.conf"
    file.write_text(f'listen: "127.0.0.1:{port}"\n{config}\n')
    program = shutil.which("nats-server", path=Path(sys.executable).parent)
    assert program is not None
    with (folder / "nats.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(program, "-c", str(file), stdout=log, stderr=log)
    try:
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        await process.wait()


async def test_the_walk_on_engines_that_somebody_else_runs(theirs: Theirs, new_data_dir: Callable[[], Path]) -> None:
    certificate, key = certificate_for_this_machine(theirs.folder)
    (theirs.folder / "cranny.json").write_text(await say("nats", "config", env=theirs.settings))
    config = f'include "cranny.json"\ntls {{ cert_file: "{certificate}", key_file: "{key}" }}'
    async with nats_server(theirs.folder, config) as place:
        env = {**theirs.settings, "CRANNY_NATS_URL": f"tls://{place}", "CRANNY_NATS_CA": str(certificate)}
        house = House(new_data_dir(), free_port(), settings=env)

        # Before the upgrade: one sentence, and trying again later helps.
        code, said = await complain("server", "--data", str(house.data), env=env)
        assert (code, said.count("\n")) == (1, 1), said
        assert said.startswith("schema-behind: ")
        await say("db", "upgrade", env=env)
        await say("db", "upgrade", env=env)

        await house.up("server")
        await house.run("worker")
        try:
            await house.found("Hallway")
            bank, claim = await house.bank(bank_file({"M": 2}))
            async with house.edge("own", claim) as kiosk:
                parcel = await announce(house, bank)
                door = await deposit(kiosk, parcel)
                assert await collect(kiosk, parcel) == door
                await parcel.becomes("collected")
            assert await house.check() == ""
            # Nothing was started beside them.
            assert not {"postgres", "nats", "master.key"} & {file.name for file in house.data.iterdir()}
        finally:
            await house.down()


async def test_a_database_that_can_not_be_used_is_one_sentence(
    theirs: Theirs, new_data_dir: Callable[[], Path]
) -> None:
    """Of `cranny up` as well: it does not start what could only fail. (All that can be wrong with a database:
    tests/platform/test_fitness.py; with a broker: tests/wire/test_nats.py.)"""
    env = theirs.settings | {"CRANNY_DATABASE_URL": theirs.dsn("cranny_app").replace("secret", "wrong")}
    env["CRANNY_NATS_URL"] = "nats://127.0.0.1:1"
    code, said = await complain("up", "--data", str(new_data_dir()), "--port", str(free_port()), env=env)
    assert (code, said.count("\n")) == (78, 1), said
    assert said.startswith("database-login: ")
    assert "wrong" not in said
