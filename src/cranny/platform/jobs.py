"""Jobs: work that follows a commit. The port over pgqueuer: nothing else in the house knows that library.

A job is written in the transaction that asks for it, or not at all. Its effect and its end are one transaction
too, and the end is refused to a worker whose claim was taken over, so the database sees each job done exactly
once; what a handler does outside the database may happen again. No NOTIFY: workers poll.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import asyncpg
import msgspec
import structlog
from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver, AsyncpgPoolDriver
from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment, QueryQueueBuilder
from pgqueuer.adapters.persistence.queries import Queries
from pgqueuer.domain.models import Job as Claimed
from pgqueuer.domain.settings import DBSettings, Durability
from pgqueuer.domain.types import Channel, JobId, QueueEntrypoint, QueueManagerId
from pgqueuer.ports.driver import Driver
from pgqueuer.ports.repository import EntrypointExecutionParameter

from cranny.core.backoff import doubled
from cranny.core.errors import CrannyError
from cranny.core.events import NewEvent
from cranny.platform import events
from cranny.platform.db import Database, Tx, heed_cancellation

JobHandler = Callable[[Tx, dict[str, Any]], Awaitable[None]]
"""Gets the payload as it was given, ids as text."""

POLL_S: Final = 0.25
AT_ONCE: Final = 8
AHEAD: Final = 4
"""Claimed for each that runs, so that the queue is asked less often."""
TRIES: Final = 10
FIRST_DELAY: Final = timedelta(seconds=1)
LONGEST_DELAY: Final = timedelta(minutes=5)
STALE: Final = timedelta(seconds=30)
"""A claim without a sign of life for this long may be taken over."""
KEEP_LOG: Final = timedelta(days=1)

# Every name is given, so that the library reads nothing from the environment.
QUEUE: Final = DBSettings(
    prefix="",
    db_schema=None,
    channel=Channel("ch_pgqueuer"),
    function="fn_pgqueuer_changed",
    statistics_table="pgqueuer_statistics",
    queue_status_type="pgqueuer_status",
    queue_table="pgqueuer",
    queue_table_log="pgqueuer_log",
    trigger="tg_pgqueuer_changed",
    schedules_table="pgqueuer_schedules",
    durability=Durability.balanced,
    widen_id=False,
)

FINISH: Final = "DELETE FROM pgqueuer WHERE id = $1 AND queue_manager_id = $2 RETURNING id"
RELEASE: Final = "UPDATE pgqueuer SET status = 'queued', queue_manager_id = NULL WHERE queue_manager_id = $1"
PRUNE: Final = "DELETE FROM pgqueuer_log WHERE created < now() - $1::interval"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """`payload` is plain JSON plus bytes; what is secret in it the caller has encrypted. `run_at` is the
    earliest moment. Of jobs with the same `dedupe` (per tenant) one waits at a time, later ones are dropped."""

    kind: str
    tenant: UUID
    payload: dict[str, Any] = field(default_factory=dict)
    run_at: datetime | None = None
    dedupe: str | None = None


class _Lost(Exception):
    """Another worker has taken the job over."""


def install_statement() -> str:
    """The library's tables, for the migration."""
    return QueryBuilderEnvironment(QUEUE).build_install_query()


async def enqueue(tx: Tx, jobs: Sequence[Job]) -> None:
    """Write `jobs` in the caller's transaction."""
    if not jobs:
        return
    now = tx.now()
    await _queries(AsyncpgDriver(tx.connection)).enqueue(
        [job.kind for job in jobs],
        [msgspec.msgpack.encode((job.tenant.bytes, job.payload)) for job in jobs],
        [0] * len(jobs),
        [max(job.run_at - now, timedelta()) if job.run_at else None for job in jobs],
        [f"{job.tenant.hex}:{job.kind}:{job.dedupe}" if job.dedupe else None for job in jobs],
        on_conflict="skip",
    )


