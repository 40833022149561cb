"""Starts real PostgreSQL and NATS servers where no address of one is configured.

Both are ordinary child processes: they end with us, also when we are killed, and a next start recovers whatever the
last one left behind."""

import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from cranny.platform.engines.address import NatsAddress, NatsConfig, PostgresAddress, TlsFiles
from cranny.platform.engines.errors import EngineError, Unsupported

__all__ = ["EngineError", "NatsAddress", "NatsConfig", "PostgresAddress", "TlsFiles", "nats", "postgres"]


@asynccontextmanager
async def postgres(
    data_dir: Path,
    *,
    configured: PostgresAddress | None = None,
    listen_tcp: bool = False,
    port: int = 0,
    settings: Mapping[str, str] | None = None,
) -> AsyncIterator[PostgresAddress]:
    """The configured server if there is one, else our own on `data_dir`/postgres, stopped on leaving.

    It listens on a private unix socket; `listen_tcp` adds 127.0.0.1:`port` (0: any free one).
    `settings` are PostgreSQL's own and win over ours."""
    if configured:
        yield configured
        return
    _refuse_unsupported("CRANNY_DATABASE_URL")
    from cranny.platform.engines import postgresql

    async with postgresql.serve(data_dir, tcp_port=port if listen_tcp else None, settings=settings or {}) as address:
        yield address


@asynccontextmanager
async def nats(
    data_dir: Path, *, config: NatsConfig, configured: NatsAddress | None = None
) -> AsyncIterator[NatsAddress]:
    """The configured server if there is one, else our own on `data_dir`/nats, stopped on leaving."""
    if configured:
        yield configured
        return
    _refuse_unsupported("CRANNY_NATS_URL")
    from cranny.platform.engines import natsd

    async with natsd.serve(data_dir, config) as address:
        yield address


def _refuse_unsupported(setting: str) -> None:
    if sys.platform not in ("linux", "darwin"):
        raise Unsupported(
            f"Cranny can't start its own engines on {sys.platform}: run them elsewhere and set {setting}."
        )
