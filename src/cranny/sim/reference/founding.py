"""The simulated server, and the banks that it knows from the start."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cranny.core.ids import TimeIds
from cranny.edge.identity import Identity
from cranny.sim.dice import Dice
from cranny.sim.plan import policy
from cranny.sim.reference.authority import NAME, Founded, Setting
from cranny.sim.reference.rights import Rights
from cranny.sim.reference.server import Outside, Server
from cranny.sim.reference.store import ReferenceStore
from cranny.wire import nkey
from cranny.wire.messages import Layout

BACKUP_S: Final = 900.0
"""Between two backups, in a busy morning."""


def found(setting: Setting, layouts: Mapping[str, Layout]) -> Founded:
    """With a bank for each of `layouts`, which are by name."""
    seed = setting.seed
    key = Ed25519PrivateKey.from_private_bytes(Dice(seed, "server key").bytes(32))
    identities = {name: _identity(setting, name, key) for name in layouts}
    doors = {identities[name].bank: [box.label for box in made.compartments] for name, made in layouts.items()}
    tags, backup_s = Dice(seed, NAME, "tags"), BACKUP_S * setting.plan.pace if setting.backs_up else 0.0
    store = ReferenceStore(doors, setting.fates, Dice(seed, NAME, "store"), tags=tags, backup_s=backup_s)
    rights = Rights(
        store.books,
        tenant=setting.tenant,
        peppers={identity.bank: identity.pepper for identity in identities.values()},
        clock=setting.clock,
        ids=TimeIds(setting.clock, Dice(seed, NAME, "ids")),
        dice=Dice(seed, NAME, "rights"),
        tags=tags,
    )
    server = Server(
        store,
        rights,
        key=key,
        boxes={identity.bank: _box(identity) for identity in identities.values()},
        clock=setting.clock,
        hub=setting.hub,
        net=setting.net,
        fates=setting.fates,
        dice=Dice(seed, NAME),
        trace=setting.trace,
        pace=setting.plan.pace,
        outside=Outside(tell=setting.tell, flaw=setting.flaw),
    )
    for name, made in layouts.items():
        box = identities[name]
        store.open_desk(box.bank, _box(box), [made, policy(Dice(seed, name))])
    return Founded(server, identities, key)


def _identity(setting: Setting, name: str, server_key: Ed25519PrivateKey) -> Identity:
    dice = Dice(setting.seed, name, "identity")
    return Identity(
        tenant=setting.tenant,
        bank=UUID(bytes=dice.bytes(16), version=4),
        nats=[],
        seed=nkey.seed(dice.bytes(32)).decode(),
        server_key=server_key.public_key().public_bytes_raw(),
        pepper=dice.bytes(32),
    )


def _box(identity: Identity) -> str:
    return nkey.name(nkey.private(identity.seed.encode()).public_key())
