"""The command on the bank: `cranny edge`."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter
from rich.console import Console

from cranny.apps.cli.run import set_up_logs
from cranny.core.errors import Invalid

if TYPE_CHECKING:
    from cranny.apps.settings import Settings


Data = Annotated[Path | None, Parameter(help="Directory of this controller: its identity and its journal.")]
Board = Annotated[str, Parameter(help="The lock board: a driver's name, then what it needs to know.")]

edge = App(name="edge", help="A bank's own program: its controller and kiosk, and the commissioning of its doors.")


Server = Annotated[str, Parameter(env_var="CRANNY_SERVER", help="Where to enrol.")]
Port = Annotated[int, Parameter(help="The kiosk's port on this machine.")]
Readers = Annotated[
    list[str] | None,
    Parameter(help="A scanner or card reader (serial, input, hidraw, pcsc), then its address; as many as there are."),
]


def register(app: App) -> None:
    app.command(edge)


@edge.default
def run(
    *,
    data: Data = None,
    claim: Annotated[str | None, Parameter(help="One-time claim to enrol with, from `cranny bank claim`.")] = None,
    server: Server = "http://127.0.0.1:8080",
    port: Port = 8100,
    board: Board = "simulated",
    reader: Readers = None,
) -> None:
    """Run a bank's controller and its kiosk. With --claim it enrols first; the key pair is made on this box."""
    from cranny.apps import settings
    from cranny.apps.staying import stay

    set_up_logs()
    read = settings.read()
    stay(_edge(read, _home(read, data), claim=claim, server=server, port=port, board=board, readers=reader or ()))


@edge.command
def commission(
    *,
    data: Data = None,
    board: Board = "simulated",
    layout: Annotated[Path | None, Parameter(help="The bank's file, for a box that has not enrolled yet.")] = None,
    door: Annotated[list[str] | None, Parameter(help="Only this door; may be given several times.")] = None,
    afresh: Annotated[bool, Parameter(help="Forget what was found before.")] = False,
) -> None:
    """Open each door in turn and ask what opens: finds wiring mistakes and writes the bank's wiring. Stand at the bank,
    with `cranny edge` stopped. May be left at any door and goes on there; doors that were found right are done."""
    from cranny.apps import settings
    from cranny.apps.cli.bank import read_file
    from cranny.apps.clock import make_clock, refuse_real_doors
    from cranny.apps.commission import Terminal
    from cranny.apps.commission import commission as at_the_bank
    from cranny.apps.edge import Box
    from cranny.apps.staying import stay
    from cranny.core.rng import SystemRng

    set_up_logs()
    read = settings.read()
    refuse_real_doors(read.clock, board)
    box = Box(home=_home(read, data), board=board, port=0, clock=make_clock(read.clock), rng=SystemRng())
    text = read_file(layout) if layout else None
    stay(at_the_bank(box, Terminal(), layout=text, only=door or (), afresh=afresh))


@edge.command
def unit(*, board: Board, reader: Readers = None, port: Port = 8100) -> None:
    """Print the systemd service that runs this controller with as little of the machine as it needs. Enrol first, as
    the service's user: docs/hardware.md."""
    from cranny.apps.unit import unit as written

    arguments = ["--board", board, "--port", str(port)]
    for one in reader or ():
        arguments += ["--reader", one]
    sys.stdout.write(written(Path(sys.argv[0]).absolute(), arguments, board=board, scanners=reader or ()))


@edge.command
def export_uplink(file: Path, /, *, data: Data = None) -> None:
    """Write what the server does not know yet into FILE, for somebody to carry to `POST /v1/uplink`. Only reads: the
    controller may run or not."""
    from cranny.apps import settings
    from cranny.apps.edge import export_uplink as export

    carried, left = export(_home(settings.read(), data), file)
    Console().print(f"{carried} facts in {file}" + (f"; {left} are left for the next file." if left else "."))


@edge.command
def import_downlink(file: Path, /, *, data: Data = None) -> None:
    """Give the controller what the server sent back in FILE. A running one takes it in within seconds, another when it
    starts."""
    from cranny.apps import settings
    from cranny.apps.edge import import_downlink as bring
    from cranny.core.rng import SystemRng

    acks, pages = bring(_home(settings.read(), data), file, SystemRng())
    Console().print(f"{acks} acknowledgements and {pages} pages of rights are waiting for the controller.")


@edge.command
def sensors(
    *,
    data: Data = None,
    board: Board = "simulated",
    layout: Annotated[Path | None, Parameter(help="The bank's file, for a box that has not enrolled yet.")] = None,
) -> None:
    """Read each sensor once and say what it shows, or why it says nothing. With `cranny edge` stopped: a line has one
    owner. Exits with 1 where one says nothing."""
    import asyncio

    from rich.table import Table

    from cranny.apps import settings
    from cranny.apps.cli.bank import read_file
    from cranny.apps.clock import make_clock
    from cranny.apps.edge import Box
    from cranny.apps.probe import probe
    from cranny.core.rng import SystemRng
    from cranny.wire.sensors import HUNDREDTHS, UNITS

    set_up_logs()
    read = settings.read()
    box = Box(home=_home(read, data), board=board, port=0, clock=make_clock(read.clock), rng=SystemRng())
    found = asyncio.run(probe(box, layout=read_file(layout) if layout else None))
    table = Table("sensor", "shows", "source", "address")
    for one in found:
        shown = (
            f"[red]{one.why}[/]" if one.value is None else f"{one.value / HUNDREDTHS:g} {UNITS[one.channel.measure]}"
        )
        table.add_row(one.channel.name, shown, one.channel.source, one.channel.address)
    Console().print(table if found else "This bank has no sensors.")
    if any(one.value is None for one in found):
        sys.exit(1)


def _home(settings: "Settings", data: Path | None) -> Path:
    home = (data or settings.data / "edge").expanduser().absolute()
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Invalid(
            f"{home} can't be made ({error.strerror}): name another directory with --data.", code="directory-closed"
        ) from error
    return home


async def _edge(
    settings: "Settings",
    home: Path,
    *,
    claim: str | None,
    server: str,
    port: int,
    board: str,
    readers: Sequence[str],
) -> None:
    from cranny.apps.clock import make_clock, refuse_real_doors
    from cranny.apps.edge import Box, become, run
    from cranny.apps.tls import broker_tls
    from cranny.core.rng import SystemRng

    refuse_real_doors(settings.clock, board)
    clock = make_clock(settings.clock)
    box = Box(
        home=home, board=board, port=port, clock=clock, rng=SystemRng(), tls=broker_tls(settings), readers=readers
    )
    if claim is not None:
        await become(box, claim, server)
    await run(box)
