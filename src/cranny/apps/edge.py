"""Puts the parts of a controller process together."""

import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cranny import __version__
from cranny.core.clock import Clock, SystemClock
from cranny.core.errors import Invalid, NotFound
from cranny.core.ids import TimeIds
from cranny.core.rng import Rng
from cranny.edge import drivers, identity, inbox, mule, readers, wiring
from cranny.edge.app import Config, Parts, run_edge
from cranny.edge.disk import ThreadDisk
from cranny.edge.enrol import enrol
from cranny.edge.identity import Identity
from cranny.edge.owner import sole_owner
from cranny.edge.readers import Reader
from cranny.edge.wiring import Wired
from cranny.wire import subjects
from cranny.wire.brokers.nats import NatsBroker
from cranny.wire.kdf import Argon2Kdf, Kdf

JOURNAL: Final = "journal.sqlite"
INBOX: Final = "inbox"
CLIMATE: Final = "climate.json"
"""In a box's home: what is unusual about its simulated sensors (`edge/sensors/simulated.py`)."""


@dataclass(frozen=True, slots=True)
class Box:
    """The machine a controller runs on. `home` is its private directory; `board` is a driver's name and, after a
    colon, its address, `readers` likewise; `port` is the kiosk's."""

    home: Path
    board: str
    port: int
    clock: Clock
    rng: Rng
    kdf: Kdf = field(default_factory=Argon2Kdf)
    tls: ssl.SSLContext | None = None
    readers: Sequence[str] = ()


async def become(box: Box, claim: str, server: str) -> None:
    """Enrol at `server` with a one-time claim."""
    await enrol(box.home, server, claim, rng=box.rng, version=__version__)


def export_uplink(home: Path, file: Path) -> tuple[int, int]:
    """Write what the server has not acknowledged into `file`. Returns how many facts that is, and how many are left for
    the next time. Raises NotFound, codes `not-enrolled`, `no-journal`; Invalid, code `file-unwritable`."""
    body, carried, left = mule.export(home / JOURNAL, identity.read(home))
    try:
        file.write_bytes(body)
    except OSError as error:
        raise Invalid(f"{file} can't be written: {error.strerror}.", code="file-unwritable") from error
    return carried, left


def import_downlink(home: Path, file: Path, rng: Rng) -> tuple[int, int]:
    """Give the controller what the server sent back in `file`: it takes it in by itself, at once when it runs. Returns
    how many acknowledgements and pages of rights that is. Raises NotFound, codes `not-enrolled`, `no-such-file`;
    Invalid."""
    me = identity.read(home)
    if not file.is_file():
        raise NotFound(f"There is no file {file}.", code="no-such-file")
    returned = inbox.put(home / INBOX, TimeIds(SystemClock(), rng).new(), me, file.read_bytes())
    return len(returned.acks), len(returned.pages)


async def run(box: Box) -> None:
    """Be the bank that this box has enrolled as, until cancelled. Raises Conflict, code `box-in-use`."""
    me = identity.read(box.home)
    with sole_owner(box.home):
        async with _parts(box, me) as parts:
            await run_edge(Config(identity=me, version=__version__, port=box.port, inbox=box.home / INBOX), parts)


@asynccontextmanager
async def _parts(box: Box, me: Identity) -> AsyncIterator[Parts]:
    name, _, address = box.board.partition(":")
    found = wiring.read(box.home, name)
    listened_to = [_reader(box, reader) for reader in box.readers]
    driver = await drivers.load(name).open_board(address, clock=box.clock, rng=box.rng)
    if found is not None:
        driver = Wired(driver, found)
    disk = ThreadDisk(box.home / JOURNAL)
    broker = NatsBroker(
        me.nats,
        rng=box.rng,
        name=f"bank-{me.bank}",
        nkey_seed=me.seed.encode(),
        inbox_prefix=subjects.inbox(me.bank),
        tls=box.tls,
    )
    await broker.connect()
    try:
        yield Parts(
            clock=box.clock,
            rng=box.rng,
            ids=TimeIds(box.clock, box.rng),
            disk=disk,
            broker=broker,
            kdf=box.kdf,
            driver=driver,
            climate=box.home / CLIMATE,
            readers=listened_to,
        )
    finally:
        await broker.close()
        await driver.close()
        await disk.close()


def _reader(box: Box, asked: str) -> Reader:
    name, _, address = asked.partition(":")
    return readers.load(name).open_reader(address, clock=box.clock, rng=box.rng)
