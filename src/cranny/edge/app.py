"""The controller process, put together. Crash-only: whatever goes wrong inside, the way back is the way in, which
reads the journal."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from cranny.core.clock import Clock
from cranny.core.errors import Conflict, CrannyError
from cranny.core.ids import Ids
from cranny.core.rng import Rng
from cranny.edge import answers, renewal, steps, storing
from cranny.edge.backoff import Backoff
from cranny.edge.beat import EVERY_S, Heart
from cranny.edge.commands import Commander, Rebooting
from cranny.edge.controller import Controller
from cranny.edge.credentials import Gate
from cranny.edge.crew import Crew
from cranny.edge.desk import Desk
from cranny.edge.disk import Disk, DiskFailed, DiskFull
from cranny.edge.downlink import Downlink
from cranny.edge.drivers import Driver
from cranny.edge.identity import Identity
from cranny.edge.inbox import Inbox
from cranny.edge.journal import Journal, load
from cranny.edge.kiosk import kiosk_app
from cranny.edge.link import Line
from cranny.edge.listening import Listener
from cranny.edge.opening import Tell
from cranny.edge.outcomes import Changed
from cranny.edge.readers import Reader
from cranny.edge.sensing.sampler import Sampler
from cranny.edge.sensors import Around
from cranny.edge.stock import Stock
from cranny.edge.tokens import Tokens
from cranny.edge.upkeep import Upkeep
from cranny.edge.uplink import Uplink
from cranny.web.serving import serve
from cranny.wire.brokers import Broker
from cranny.wire.kdf import Kdf

CALM_S: Final = 60.0
"""A run of so many seconds was a good one: the next restart is quick again."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Parts:
    """What a controller needs from outside. The broker is connected, or connecting, by whoever made it."""

    clock: Clock
    rng: Rng
    ids: Ids
    disk: Disk
    broker: Broker
    kdf: Kdf
    driver: Driver
    climate: Path | None = None
    readers: Sequence[Reader] = ()
    """The file of a simulated climate, for banks that have simulated sensors."""


@dataclass(frozen=True, slots=True)
class Config:
    """`port` is the kiosk's, on this machine only; None for a bank without a kiosk. `inbox` is where somebody puts what
    they carried here; None where nobody does. `beat_s` is between two signs of
    life; only a simulation of months wants them rarer."""

    identity: Identity
    version: str
    port: int | None = 8100
    inbox: Path | None = None
    beat_s: float = EVERY_S


class Bank:
    """A controller that runs."""

    def __init__(self, controller: Controller, crew: Crew) -> None:
        self.controller = controller
        self._crew = crew

    async def run(self) -> None:
        """Until cancelled. Raises what went wrong; then only a new start helps."""
        await self._crew.failure()

    async def stop(self) -> None:
        """Also what a power cut does, as far as the journal can tell."""
        self.controller.wall.close()
        await self._crew.stop()


async def start(config: Config, parts: Parts, line: Line, tell: Tell) -> Bank:
    """Read the journal, tell of the start, and go on where it ends. Raises DiskFull, DiskFailed, and Conflict when
    the journal is not this bank's or torn."""
    identity = config.identity
    journal = await load(
        parts.disk,
        identity.tenant,
        identity.bank,
        epoch=identity.epoch,
        clock=parts.clock,
        boot=parts.ids.new(),
        offline=line.offline,
    )
    await journal.commit(renewal.began)
    await journal.commit(lambda state: steps.started(state, config.version))
    await journal.commit(answers.after_restart)
    await journal.commit(storing.forget_unstored)
    crew = Crew()
    try:
        controller = _begin(journal, config, parts, line=line, crew=crew, tell=tell)
    except BaseException:
        await crew.stop()
        raise
    return Bank(controller, crew)


