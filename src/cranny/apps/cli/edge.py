"""The command on the bank: `cranny edge`."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from cranny.apps import settings as setting
from cranny.apps.ending import until_told
from cranny.apps.tls import broker_tls
from cranny.core.clock import SystemClock
from cranny.core.rng import SystemRng
from cranny.platform import telemetry


def register(app: App) -> None:
    app.command(edge)


def edge(
    *,
    data: Annotated[Path | None, Parameter(help="Directory of this controller: its identity and its journal.")] = None,
    claim: Annotated[str | None, Parameter(help="One-time claim to enrol with, from `cranny bank claim`.")] = None,
    server: Annotated[str, Parameter(env_var="CRANNY_SERVER", help="Where to enrol.")] = "http://127.0.0.1:8080",
    port: Annotated[int, Parameter(help="The kiosk's port on this machine.")] = 8100,
    board: Annotated[str, Parameter(help="The lock board: a driver's name, then what it needs to know.")] = "simulated",
) -> None:
    """Run a bank's controller and its kiosk. With --claim it enrols first; the key pair is made on this box."""
    telemetry.set_up(json=not sys.stderr.isatty())
    home = (data or setting.read().data / "edge").expanduser().absolute()
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    asyncio.run(until_told(_edge(home, claim, server, port, board)))


async def _edge(home: Path, claim: str | None, server: str, port: int, board: str) -> None:
    from cranny.apps.edge import Box, become, run

    tls = broker_tls(setting.read())
    box = Box(home=home, board=board, port=port, clock=SystemClock(), rng=SystemRng(), tls=tls)
    if claim is not None:
        await become(box, claim, server)
    await run(box)
