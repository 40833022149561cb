"""What an administrator does on the installation itself, past the API."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import msgspec

from cranny import people, sites
from cranny.apps import installation
from cranny.apps.addresses import broker_config, find, master_key
from cranny.apps.clock import make_clock
from cranny.apps.parts import assemble
from cranny.apps.settings import Settings
from cranny.core.errors import Conflict, NotFound
from cranny.core.rng import SystemRng
from cranny.platform import heads, log, scopes, tenants, trail
from cranny.platform.chain import Break
from cranny.platform.db import Database, Tx
from cranny.platform.feature import Violation
from cranny.platform.keys import Keyring
from cranny.sim import truth
from cranny.wiring.audit import audit


async def upgrade(settings: Settings) -> None:
    """Bring the schema up to date; every tenant's log says so, where it was not. Raises what `migrate.upgrade`
    raises."""
    if settings.owner_url and settings.database_url:
        await installation.upgrade(settings, settings.owner_url, settings.database_url)
        return
    async with find(settings, SystemRng()) as found:
        await installation.upgrade(settings, found.owner_dsn, found.app_dsn)


def nats_demands(settings: Settings) -> dict[str, object]:
    """What a NATS server of your own has to be configured with (public keys only). Raises what `master_key` raises."""
    rng = SystemRng()
    return broker_config(Keyring(master_key(settings, rng), rng=rng), settings).demands()


class Founded(msgspec.Struct, frozen=True):
    """A new tenant; `key` and `link`, which makes whoever opens it the first admin, are readable only now."""

    id: UUID
    key: str
    link: str

    def __repr__(self) -> str:
        """Without what opens anything, wherever it is printed."""
        return f"Founded({self.id})"


async def add_tenant(settings: Settings, name: str) -> Founded:
    """A new tenant with the default size classes."""
    rng = SystemRng()
    async with (
        find(settings, rng) as found,
        assemble(found, settings, make_clock(settings.clock), rng) as parts,
        parts.db.transaction() as tx,
    ):
        row, key = await tenants.add_tenant(tx, name)
        await sites.default_size_classes(tx)
        await installation.here(settings, tx.tenant, "tenant add").attest(tx)
        return Founded(row.tenant, key, await _admin_link(settings, tx))


async def admin_link(settings: Settings, tenant: str) -> str:
    """An address that makes whoever opens it an admin of the tenant of this name or id, once within seven days. Raises
    like `add_key`."""
    async with _as_tenant(settings, tenant, deed="tenant admin") as tx:
        return await _admin_link(settings, tx)


async def _admin_link(settings: Settings, tx: Tx) -> str:
    token = await people.make_link(tx, people.FOUNDING, tx.tenant)
    return f"{settings.url.rstrip('/')}/welcome#{token}"


async def add_key(
    settings: Settings, tenant: str, label: str, *, wanted: Sequence[str] = scopes.EVERYTHING, days: int | None = None
) -> str:
    """One more API key for the tenant of this name or id: a key is a person, and some deeds need two. It is readable
    only now. It is good for the scopes `wanted`, for so many `days`. Raises NotFound, code `tenant-not-found`;
    Conflict, code `label-taken` or `tenant-ambiguous`; Invalid, code `scope-unknown`."""
    good_for = scopes.read(wanted)
    async with _as_tenant(settings, tenant, deed="key add") as tx:
        if await _live(tx, label):
            raise Conflict(f"There is a key {label!r} already; say who this one is for.", code="label-taken")
        expires = None if days is None else tx.now() + timedelta(days=days)
        return (await tenants.add_key(tx, label=label, expires=expires, scopes=good_for))[1]


async def list_keys(settings: Settings, tenant: str) -> Sequence[tenants.ApiKeyRow]:
    """The tenant's keys, the oldest first, without their secrets. Raises like `add_key`."""
    async with _as_tenant(settings, tenant) as tx:
        return await tenants.list_keys(tx)


async def revoke_key(settings: Settings, tenant: str, label: str) -> None:
    """From now on the key with this label opens nothing. Raises like `add_key`, and NotFound, code
    `api-key-not-found`."""
    async with _as_tenant(settings, tenant, deed="key revoke") as tx:
        live = await _live(tx, label)
        if not live:
            raise NotFound(f"There is no live key {label!r}.", code="api-key-not-found")
        await tenants.revoke_key(tx, live[0].id)


