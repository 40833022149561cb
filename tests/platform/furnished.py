"""A tenant in which every address of the API leads somewhere: one new thing of each kind whenever one is asked for."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from cranny import fleet, people, sites
from cranny.core.rng import SystemRng
from cranny.fleet import presence
from cranny.outreach import told
from cranny.people.oidc import providers
from cranny.people.oidc.providers import Said
from cranny.people.saml import providers as saml_providers
from cranny.people.saml.metadata import Described
from cranny.people.scim import groups
from cranny.people.scim.models import Group
from cranny.platform import tenants
from cranny.platform.auth import Principal
from cranny.platform.db import Tx
from cranny.platform.permissions import Role
from cranny.usecases import deliveries
from cranny.webhooks import endpoints, messages
from cranny.webhooks.shapes import EndpointAsked
from cranny.wire.kinds import DoorForced
from cranny.wire.messages import Beat
from tests.deliveries.conftest import BOOT, Box, Yard
from tests.journeys.patience import eventually

AGENT = "furnished"
"""What the admin's browser calls itself."""
DOORS = 40
OLD_ENDPOINTS = """
SELECT id FROM webhook_endpoints WHERE tenant = $1 AND state <> 'removed' ORDER BY id DESC OFFSET 30
"""


@dataclass
class Furnished:
    """`yard` is the tenant; `hook` where its webhooks go. `cookie` is an admin's, who has shown who they are; `theirs`
    the roles of somebody who may be signed out, renamed, and robbed of them."""

    yard: Yard
    hook: str
    cookie: str = ""

    async def begin(self) -> None:
        """The admin: what needs a fresh proof can be done for as long as a test takes."""
        async with self.yard.db.transaction(self.yard.tenant) as tx:
            if not await sites.list_size_classes(tx):
                await sites.default_size_classes(tx)
        self.yard.box = self.yard.other = await self._box()
        async with self.yard.db.transaction(self.yard.tenant) as tx:
            admin = await people.remember(tx, people.Contact(name="Admin", email=f"{_fresh()}@example.org"))
            await people.give(tx, self.yard.keyring, admin, Role.ADMIN, site=None, by="test")
            self.cookie = await people.begin_session(tx, ("person", admin), "link", AGENT, proven=True)
            await tx.run(
                "UPDATE sessions SET proven = proven + interval '5 hours', seen = seen + interval '5 hours' "
                "WHERE tenant = $1 AND holder = $2",
                tx.tenant,
                admin,
            )

    async def make(self, name: str) -> UUID | str:
        """A new thing of this name in addresses. A name that is not known here means that it must be learnt."""
        return await _MAKERS[name](self)

    async def stored(self) -> deliveries.DeliveryShown:
        """A parcel behind a door, its recipient told."""
        box = await self._box()
        shown = await self._announce(box.bank)
        assert shown.grants.deposit is not None
        box.deposit(shown.id, door="A1", grant=shown.grants.deposit)
        await box.sync()

        async def there() -> deliveries.DeliveryShown | None:
            now = await self.yard.get(shown.id)
            return now if now.stored_at else None

        found: deliveries.DeliveryShown = await eventually(there)
        return found

    async def _box(self) -> Box:
        self.yard.boxes += 1
        return await self.yard.add_box(int.from_bytes(SystemRng().bytes(4)), doors=DOORS)

    async def recipient(self) -> tuple[UUID, str]:
        """Somebody who is known by an address, and is nothing here. (id, address)"""
        email = f"{_fresh()}@example.org"
        contact = people.Contact(name="Grace", email=email)
        return await self._within(lambda tx: people.remember(tx, contact)), email

    async def reachable(self) -> UUID:
        """A bank that was heard a moment ago."""
        box = await self._box()
        await self._within(lambda tx: _beat(tx, box))
        return box.bank

    async def silenced(self) -> UUID:
        """An endpoint that is switched off."""

        async def deed(tx: Tx) -> UUID:
            row = await _add_endpoint(tx, self)
            await endpoints.switch(tx, row.id, on=False)
            return row.id

        return await self._within(deed)

    async def _announce(self, bank: UUID) -> deliveries.DeliveryShown:
        recipient = {"email": f"{_fresh()}@example.org"}
        return await self.yard.announce(_fresh(), bank=bank, recipient=recipient)

    async def _within(self, deed: Callable[[Tx], Awaitable[Any]]) -> Any:
        async with self.yard.db.transaction(self.yard.tenant) as tx:
            return await deed(tx)

    async def _until(self, look: Callable[[Tx], Awaitable[Any]]) -> Any:
        """What is found once a worker has read the log, where there is one."""

        async def found() -> Any:
            return await self._within(look) or None

        return await eventually(found)


async def _bank(here: Furnished) -> UUID:
    return (await here._box()).bank


async def _site(here: Furnished) -> UUID:
    box = await here._box()
    return (await here._within(lambda tx: sites.get_bank(tx, box.bank))).site


async def _delivery(here: Furnished) -> UUID:
    return (await here._announce((await here._box()).bank)).id


