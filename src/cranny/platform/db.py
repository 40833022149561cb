"""The database, and the only commit in the house.

A `Tx` is one transaction of one tenant: row-level security lets it see nothing else. Whatever has to be told
to other processes is a poke, sent after the commit; a lost poke is repaired by whoever polls the rows.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Any, Final, Protocol, TypeAlias, TypeVar
from uuid import UUID

import asyncpg
import msgspec
import structlog

from cranny.core.clock import Clock
from cranny.core.errors import CrannyError, Invalid, Unavailable
from cranny.core.ids import Ids
from cranny.core.rng import Rng

log = structlog.get_logger(__name__)

Row: TypeAlias = Mapping[str, Any]
"""A record of the driver: values by column name."""
Poke = Callable[[str], Awaitable[None]]
T = TypeVar("T")
TRIES: Final = 3

UNSAFE: Final = """
SELECT current_user AS role, why FROM (
    SELECT 'is a superuser' AS why FROM pg_roles WHERE rolname = current_user AND rolsuper
    UNION ALL
    SELECT 'may bypass row-level security' FROM pg_roles WHERE rolname = current_user AND rolbypassrls
    UNION ALL
    SELECT 'owns tables' WHERE EXISTS (
        SELECT FROM pg_class WHERE relkind IN ('r', 'p', 'v', 'm')
        AND relnamespace = 'public'::regnamespace AND pg_has_role(current_user, relowner, 'USAGE')
    )
) AS reasons
"""


_BEGIN_AS: Final = "BEGIN; SELECT set_config('app.tenant', '{tenant}', true)"

CLOSE_WITHIN_S: Final = 5.0


class UnsafeRole(CrannyError):
    code = "unsafe-role"


class GaveWay(Unavailable):
    """Two transactions waited for each other, and this one was rolled back: trying again helps."""

    code = "gave-way"


class DatabaseAway(Unavailable):
    """PostgreSQL went away, or never was there. Whether a commit under way came through is not known."""

    code = "database-away"


AWAY: Final = (
    OSError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
)
"""What is raised when it is not there, beside what only our own mistakes make (see `Tx.lost`)."""

_NO_TEXT: Final = (asyncpg.CharacterNotInRepertoireError, asyncpg.UntranslatableCharacterError)
"""U+0000, in text or in JSON: PostgreSQL holds every other character."""


class Tx:
    """One open transaction. `tenant` is None only for work on the tables that have no tenant."""

    def __init__(
        self, connection: asyncpg.Connection, tenant: UUID | None, *, clock: Clock, ids: Ids, rng: Rng
    ) -> None:
        self.connection = connection
        self.clock = clock
        self.ids = ids
        self.rng = rng
        self.pokes: dict[str, None] = {}
        self._tenant = tenant

    @property
    def tenant(self) -> UUID:
        if self._tenant is None:
            raise RuntimeError("this transaction has no tenant")
        return self._tenant

    @property
    def lost(self) -> bool:
        """The connection has broken: what was not committed is undone."""
        return _lost(self.connection)

    def serves(self, tenant: UUID) -> bool:
        """Whether it is a transaction of `tenant`."""
        return self._tenant == tenant

    def now(self) -> datetime:
        return self.clock.now()

    def poke(self, subject: str) -> None:
        """Publish an empty message on `subject` once the commit is through."""
        self.pokes[subject] = None

    async def one(self, sql: str, *args: object) -> Row | None:
        row: Row | None = await self.connection.fetchrow(sql, *args)
        return row

    async def all(self, sql: str, *args: object) -> Sequence[Row]:
        rows: Sequence[Row] = await self.connection.fetch(sql, *args)
        return rows

    async def value(self, sql: str, *args: object) -> Any:
        return await self.connection.fetchval(sql, *args)

    async def run(self, sql: str, *args: object) -> str:
        """Execute; returns the command tag (`UPDATE 3`)."""
        tag: str = await self.connection.execute(sql, *args)
        return tag

    async def enter(self, tenant: UUID) -> None:
        """Become `tenant` for the rest of the transaction: for workers, which claim without one."""
        await self.connection.execute("SELECT set_config('app.tenant', $1, true)", str(tenant))
        self._tenant = tenant

    @asynccontextmanager
    async def attempt(self) -> AsyncIterator[None]:
        """A savepoint: what fails inside is undone, what came before stays."""
        await self.connection.execute("SAVEPOINT attempt")
        try:
            yield
        except BaseException:
            await _undo(self.connection, "ROLLBACK TO SAVEPOINT attempt; RELEASE SAVEPOINT attempt")
            raise
        await self.connection.execute("RELEASE SAVEPOINT attempt")


class Witness(Protocol):
    """Writes in a transaction, as its last deed, on whose behalf it was done. It is asked before every commit of its
    tenant until it was told that one came through."""

    tenant: UUID

    async def attest(self, tx: Tx) -> None: ...

    def committed(self) -> None: ...


WITNESS: Final[ContextVar[Witness | None]] = ContextVar("witness", default=None)
"""Set for the time of a request that is written down (`trail.py`)."""


class Database:
    """A pool of connections as the application role."""

    def __init__(self, pool: asyncpg.Pool, *, clock: Clock, ids: Ids, rng: Rng, poke: Poke) -> None:
        self.pool = pool
        self.clock = clock
        self.ids = ids
        self.rng = rng
        self._poke = poke

    @asynccontextmanager
    async def transaction(self, tenant: UUID | None = None) -> AsyncIterator[Tx]:
        """Commits when the block ends well, rolls back when it raises; pokes after the commit. Raises GaveWay when
        PostgreSQL ended it for the good of another transaction, DatabaseAway when PostgreSQL is not there, and Invalid,
        code `text-invalid`, for U+0000."""
        async with self._connection() as connection:
            tx = Tx(connection, tenant, clock=self.clock, ids=self.ids, rng=self.rng)
            try:
                await connection.execute(_begin(tenant))
                yield tx
                witness = WITNESS.get()
                if witness is not None and tx.serves(witness.tenant):
                    await witness.attest(tx)
                    await _commit(connection)
                    witness.committed()
                else:
                    await _commit(connection)
            except asyncpg.TransactionRollbackError as error:
                # A deadlock, of which PostgreSQL picked us as the one to give way. Nothing was done.
                await _undo(connection, "ROLLBACK")
                raise GaveWay("Somebody else was at the same rows and went first. Send it again.") from error
            except _NO_TEXT as error:
                await _undo(connection, "ROLLBACK")
                raise Invalid("No text may hold the character U+0000.", code="text-invalid") from error
            except BaseException as error:
                await _undo(connection, "ROLLBACK")
                heed_cancellation(error)
                if tx.lost and isinstance(error, Exception) and not isinstance(error, CrannyError):
                    raise DatabaseAway("The database went away meanwhile. Send it again.") from error
                raise
        for subject in tx.pokes:
            await self._poke(subject)

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[asyncpg.Connection]:
        try:
            connection = await self.pool.acquire()
        except AWAY as error:
            heed_cancellation(error)
            raise DatabaseAway("The database does not answer. Try again.") from error
        try:
            yield connection
        finally:
            try:
                await self.pool.release(connection)
            except AWAY as error:
                heed_cancellation(error)
                log.debug("connection given up", error=repr(error))


def _begin(tenant: UUID | None) -> str:
    # In one round trip, which a third of all transactions notice. A UUID has no character that could hurt.
    return "BEGIN" if tenant is None else _BEGIN_AS.format(tenant=tenant.hex)


async def _commit(connection: asyncpg.Connection) -> None:
    if await connection.execute("COMMIT") != "COMMIT":
        # PostgreSQL rolls back without a word when a statement has failed before and somebody let it pass.
        raise RuntimeError("a failed statement was passed over outside an attempt(): nothing was committed")


async def _undo(connection: asyncpg.Connection, how: str) -> None:
    """Of a connection that has broken there is nothing to undo; the pool makes a new one. Raises nothing of its own:
    what it undoes for has to come through, above all a cancellation, or a process that is told to end would go on."""
    if _lost(connection):
        return
    try:
        await connection.execute(how)
    except Exception as error:  # noqa: BLE001 - whatever it says, this connection is of no use any more
        log.debug("connection given up", error=repr(error))
        connection.terminate()


def _lost(connection: asyncpg.Connection) -> bool:
    """Closed; or taken back by the pool, which then lets nobody ask."""
    try:
        return bool(connection.is_closed())
    except asyncpg.InterfaceError:
        return True


def heed_cancellation(error: BaseException) -> None:
    """Raises CancelledError where the task was cancelled and `error` took its place, as the driver's does when the
    connection breaks in the same moment. Whoever catches everything asks here first: a loop that goes on would let a
    process that was told to end live for ever."""
    task = asyncio.current_task()
    if task is not None and task.cancelling() and not isinstance(error, asyncio.CancelledError):
        raise asyncio.CancelledError from error


async def _leave_as_is(_: asyncpg.Connection) -> None:
    """Nothing to reset: sessions hold no state (SET LOCAL only, no LISTEN on pooled connections)."""


async def refuse_unsafe_role(pool: asyncpg.Pool) -> None:
    """The start-up check: raises UnsafeRole when the role could look over the wall between tenants."""
    reasons = await pool.fetch(UNSAFE)
    if reasons:
        raise UnsafeRole(
            f"The database role {reasons[0]['role']} {', '.join(row['why'] for row in reasons)}. "
            "Connect as an application role that owns nothing (docs/external-database.md)."
        )


async def _codecs(connection: asyncpg.Connection) -> None:
    # Plain UUIDs: the driver's own subclass is not taken by CBOR.
    await connection.set_type_codec(
        "uuid",
        schema="pg_catalog",
        encoder=lambda value: value.bytes,
        decoder=lambda raw: UUID(bytes=raw),
        format="binary",
    )
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        encoder=lambda value: b"\x01" + msgspec.json.encode(value),
        decoder=lambda raw: msgspec.json.decode(raw[1:]),
        format="binary",
    )


async def patiently(deed: Callable[[], Awaitable[T]]) -> T:
    """Where its transaction and another one waited for each other and it gave way, `deed` is done again. Raises
    GaveWay the third time."""
    for _ in range(TRIES - 1):
        try:
            return await deed()
        except GaveWay:
            continue
    return await deed()


async def open_pool(dsn: str, *, size: int = 12) -> asyncpg.Pool:
    """A pool without RESET on release and with generic plans: both are measured gains."""
    return await asyncpg.create_pool(
        dsn,
        min_size=min(2, size),
        max_size=size,
        init=_codecs,
        reset=_leave_as_is,
        # Every statement of the house stays prepared: there are more than the driver's hundred.
        statement_cache_size=1000,
        max_cached_statement_lifetime=3600,
        server_settings={"plan_cache_mode": "force_generic_plan", "application_name": "cranny"},
    )


async def close_pool(pool: asyncpg.Pool) -> None:
    """In order where it can be. A connection that broke while it was being given back is never given back, and the
    driver would wait for it."""
    try:
        async with asyncio.timeout(CLOSE_WITHIN_S):
            await pool.close()
    except (TimeoutError, *AWAY) as error:
        log.warning("connections to the database cut off", error=repr(error))
