"""What is measured on: PostgreSQL and NATS as the product starts them, databases that begin the same, and the
product's own processes."""

import asyncio
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import asyncpg
import nkeys

from cranny.core.clock import SystemClock
from cranny.core.ids import TimeIds
from cranny.core.rng import SeededRng
from cranny.platform import engines
from cranny.platform.db import Database, open_pool
from cranny.platform.engines import NatsAddress, NatsConfig, PostgresAddress
from cranny.platform.keys import Keyring
from cranny.platform.migrate import upgrade
from cranny.wire.brokers.nats import NatsBroker

MASTER: Final = bytes(32)
TAPE: Final = "tape.json"
LISTENING: Final = {"log_filename": "tape.log", "log_rotation_age": "0", "log_rotation_size": "0"}
LISTENING_JSON: Final = {"logging_collector": "on", "log_destination": "jsonlog", **LISTENING}
"""What the tape needs (see tape.py). Nothing is logged until a database asks for it."""
CLOCK, RNG = SystemClock(), SeededRng(1)
IDS = TimeIds(CLOCK, RNG)


async def nobody_listens(_: str) -> None:
    pass


@dataclass(frozen=True)
class Role:
    """A process of the product; see role.py."""

    child: asyncio.subprocess.Process
    log: Path

    async def answers(self, port: int) -> None:
        """Until it listens on `port`."""
        await until_it_answers(port, self.child, self.log)

    async def end(self) -> None:
        if self.child.returncode is None:
            self.child.terminate()
        try:
            async with asyncio.timeout(20):
                await self.child.wait()
        except TimeoutError:
            self.child.kill()
            await self.child.wait()


@dataclass(frozen=True)
class House:
    place: Path
    postgres: PostgresAddress
    nats: NatsAddress
    keyring: Keyring
    postgres_pid: int

    # ------------------------------------------------------------ databases

    async def copy(self, source: str, name: str, **settings: str) -> PostgresAddress:
        """A new database `name` that begins as `source` stands now; nobody may be connected to that one."""
        admin = await self._admin()
        try:
            await admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            await admin.execute(f"CREATE DATABASE {name} TEMPLATE {source} OWNER cranny_owner STRATEGY file_copy")
            await admin.execute(f"REVOKE ALL ON DATABASE {name} FROM PUBLIC")
            await admin.execute(f"GRANT CONNECT, TEMPORARY ON DATABASE {name} TO cranny_app")
            for setting, value in settings.items():
                await admin.execute(f"ALTER DATABASE {name} SET {setting} = '{value}'")
        finally:
            await admin.close()
        return self.named(name)

    async def settle(self, database: str) -> None:
        """Statistics and a checkpoint, so that each run starts from the same point: nothing dirty, and every page's
        first change written whole."""
        owner = await asyncpg.connect(self.named(database).admin_dsn)
        try:
            await owner.execute("ANALYZE")
            await owner.execute("CHECKPOINT")
        finally:
            await owner.close()

    def named(self, database: str) -> PostgresAddress:
        def at(dsn: str | None) -> str:
            assert dsn is not None, "benchmarks run on an engine of their own"
            return dsn.replace("/cranny?", f"/{database}?")

        dsns = (at(self.postgres.owner_dsn), at(self.postgres.app_dsn), at(self.postgres.admin_dsn))
        return replace(self.postgres, owner_dsn=dsns[0], app_dsn=dsns[1], admin_dsn=dsns[2])

    @asynccontextmanager
    async def open(self, database: str, *, size: int = 4) -> AsyncIterator[Database]:
        """As the product opens it."""
        pool = await open_pool(self.named(database).app_dsn, size=size)
        try:
            yield Database(pool, clock=CLOCK, ids=IDS, rng=RNG, poke=nobody_listens)
        finally:
            await pool.close()

    async def _admin(self) -> asyncpg.Connection:
        return await asyncpg.connect(self.named("postgres").admin_dsn)

    # ------------------------------------------------------------ processes

    @asynccontextmanager
    async def role(self, database: str, *words: str) -> AsyncIterator[Role]:
        """`python -m bench.role <words>` on `database`, until leaving. Its log is kept beside the data."""
        env = {
            **os.environ,
            "CRANNY_DATA": str(self.place),
            "CRANNY_DATABASE_URL": self.named(database).app_dsn,
            "CRANNY_DATABASE_OWNER_URL": self.named(database).owner_dsn,
            "CRANNY_NATS_URL": self.nats.url,
            "CRANNY_MASTER_KEY": MASTER.hex(),
        }
        path = self.place / f"{words[0]}.log"
        with path.open("ab") as log:
            command = [sys.executable, "-m", "bench.role", *words]
            child = await asyncio.create_subprocess_exec(*command, env=env, stdout=log, stderr=log)
        role = Role(child, path)
        try:
            yield role
        finally:
            await role.end()

    @asynccontextmanager
    async def broker(self) -> AsyncIterator[NatsBroker]:
        """A connection with the server's rights."""
        broker = NatsBroker([self.nats.url], rng=RNG, nkey_seed=self.keyring.nats_user_seed("server"))
        await broker.connect(within=10)
        try:
            yield broker
        finally:
            await broker.close()


@asynccontextmanager
async def stand(place: Path | None = None) -> AsyncIterator[House]:
    """Engines with their usual, durable settings, on a directory of their own; `cranny` is migrated and empty."""
    keyring = Keyring(MASTER, rng=RNG)
    user = nkeys.from_seed(keyring.nats_user_seed("server")).public_key.decode()
    issuer = nkeys.from_seed(keyring.nats_account_seed()).public_key.decode()
    async with AsyncExitStack() as stack:
        if place is None:
            place = Path(tempfile.mkdtemp(prefix="cranny-bench-"))
            stack.callback(shutil.rmtree, place, ignore_errors=True)
        place.chmod(0o711)  # the engines' own account has to pass
        settings = {**LISTENING_JSON, "log_directory": str(place / "postgres")}
        postgres = await stack.enter_async_context(engines.postgres(place, settings=settings))
        nats = await stack.enter_async_context(engines.nats(place, config=NatsConfig(users=[user], issuer=issuer)))
        await upgrade(postgres.owner_dsn)
        pid = int((place / "postgres" / "data" / "postmaster.pid").read_text().split("\n", 1)[0])
        yield House(place, postgres, nats, keyring, pid)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


async def until_it_answers(
    port: int, child: asyncio.subprocess.Process | None = None, log: Path | None = None, *, within: float = 60
) -> None:
    """Until something listens on this machine's `port`. Raises RuntimeError with the end of `log` when that was to be
    `child`, and it has ended."""
    async with asyncio.timeout(within):
        while True:
            with suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                return
            if child is not None and child.returncode is not None:
                said = await asyncio.to_thread(log.read_text) if log else ""
                raise RuntimeError(f"It ended instead of listening: {said[-2000:]}")
            await asyncio.sleep(0.05)