def _begin(journal: Journal, config: Config, parts: Parts, *, line: Line, crew: Crew, tell: Tell) -> Controller:
    identity = config.identity
    controller = Controller(
        journal,
        parts.driver,
        Gate(journal, parts.kdf, identity.pepper, identity.server(), clock=parts.clock, rng=parts.rng),
        pepper=identity.pepper,
        crew=crew,
        clock=parts.clock,
        ids=parts.ids,
        tell=tell,
        link=line.state,
    )
    uplink = Uplink(journal, line, identity.signing_key(), identity.server(), rng=parts.rng)
    sampler = _sampler(journal, controller, parts, tell)

    def refit() -> None:
        controller.refit()
        sampler.refit()

    stock = Stock(journal, controller.wall, crew=crew, clock=parts.clock, tell=tell)
    downlink = Downlink(journal, line, identity.signing_key(), identity.server(), refit=refit, whole=stock.whole)
    tokens = Tokens(clock=parts.clock, rng=parts.rng)
    heart = Heart(
        journal,
        line,
        identity.signing_key(),
        tokens,
        version=config.version,
        free=controller.free,
        readings=lambda: sampler.shown,
        clock=parts.clock,
        every_s=config.beat_s,
    )
    commander = _commander(controller, config, parts, line=line, tokens=tokens, crew=crew)
    controller.start()
    crew.spawn(Upkeep(journal).run(), name="upkeep")
    crew.spawn(sampler.run(), name="sensors")
    crew.spawn(uplink.run(), name="uplink")
    crew.spawn(downlink.run(), name="downlink")
    crew.spawn(commander.run(), name="commands")
    crew.spawn(heart.run(), name="heart")
    if config.inbox is not None:
        crew.spawn(Inbox(config.inbox, journal, downlink, identity).run(), name="inbox")
    return controller


def _commander(
    controller: Controller, config: Config, parts: Parts, *, line: Line, tokens: Tokens, crew: Crew
) -> Commander:
    return Commander(
        controller,
        line,
        tokens,
        server=config.identity.server(),
        key=config.identity.signing_key(),
        crew=crew,
        clock=parts.clock,
        ids=parts.ids,
        inventory=controller.counter.obey,
    )


def _sampler(journal: Journal, controller: Controller, parts: Parts, tell: Tell) -> Sampler:
    return Sampler(
        journal,
        controller.wall,
        Around(parts.clock, parts.driver, climate=parts.climate),
        clock=parts.clock,
        ids=parts.ids,
        changed=lambda: tell(Changed()),
    )


async def run_controller(config: Config, parts: Parts, desk: Desk) -> None:
    """Until cancelled, or told from afar to restart: then whoever supervises this process starts a new one. Starts anew
    after every failure. Raises Conflict when the journal can't be this bank's."""
    line = Line(parts.broker, config.identity.tenant, config.identity.bank)
    backoff = Backoff(parts.rng)
    while True:
        began = parts.clock.monotonic()
        try:
            await _run_once(config, parts, line, desk)
        except Conflict:
            raise
        except renewal.Forked as forked:
            log.warning("a new epoch begins", epoch=forked.epoch)
            await _renew(parts, forked)
        except Rebooting:
            log.warning("ending, as told from afar")
            return
        except Exception as error:  # crash-only: whatever it is, the journal knows how to go on
            log.exception("controller stopped", reason=error.code if isinstance(error, CrannyError) else "not known")
        if parts.clock.monotonic() - began > CALM_S:
            backoff.success()
        await asyncio.sleep(backoff.failure())


async def _renew(parts: Parts, forked: renewal.Forked) -> None:
    """On a disk that fails, the next start finds the same fork."""
    try:
        await parts.disk.run(renewal.renew(forked.epoch), essential=True)
    except (DiskFull, DiskFailed) as error:
        log.warning("the disk does not take a new epoch", reason=error.code)


async def run_edge(config: Config, parts: Parts) -> None:
    """The controller, its kiosk and its readers, until cancelled or told from afar to restart."""
    desk = Desk(parts.driver)
    async with asyncio.TaskGroup() as group:
        sides = [group.create_task(Listener(reader, desk, clock=parts.clock).run()) for reader in parts.readers]
        if config.port is not None:
            sides.append(group.create_task(_serve(config, parts, desk, config.port)))
        await run_controller(config, parts, desk)
        for side in sides:
            side.cancel()


async def _run_once(config: Config, parts: Parts, line: Line, desk: Desk) -> None:
    bank = await start(config, parts, line, desk.tell)
    desk.seat(bank.controller)
    try:
        await bank.run()
    finally:
        desk.seat(None)
        await bank.stop()


async def _serve(config: Config, parts: Parts, desk: Desk, port: int) -> None:
    app = kiosk_app(desk, port=port, version=config.version, clock=parts.clock, ids=parts.ids)
    await serve(app, "127.0.0.1", port)