class Worker:
    """Does jobs, `at_once` at a time, of the kinds it has a handler for."""

    def __init__(
        self, db: Database, handlers: Mapping[str, JobHandler], *, at_once: int = AT_ONCE, tries: int = TRIES
    ) -> None:
        self._db = db
        self._handlers = handlers
        self._turns = asyncio.Semaphore(at_once)
        self._most = at_once * AHEAD
        self._tries = tries
        self._name = QueueManagerId(db.ids.new())
        self._queries = _queries(AsyncpgPoolDriver(db.pool))
        self._kinds = {QueueEntrypoint(kind): EntrypointExecutionParameter(0) for kind in handlers}
        self._running: dict[JobId, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Until cancelled. What is under way then is rolled back and left to another worker."""
        beat = asyncio.create_task(_for_ever(self._beat, STALE.total_seconds() / 4))
        try:
            await _for_ever(self._until_idle, POLL_S)
        finally:
            beat.cancel()
            await self._stop()

    async def drain(self) -> int:
        """Do every job that is due now; returns how many were tried. For tests and tools."""
        done = 0
        while claimed := await self._round():
            done += claimed
            await asyncio.gather(*self._running.values())
        return done

    async def _until_idle(self) -> None:
        while await self._round():
            pass

    async def _round(self) -> int:
        """Claim some and set them going; waits first while enough are claimed. Returns how many."""
        while len(self._running) > self._most // 2:
            await asyncio.wait(self._running.values(), return_when=asyncio.FIRST_COMPLETED)
        claimed = await self._claim()
        for job in claimed:
            # A late sign of life lets us claim a job that is still running here: leave it to finish.
            if job.id not in self._running:
                self._running[job.id] = asyncio.create_task(self._do(job))
        return len(claimed)

    async def _claim(self) -> Sequence[Claimed]:
        return await self._queries.dequeue(
            batch_size=self._most - len(self._running),
            entrypoints=self._kinds,
            queue_manager_id=self._name,
            global_concurrency_limit=None,
            heartbeat_timeout=STALE,
        )

    async def _do(self, job: Claimed) -> None:
        raw, payload = msgspec.msgpack.decode(job.payload or b"", type=tuple[bytes, dict[str, Any]])
        tenant = UUID(bytes=raw)
        try:
            async with self._turns, self._db.transaction(tenant) as tx:
                await self._handlers[job.entrypoint](tx, payload)
                await self._finish(tx, job)
        except _Lost:
            log.warning("job taken over", kind=job.entrypoint, job=job.id)
        except Exception as error:
            log.exception("job failed", kind=job.entrypoint, job=job.id, attempt=job.attempts + 1)
            await self._put_off(job, tenant, error)
        finally:
            del self._running[job.id]

    async def _finish(self, tx: Tx, job: Claimed) -> None:
        if await tx.value(FINISH, job.id, self._name) is None:
            raise _Lost

    async def _put_off(self, job: Claimed, tenant: UUID, error: Exception) -> None:
        try:
            await self._failed(job, tenant, error)
        except Exception:
            log.exception("job left to go stale", kind=job.entrypoint, job=job.id)

    async def _failed(self, job: Claimed, tenant: UUID, error: Exception) -> None:
        async with self._db.transaction(tenant) as tx:
            queries = _queries(AsyncpgDriver(tx.connection))
            if job.attempts + 1 < self._tries:
                await queries.retry_job(job, backoff(job.attempts), None)
                return
            await queries.log_jobs([(job, "failed", None)])
            reason = error.code if isinstance(error, CrannyError) else type(error).__name__
            await events.record(
                tx, [NewEvent("job.failed", f"jobs/{job.id}", {"kind": job.entrypoint, "reason": reason})]
            )

    async def _beat(self) -> None:
        """Signs of life for what is under way, and the pruning of the library's log."""
        if self._running:
            await self._queries.update_heartbeat(list(self._running))
        await self._db.pool.execute(PRUNE, KEEP_LOG)

    async def _stop(self) -> None:
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            # Without a database the claims go stale by themselves.
            await self._db.pool.execute(RELEASE, self._name)


async def _for_ever(work: Callable[[], Awaitable[None]], pause_s: float) -> None:
    """Again and again; a database that is away for a moment ends nothing."""
    while True:
        try:
            await work()
        except Exception as error:
            heed_cancellation(error)
            log.exception("jobs interrupted")
        await asyncio.sleep(pause_s)


def backoff(failures: int) -> timedelta:
    """How long to wait after one more failure: 1, 2, 4… seconds, five minutes at most."""
    return doubled(FIRST_DELAY, LONGEST_DELAY, failures + 1)


def _queries(driver: Driver) -> Queries:
    return Queries(driver, qbe=QueryBuilderEnvironment(QUEUE), qbq=QueryQueueBuilder(QUEUE))
