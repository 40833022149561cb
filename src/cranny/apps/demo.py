"""`cranny demo`: a city lives through some days in a few minutes, on the real thing, and at the end everything that
must hold is looked at. Then it stays up for whoever wants to try it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Final

import msgspec
from rich.console import Console
from rich.live import Live

from cranny.apps import demo_words
from cranny.apps.clock import make_clock
from cranny.apps.demo_stage import Progress, Stage, free_port, make_room, set_up
from cranny.apps.demo_visitor import invite, wall_link
from cranny.apps.demo_words import Asked, Verdict
from cranny.apps.parts import assemble
from cranny.apps.settings import Settings
from cranny.core.clock import Clock
from cranny.core.rng import SystemRng
from cranny.platform.db import Database
from cranny.platform.violation import Violation
from cranny.sim import truth
from cranny.sim.city import model
from cranny.sim.city.hours import Hours
from cranny.sim.city.ledger import Ledger
from cranny.sim.city.letters import PostOffice
from cranny.sim.city.life import City
from cranny.sim.city.setting import cabinets
from cranny.sim.city.shop import Shop
from cranny.sim.city.summary import Summary
from cranny.sim.mailbox import open_mailbox
from cranny.web import telemetry
from cranny.wiring.audit import audit

QUIET_WITHIN_S: Final = 60.0
LOOK_AGAIN_S: Final = 1.0
LINE_EVERY_S: Final = 5.0
REDRAWN_PER_S: Final = 4


class Demo:
    """`verdict` is filled in when the city's days are over."""

    def __init__(self, asked: Asked, settings: Settings, console: Console) -> None:
        self.verdict = Verdict()
        self._asked = asked
        self._settings = settings
        self._console = console
        self._post = PostOffice()

    async def run(self) -> None:
        """Until the end of the city's days with `once`, else until cancelled."""
        asked, console = self._asked, self._console
        await asyncio.to_thread(make_room, self._settings.data)
        await asyncio.to_thread(_log_to, self._settings.data / "logs" / "demo.log")
        settings = msgspec.structs.replace(self._settings, port=free_port(self._settings.port))
        chosen = cabinets(asked.banks)
        plan = model.draw(asked.seed, [cabinet.place for cabinet in chosen], asked.parcels, asked.days)
        demo_words.begin(console, asked, settings, chosen)
        async with open_mailbox(self._post), AsyncExitStack() as stack:
            smtp = f"smtp://127.0.0.1:{self._post.port}?starttls=off"
            with _working(console, plain=asked.plain) as say:
                staged = set_up(settings, chosen, factor=asked.speed, days=asked.days, smtp=smtp, progress=say)
                stage = await stack.enter_async_context(staged)
            summary = await self._live(stage, plan)
            demo_words.end(console, stage, summary, self.verdict)
            if not asked.once:
                invitation = await invite(stage.client, stage.kiosks, self._post)
                demo_words.welcome(console, stage, invitation, await wall_link(stage.client, stage.url))
                await asyncio.Event().wait()

    async def _live(self, stage: Stage, plan: model.Plan) -> Summary:
        clock = make_clock(stage.settings.clock)
        hours = Hours(clock, stage.origin, self._asked.speed, self._asked.days * model.DAY_H)
        ledger = Ledger(plan.parcels)
        shop = Shop(stage.client, [kiosk.bank for kiosk in stage.kiosks], ledger)
        city = City(plan, hours, shop, stage.kiosks, ledger, line=stage.line if self._asked.outage else None)
        self._post.readers.append(city.deliver)
        summary = Summary(ledger, hours, self._post, stage.line)
        async with _shown(summary, self._console, plain=self._asked.plain), asyncio.TaskGroup() as group:
            if not self._asked.once:
                group.create_task(self._ask_to_watch(stage, clock))
            group.create_task(city.live())
        await self._judge(stage, clock, ledger)
        return summary

    async def _ask_to_watch(self, stage: Stage, clock: Clock) -> None:
        """Once time runs as the city's does: a link made before would be old at once."""
        while clock.now() < stage.origin:  # noqa: ASYNC110 - nobody tells a clock's jump
            await asyncio.sleep(LOOK_AGAIN_S)
        demo_words.watch(self._console, await wall_link(stage.client, stage.url))

    async def _judge(self, stage: Stage, clock: Clock, ledger: Ledger) -> None:
        """Look at everything, until it is quiet: what is still on its way is no violation."""
        verdict, looked = self.verdict, None
        async with assemble(stage.found, stage.settings, clock, SystemRng()) as parts:
            for _ in range(int(QUIET_WITHIN_S / LOOK_AGAIN_S)):
                looked, verdict.violations = await _look(stage, parts.db, ledger)
                if not verdict.violations and not looked.unsent:
                    break
                await asyncio.sleep(LOOK_AGAIN_S)
        verdict.looked = looked
        verdict.trouble = list(ledger.trouble)
        if looked is not None and looked.unsent:
            verdict.trouble.append(f"{looked.unsent} facts were never acknowledged")


async def _look(stage: Stage, db: Database, ledger: Ledger) -> tuple[truth.Looked, list[Violation]]:
    looked = await truth.look(db, [stage.homes])
    return looked, [*await audit(db), *looked.violations, *ledger.violations, *ledger.untold()]


def _log_to(path: Path) -> None:
    telemetry.set_up(json=True, level="WARNING", to=path.open("a", encoding="utf-8"))


@contextmanager
def _working(console: Console, *, plain: bool) -> Iterator[Progress]:
    """Tells what is being set up."""
    if plain:
        yield lambda what: console.print(f"{what}…")
        return
    with console.status("") as status:
        yield lambda what: status.update(f"{what}…")


@asynccontextmanager
async def _shown(summary: Summary, console: Console, *, plain: bool) -> AsyncIterator[None]:
    if not plain:
        with Live(summary, console=console, refresh_per_second=REDRAWN_PER_S, transient=True):
            yield
        return
    lines = asyncio.create_task(_lines(summary, console))
    try:
        yield
    finally:
        lines.cancel()
        with suppress(asyncio.CancelledError):
            await lines


async def _lines(summary: Summary, console: Console) -> None:
    while True:
        await asyncio.sleep(LINE_EVERY_S)
        console.print(summary.line(), soft_wrap=True)
