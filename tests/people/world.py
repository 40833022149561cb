"""Two tenants, and in the first one somebody in each role, at the tenant and at one of its two sites."""

from dataclasses import dataclass, field
from uuid import UUID

from cranny import people, sites
from cranny.platform import tenants
from cranny.platform.db import Database, Tx
from cranny.platform.keys import Keyring
from cranny.platform.permissions import Role
from cranny.usecases import deliveries
from tests.people.asking import AGENT

Things = dict[str, UUID]
"""By their names in addresses."""


@dataclass
class Member:
    id: UUID
    cookie: str
    own: Things


@dataclass
class World:
    tenant: UUID
    things: Things
    """Of the first site, and of nobody in particular."""
    away: Things
    """The same at the second site."""
    stranger: Things
    """Of the other tenant."""
    other: Member
    """Another person, without any of the roles that are asked about."""
    whole: dict[Role, Member] = field(default_factory=dict)
    local: dict[Role, Member] = field(default_factory=dict)
    key: str = ""


async def build(db: Database, keyring: Keyring) -> World:
    async with db.transaction() as tx:
        await tenants.add_tenant(tx, "Canary")
        theirs = await _somebody(tx, keyring, "stranger@else.example", Role.OPERATOR, await _place(tx, keyring, "Far"))
        strange = {**await _place(tx, keyring, "Farther"), **theirs.own}
    async with db.transaction() as tx:
        mine, key = await tenants.add_tenant(tx, "Reading Room")
        near, away = await _place(tx, keyring, "Near"), await _place(tx, keyring, "Away")
        other = await _somebody(tx, keyring, "other@here.example", Role.AUDITOR, near)
        world = World(mine.tenant, near, away, strange, other, key=key)
        for role in Role:
            world.whole[role] = await _somebody(tx, keyring, f"{role}@here.example", role, near)
            world.local[role] = await _somebody(tx, keyring, f"local-{role}@here.example", role, near, local=True)
    return world


async def _place(tx: Tx, keyring: Keyring, name: str) -> Things:
    if not await sites.list_size_classes(tx):
        await sites.default_size_classes(tx)
    rows = "".join(
        f"      - {{label: A{n}, width: 380, height: 190, depth: 640, centre: 900, unit: 1, channel: {n}}}\n"
        for n in range(1, 60)
    )
    text = f"name: {name}\ntimezone: Europe/Prague\nsite: {name}\ntowers:\n  - name: A\n    compartments:\n{rows}"
    bank = await sites.add_bank(tx, sites.read_yaml(text))
    missing = {
        name: tx.ids.new()
        for name in (
            "key",
            "endpoint",
            "message",
            "passkey",
            "person",
            "session",
            "command",
            "anomaly",
            "alarm",
            "notice",
            "token",
            "provider",
            "saml_provider",
            "resource",
            "rest",
            "group",
        )
    }
    parcel = await _parcel(tx, keyring, bank.id, f"somebody.{name}@else.example")
    return {**missing, "bank": bank.id, "site": bank.site, **parcel}


async def _parcel(tx: Tx, keyring: Keyring, bank: UUID, email: str) -> Things:
    asked = deliveries.DeliveryAsked(
        bank, [deliveries.ItemAsked(f"T-{tx.ids.new()}", size="S")], deliveries.RecipientAsked(email=email)
    )
    shown = await deliveries.announce(tx, keyring, asked)
    assert shown.grants.collect is not None
    return {"delivery": shown.id, "grant": shown.grants.collect}


async def _somebody(tx: Tx, keyring: Keyring, email: str, role: Role, near: Things, *, local: bool = False) -> Member:
    parcel, site = await _parcel(tx, keyring, near["bank"], email), near["site"] if local else None
    person = await people.remember(tx, people.Contact(email=email))
    await people.give(tx, keyring, person, role, site=site, by="test")
    cookie = await people.begin_session(tx, ("person", person), "link", AGENT, proven=True)
    await people.begin_session(tx, ("person", person), "link", AGENT, proven=True)
    one = min((row for row in await people.live_sessions(tx, person)), key=lambda row: -row.id.int)
    return Member(person, cookie, {"person": person, "session": one.id, "delivery": parcel["delivery"]})