async def _grant(here: Furnished) -> UUID:
    collect = (await here._announce((await here._box()).bank)).grants.collect
    assert collect is not None
    return collect


async def _anomaly(here: Furnished) -> UUID:
    box, kind = await here._box(), f"odd_{_fresh()}"
    await here._within(lambda tx: fleet.raise_anomaly(tx, box.bank, kind, "doors/A1", {"door": "A1"}))
    (row,) = await here._within(lambda tx: tx.all("SELECT id FROM anomalies WHERE kind = $1", kind))
    return row["id"]


async def _alarm(here: Furnished) -> UUID:
    box = await here._box()
    box.write(DoorForced("A1"))
    await box.sync()
    (row,) = await here._until(lambda tx: fleet.live_alarms(tx, box.bank))
    found: UUID = row.id
    return found


async def _command(here: Furnished) -> UUID:
    """It waits for a second person."""
    bank = await here.reachable()
    asked = fleet.CommandAsked(action="open_all", reason="the power was gone")

    async def deed(tx: Tx) -> UUID:
        id_, _ = await fleet.ask_command(tx, bank, asked, by=Principal(tx.tenant, UUID(int=9)))
        return id_

    return await here._within(deed)


async def _beat(tx: Tx, box: Box) -> None:
    beat = Beat(BOOT, 1, 0, 0, DOORS, tx.rng.bytes(16), 0, "good", "test", 12, mono_ms=1000)
    await presence.note_beats(tx, {box.bank: (beat, tx.now(), box.identity)})


async def _notice(here: Furnished) -> UUID:
    shown = await here.stored()
    assert shown.grants.collect is not None
    grant = shown.grants.collect
    found: UUID = (await here._until(lambda tx: told(tx, [grant])))[0].id
    return found


async def _endpoint(here: Furnished) -> UUID:
    return (await here._within(lambda tx: _add_endpoint(tx, here))).id


async def _message(here: Furnished) -> UUID:
    async def deed(tx: Tx) -> UUID:
        return (await messages.test(tx, await _add_endpoint(tx, here))).id

    return await here._within(deed)


async def _add_endpoint(tx: Tx, here: Furnished) -> Any:
    """There may be fifty: an old one makes room."""
    for row in await tx.all(OLD_ENDPOINTS, tx.tenant):
        await endpoints.remove(tx, row["id"])
    row, _ = await endpoints.add(tx, here.yard.keyring, EndpointAsked(here.hook, types=["webhook.never"]))
    return row


async def _key(here: Furnished) -> UUID:
    return (await here._within(lambda tx: tenants.add_key(tx, label=f"spare {_fresh()}")))[0]


async def _person(here: Furnished) -> UUID:
    """Somebody with a role, signed in."""
    return (await here._within(lambda tx: _somebody(tx, here)))[0]


async def _session(here: Furnished) -> UUID:
    return (await here._within(lambda tx: _somebody(tx, here)))[1]


async def _somebody(tx: Tx, here: Furnished) -> tuple[UUID, UUID]:
    person = await people.remember(tx, people.Contact(name="Ada", email=f"{_fresh()}@example.org"))
    await people.give(tx, here.yard.keyring, person, Role.CLERK, site=None, by="test")
    await people.begin_session(tx, ("person", person), "link", AGENT, proven=True)
    (session,) = await people.live_sessions(tx, person)
    return person, session.id


async def _token(here: Furnished) -> UUID:
    return here.yard.db.ids.new()


async def _provider(here: Furnished) -> UUID:
    """Which is not there: whoever edits it is told so."""
    said = Said("University", "https://login.invalid", "cranny", None, ["example.org"], None, None, False, False, "")
    return await here._within(lambda tx: providers.add(tx, here.yard.keyring, said, by="test"))


async def _saml_provider(here: Furnished) -> UUID:
    said = saml_providers.Said("University", ["example.org"], None, None, False, "", "", False, "")
    of = Described("urn:university", "https://login.invalid", ())
    return await here._within(lambda tx: saml_providers.add(tx, said, of, by="test"))


async def _group(here: Furnished) -> UUID:
    group = Group(display_name=_fresh())
    return (await here._within(lambda tx: groups.add(tx, here.yard.keyring, group, by="test"))).id


async def _name(here: Furnished) -> str:
    return f"k{_fresh()[:8].lower()}"


_MAKERS: Mapping[str, Callable[[Furnished], Awaitable[UUID | str]]] = {
    "alarm": _alarm,
    "anomaly": _anomaly,
    "bank": _bank,
    "command": _command,
    "delivery": _delivery,
    "endpoint": _endpoint,
    "grant": _grant,
    "group": _group,
    "key": _key,
    "message": _message,
    "name": _name,
    "notice": _notice,
    "person": _person,
    "provider": _provider,
    "saml_provider": _saml_provider,
    "session": _session,
    "site": _site,
    "token": _token,
}


def _fresh() -> str:
    return f"x{SystemRng().bytes(6).hex()}"
