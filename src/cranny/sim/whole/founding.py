"""How the server of a life begins: a tenant, its banks, and a controller for each, by the product's own deeds."""

from collections.abc import Coroutine, Mapping
from typing import Any, Final, TypeVar, cast
from uuid import UUID

import asyncpg
import msgspec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from cranny import fleet, sites
from cranny.core.ids import TimeIds
from cranny.edge.identity import Identity
from cranny.platform.db import Database, Tx
from cranny.platform.keys import Keyring
from cranny.platform.tenants import add_tenant
from cranny.sim.dice import Dice
from cranny.sim.machines.bank import VERSION
from cranny.sim.plan import policy
from cranny.sim.reference.authority import NAME, Founded, Setting
from cranny.sim.whole.backups import Backups
from cranny.sim.whole.homestead import Homestead
from cranny.sim.whole.line import LinePool
from cranny.sim.whole.mirror import Mirror
from cranny.sim.whole.people import People
from cranny.sim.whole.server import WholeServer
from cranny.wire import enrolment, nkey
from cranny.wire.messages import Layout

T = TypeVar("T")

HOURS: Final = (1, 48)
"""How long a place is kept, and how long something waits: short enough for some banks that it happens in a morning."""
ASKED: Final = (
    "unknown_tracking",
    "visit_idle_s",
    "open_wait_s",
    "unsecured_after_s",
    "reopen_within_s",
    "reopen_times",
)
"""What a simulated bank's policy says, of what a bank's file can say."""


class Founding:
    """To be called inside the loop of the life."""

    def __init__(self, homestead: Homestead) -> None:
        self._homestead = homestead
        self.pool: LinePool | None = None
        self.mirror: Mirror | None = None

    def __call__(self, setting: Setting, layouts: Mapping[str, Layout]) -> Founded:
        home, seed, people = self._homestead, setting.seed, People()
        self.pool = LinePool(home.outside, home.app_dsn, setting.clock.now)
        self.mirror = Mirror(home.outside, home.admin_dsn, people.owners)
        keyring = Keyring(Dice(seed, "master key").bytes(32), rng=Dice(seed, NAME, "seals"))
        dice = Dice(seed, NAME, "founding")
        db = Database(
            cast("asyncpg.Pool", self.pool),
            clock=setting.clock,
            ids=TimeIds(setting.clock, dice),
            rng=dice,
            poke=_nobody,
        )
        tenant = _at_once(_tenant(db))
        identities = {
            name: _at_once(_bank(db, keyring, tenant, made, Dice(seed, name))) for name, made in layouts.items()
        }
        self.mirror.look()
        server = WholeServer(
            setting,
            tenant,
            keyring=keyring,
            backups=Backups(home, self.pool, self.mirror),
            pool=self.pool,
            mirror=self.mirror,
            people=people,
        )
        return Founded(server, identities, keyring.downlink_key(tenant), server)

    def leave(self) -> None:
        for one in (self.pool, self.mirror):
            if one is not None:
                one.hang_up()
        self._homestead.leave()


async def _tenant(db: Database) -> UUID:
    async with db.transaction() as tx:
        tenant, _ = await add_tenant(tx, "Simulated")
        await sites.default_size_classes(tx)
    return tenant.tenant


async def _bank(db: Database, keyring: Keyring, tenant: UUID, made: Layout, dice: Dice) -> Identity:
    async with db.transaction(tenant) as tx:
        bank = await _installed(tx, made, dice)
        claim = await fleet.create_claim(tx, bank)
    seed = nkey.seed(dice.bytes(nkey.KEY_BYTES))
    sealing = X25519PrivateKey.from_private_bytes(dice.bytes(32))
    reply = await fleet.enrol(db, keyring, [], enrolment.ask(claim.claim, seed, sealing, VERSION))
    return Identity(
        tenant=reply.tenant,
        bank=reply.bank,
        nats=reply.nats,
        seed=seed.decode(),
        server_key=reply.server_key,
        pepper=enrolment.unseal(reply, sealing).pepper,
        epoch=reply.epoch,
    )


async def _installed(tx: Tx, made: Layout, dice: Dice) -> UUID:
    asked = policy(dice)
    file: dict[str, Any] = {
        "name": made.name,
        "timezone": made.timezone,
        "site": "Corner",
        "policy": {name: getattr(asked, name) for name in ASKED}
        | {name: HOURS[dice.below(len(HOURS))] for name in ("hold_hours", "collect_hours")},
        "towers": [{"name": "A", "compartments": [_box(msgspec.to_builtins(box)) for box in made.compartments]}],
    }
    return (await sites.add_bank(tx, sites.read_json(file))).id


def _box(box: Mapping[str, Any]) -> dict[str, Any]:
    return {name: box[name] for name in ("label", "width", "height", "depth", "centre", "unit", "channel")}


def _at_once(work: Coroutine[Any, Any, T]) -> T:
    """What `work` comes to; with a database that answers in no time it never waits."""
    try:
        work.send(None)
    except StopIteration as done:
        return cast("T", done.value)
    raise RuntimeError("nothing here may wait")


async def _nobody(_: str) -> None:
    """Nobody listens."""