async def verify_log(settings: Settings, tenant: str, kept: str | None) -> tuple[int, Break | None]:
    """How far the tenant's log goes, and where its chain breaks first, if it does; compared with the heads that are
    kept beside it, and with those that were kept elsewhere, where their text is given. Raises like `add_key`, and
    Invalid, codes `head-unreadable` and `head-forged`."""
    keyring = _keyring(settings)
    async with _as_tenant(settings, tenant) as tx:
        lines = "\n".join(await heads.every(tx))
        own = heads.read(lines, tx.tenant, keyring) if lines else []
        others = [] if kept is None else heads.read(kept, tx.tenant, keyring)
        return await log.head(tx), await trail.verify(tx, kept=[*own, *others])


async def log_head(settings: Settings, tenant: str) -> str:
    """The head of the tenant's log, signed, to be kept elsewhere: one line. Raises like `add_key`."""
    async with _as_tenant(settings, tenant) as tx:
        return await heads.show(tx, _keyring(settings))


async def log_heads(settings: Settings, tenant: str) -> list[str]:
    """The heads that the worker has signed, the oldest first, behind a line with the public key. Raises like
    `add_key`."""
    async with _as_tenant(settings, tenant) as tx:
        return [f"# Ed25519 {heads.public(_keyring(settings), tx.tenant).hex()}", *await heads.every(tx)]


async def list_trail(settings: Settings, tenant: str, most: int) -> Sequence[trail.Entry]:
    """The newest entries of the audit trail, the last first. Raises like `add_key`."""
    async with _as_tenant(settings, tenant, deed="audit list") as tx:
        return await trail.newest(tx, most)


async def import_people(settings: Settings, tenant: str, raw: bytes, asked: people.ListAsked) -> people.ListReport:
    """What a list of people comes to and, with `asked.apply`, do it. Whoever runs the installation may make admins.
    Raises like `add_key`, and what `people.follow_list` and `people.read_sheet` raise."""
    sheet = await people.read_sheet(raw, asked.encoding)
    keyring = Keyring(master_key(settings, SystemRng()), rng=SystemRng())
    async with _as_tenant(settings, tenant, deed="people import") as tx:
        return await people.follow_list(tx, keyring, sheet, asked, by="installation")


async def _live(tx: Tx, label: str) -> list[tenants.ApiKeyRow]:
    return [key for key in await tenants.list_keys(tx) if key.label == label and key.revoked is None]


def _keyring(settings: Settings) -> Keyring:
    rng = SystemRng()
    return Keyring(master_key(settings, rng), rng=rng)


@asynccontextmanager
async def _as_tenant(settings: Settings, tenant: str, *, deed: str = "") -> AsyncIterator[Tx]:
    """A transaction of the tenant of this name or id; a `deed` is written into its log as the last of it."""
    rng = SystemRng()
    async with (
        find(settings, rng) as found,
        assemble(found, settings, make_clock(settings.clock), rng) as parts,
        parts.db.transaction(await _named(parts.db, tenant)) as tx,
    ):
        yield tx
        if deed:
            await installation.here(settings, tx.tenant, deed).attest(tx)


async def _named(db: Database, tenant: str) -> UUID:
    """The tenant of this name, or id."""
    found: list[UUID] = []
    for id_ in await tenants.every(db):
        async with db.transaction(id_) as tx:
            row = await tenants.get_tenant(tx)
        if tenant in (row.name, str(id_)):
            found.append(id_)
    if len(found) > 1:
        raise Conflict(f"{len(found)} tenants are called {tenant!r}: say its id.", code="tenant-ambiguous")
    if not found:
        raise NotFound(f"There is no tenant {tenant!r}.", code="tenant-not-found")
    return found[0]


async def check(settings: Settings, edges: Sequence[Path] = ()) -> tuple[list[Violation], truth.Looked | None]:
    """Every broken invariant in the database and, where `edges` tells directories of controllers, in their journals
    and simulated doors. Raises NotFound, code `no-controller`."""
    rng = SystemRng()
    async with find(settings, rng) as found, assemble(found, settings, make_clock(settings.clock), rng) as parts:
        looked = await truth.look(parts.db, edges) if edges else None
        return [*await audit(parts.db), *(looked.violations if looked else ())], looked
