"""Commands that stay: `up`, `server`, `worker`."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter
from rich.console import Console

from cranny.apps import settings as setting
from cranny.apps.addresses import Addresses, find, stand_up
from cranny.apps.ending import until_told
from cranny.apps.family import keep
from cranny.apps.parts import assemble
from cranny.apps.settings import Settings
from cranny.core.clock import SystemClock
from cranny.core.rng import SystemRng
from cranny.platform import telemetry

Data = Annotated[Path | None, Parameter(help="Directory for all data (default: the user's state directory).")]


def register(app: App) -> None:
    app.command(up)
    app.command(server)
    app.command(worker)


def up(*, data: Data = None, port: int | None = None) -> None:
    """Run everything on this machine: server, worker and, where no address is configured, PostgreSQL and NATS."""
    settings = _settings(data, port)
    asyncio.run(until_told(_up(settings)))


def server(*, data: Data = None, port: int | None = None) -> None:
    """Run the HTTP server."""
    settings = _settings(data, port)
    asyncio.run(until_told(_server(settings)))


def worker(*, data: Data = None) -> None:
    """Run a worker: ingest, downlink, reactions, jobs, sweeps. As many as needed."""
    settings = _settings(data, None)
    asyncio.run(until_told(_worker(settings)))


async def _up(settings: Settings) -> None:
    async with stand_up(settings, SystemRng()) as found:
        env = environment(found, settings)
        address = settings.public_url or f"http://{settings.host}:{settings.port}"
        Console().print(f"Cranny runs: [bold]{address}[/]   data: {settings.data}   end with Ctrl-C")
        async with asyncio.TaskGroup() as group:
            group.create_task(keep("server", ["server", "--port", str(settings.port)], env))
            group.create_task(keep("worker", ["worker"], env))


async def _server(settings: Settings) -> None:
    from cranny.apps.server import run_server

    rng = SystemRng()
    async with find(settings, rng) as found, assemble(found, settings, SystemClock(), rng) as parts:
        await run_server(parts, settings.host, settings.port, settings.public_url)


async def _worker(settings: Settings) -> None:
    from cranny.apps.worker import run_worker

    rng = SystemRng()
    async with find(settings, rng) as found, assemble(found, settings, SystemClock(), rng) as parts:
        await run_worker(parts)


def environment(found: Addresses, settings: Settings) -> dict[str, str]:
    """What a child process needs to find the same engines: the very variables an operator would set."""
    return {
        "CRANNY_DATA": str(settings.data),
        "CRANNY_DATABASE_URL": found.app_dsn,
        "CRANNY_DATABASE_OWNER_URL": found.owner_dsn,
        "CRANNY_NATS_URL": found.nats_url,
        "CRANNY_MASTER_KEY": found.master.hex(),
    }


def _settings(data: Path | None, port: int | None) -> Settings:
    settings = setting.read(data=data, port=port)
    telemetry.set_up(json=not sys.stderr.isatty())
    return settings
