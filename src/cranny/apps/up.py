"""`cranny up`: the engines, and a server and a worker beside them."""

import asyncio

from rich.console import Console

from cranny.apps.addresses import Addresses, stand_up
from cranny.apps.clock import make_clock
from cranny.apps.family import keep
from cranny.apps.parts import assemble
from cranny.apps.settings import Settings
from cranny.core.rng import SystemRng
from cranny.web.serving import require_free, require_usable


async def run_up(settings: Settings) -> None:
    """Until cancelled. What can't be worked with is said once, and not by each process again and again."""
    require_free(settings.host, settings.port)
    if settings.tls is not None:
        require_usable(settings.tls)
    rng = SystemRng()
    async with stand_up(settings, rng) as found:
        async with assemble(found, settings, make_clock(settings.clock), rng):
            pass
        env = environment(found, settings)
        address = settings.url
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
