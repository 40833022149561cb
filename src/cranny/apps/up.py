"""`cranny up`: the engines, and a server and a worker beside them."""

import asyncio

from rich.console import Console

from cranny.apps.addresses import Addresses, stand_up
from cranny.apps.family import keep
from cranny.apps.settings import Settings
from cranny.core.rng import SystemRng


async def run_up(settings: Settings) -> None:
    """Until cancelled."""
    async with stand_up(settings, SystemRng()) as found:
        env = environment(found, settings)
        address = settings.public_url or f"http://{settings.host}:{settings.port}"
        Console().print(f"Cranny runs: [bold]{address}[/]   data: {settings.data}   end with Ctrl-C")
        async with asyncio.TaskGroup() as group:
            group.create_task(keep("server", ["server", "--port", str(settings.port)], env))
            group.create_task(keep("worker", ["worker"], env))


def environment(found: Addresses, settings: Settings) -> dict[str, str]:
    """What a child process needs to find the same engines: the very variables an operator would set."""
    return {
        "CRANNY_DATA": str(settings.data),
        "CRANNY_DATABASE_URL": found.app_dsn,
        "CRANNY_DATABASE_OWNER_URL": found.owner_dsn,
        "CRANNY_NATS_URL": found.nats_url,
        "CRANNY_MASTER_KEY": found.master.hex(),
    }
