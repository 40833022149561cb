"""The command on the bank: `cranny edge`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from cranny.apps.cli.run import set_up_logs

if TYPE_CHECKING:
    from cranny.apps.settings import Settings


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
    from cranny.apps import settings
    from cranny.apps.staying import stay

    set_up_logs()
    read = settings.read()
    home = (data or read.data / "edge").expanduser().absolute()
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    stay(_edge(read, home, claim=claim, server=server, port=port, board=board))


async def _edge(settings: "Settings", home: Path, *, claim: str | None, server: str, port: int, board: str) -> None:
    from cranny.apps.clock import make_clock, refuse_real_doors
    from cranny.apps.edge import Box, become, run
    from cranny.apps.tls import broker_tls
    from cranny.core.rng import SystemRng

    refuse_real_doors(settings.clock, board)
    clock = make_clock(settings.clock)
    box = Box(home=home, board=board, port=port, clock=clock, rng=SystemRng(), tls=broker_tls(settings))
    if claim is not None:
        await become(box, claim, server)
    await run(box)
