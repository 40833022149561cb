"""The command `cranny demo`. What it needs is imported when it runs, so that help is quick."""

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Group, Parameter, validators
from rich.console import Console

if TYPE_CHECKING:
    from cranny.apps.demo_words import Asked

CITY = Group("The city", sort_key=1)
PLACE = Group("Where and how", sort_key=2)

Count = validators.Number(gte=1)

Parcels = Annotated[int, Parameter(group=CITY, validator=Count, help="Parcels that are sent.")]
Banks = Annotated[
    int, Parameter(group=CITY, validator=validators.Number(gte=1, lte=6), help="Banks: 20, 60, 128 doors in turn.")
]
Days = Annotated[int, Parameter(group=CITY, validator=validators.Number(gte=1, lte=60), help="From a Monday on.")]
Seed = Annotated[int, Parameter(group=CITY, help="The same seed sends the same parcels.")]
Speed = Annotated[
    float,
    Parameter(
        group=CITY,
        validator=validators.Number(gte=1, lte=20_000),
        help="How many times faster than life time passes. Doors, people's hands and the network are never faster.",
    ),
]
Outage = Annotated[bool, Parameter(group=CITY, help="On the second day the banks have no network for five hours.")]
Once = Annotated[bool, Parameter(group=PLACE, negative="", help="End when the days are over, do not stay up.")]
Plain = Annotated[bool, Parameter(group=PLACE, negative="", help="A line every few seconds, no live display.")]
Place = Annotated[Path | None, Parameter(group=PLACE, help="A directory for it alone; by default the state's `demo`.")]
Port = Annotated[int, Parameter(group=PLACE, help="The server's port, or the next free one above it.")]


def register(app: App) -> None:
    app.command(demo)


def demo(
    *,
    parcels: Parcels = 300,
    banks: Banks = 5,
    days: Days = 3,
    seed: Seed = 1,
    speed: Speed = 2400.0,
    outage: Outage = True,
    once: Once = False,
    plain: Plain = False,
    data: Place = None,
    port: Port = 8080,
) -> None:
    """Watch a city use its parcel lockers: everything real but the people and the doors.

    Starts PostgreSQL, NATS, a server, a worker and a controller for each bank, all on this machine. Shops announce
    parcels of real sizes, couriers scan them in, recipients read their code in the message that reaches their mailbox,
    type it at the kiosk and take what is behind the door; for some hours the banks are cut off, and go on. At the end
    the database, the banks' journals and the doors are compared: `0 violations`, and exit code 0.

    Afterwards it stays up: a code for a door, a parcel to bring, and the API are printed.

    Examples: `cranny demo` for about three minutes and then as long as you like; `cranny demo --once --seed 7` for
    another city; `cranny demo --parcels 1000 --days 6 --speed 1500` for a longer week.
    """
    from cranny.apps.demo_words import Asked

    console = Console(highlight=False)
    plain = plain or not console.is_terminal
    asked = Asked(
        banks=banks, parcels=parcels, days=days, seed=seed, speed=speed, outage=outage, once=once, plain=plain
    )
    sys.exit(0 if _show(asked, console, data, port) else 1)


def _show(asked: "Asked", console: Console, data: Path | None, port: int) -> bool:
    """Whether everything was as it must be."""
    from cranny.apps import settings
    from cranny.apps.demo import Demo
    from cranny.apps.ending import until_told

    show = Demo(asked, settings.of_demo(data=data, port=port), console)
    asyncio.run(until_told(show.run()))
    return show.verdict.good
