"""Tenants and their API keys. A key is shown once; what is kept is its hash."""

import base64
import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from cranny.core.errors import NotFound
from cranny.core.events import NewEvent
from cranny.platform import directory, events, rows
from cranny.platform.db import Database, Tx
from cranny.platform.scopes import EVERYTHING

KEY_BEGINS: Final = "crn_"
KEY_KIND: Final = "api-key"
"""The directory's word for API keys."""
_TENANT_KIND: Final = "tenant"
_GENESIS: Final = bytes(32)

ADD_TENANT: Final = "INSERT INTO tenants (tenant, name, created) VALUES ($1, $2, $3)"
ADD_HEAD: Final = "INSERT INTO log_heads (tenant, position, chain) VALUES ($1, 0, $2)"
GET_TENANT: Final = "SELECT tenant, name, created FROM tenants WHERE tenant = $1"
EVERY: Final = "SELECT tenant FROM directory WHERE kind = $1 ORDER BY tenant"
ADD_KEY: Final = """
INSERT INTO api_keys (tenant, id, prefix, hash, label, created, expires, scopes)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""
GET_KEY: Final = """
SELECT tenant, id, prefix, hash, label, created, last_used, expires, revoked, scopes FROM api_keys
WHERE tenant = $1 AND id = $2
"""
LIST_KEYS: Final = """
SELECT tenant, id, prefix, hash, label, created, last_used, expires, revoked, scopes FROM api_keys
WHERE tenant = $1 ORDER BY id
"""
FIND_KEYS: Final = """
SELECT tenant, id, prefix, hash, label, created, last_used, expires, revoked, scopes FROM api_keys
WHERE tenant = $1 AND id > $2 AND starts_with(prefix, $3) AND (revoked IS NULL OR $4) ORDER BY id LIMIT $5
"""
REVOKE_KEY: Final = "UPDATE api_keys SET revoked = $3 WHERE tenant = $1 AND id = $2 AND revoked IS NULL"
USED_KEY: Final = """
UPDATE api_keys SET last_used = $3 WHERE tenant = $1 AND id = $2 AND (last_used IS NULL OR last_used < $4)
"""
NOTE_USE_EVERY: Final = timedelta(minutes=5)


class TenantRow(msgspec.Struct, frozen=True):
    tenant: UUID
    name: str
    created: datetime


class ApiKeyRow(msgspec.Struct, frozen=True):
    tenant: UUID
    id: UUID
    prefix: str
    hash: bytes
    label: str
    created: datetime
    last_used: datetime | None
    expires: datetime | None
    revoked: datetime | None
    scopes: list[str]


async def add_tenant(tx: Tx, name: str) -> tuple[TenantRow, str]:
    """Found a tenant, with its first API key. `tx` becomes a transaction of the new tenant."""
    tenant = tx.ids.new()
    await tx.enter(tenant)
    row = TenantRow(tenant, name, tx.now())
    await tx.run(ADD_TENANT, *msgspec.structs.astuple(row))
    await tx.run(ADD_HEAD, tenant, _GENESIS)
    await directory.put(tx, _TENANT_KIND, tenant.bytes, tenant, tenant)
    await events.record(tx, [NewEvent("tenant.added", f"tenants/{tenant}", {"name": name})])
    _, key = await add_key(tx, label="first")
    return row, key


async def get_tenant(tx: Tx) -> TenantRow:
    """The tenant of this transaction."""
    record = await tx.one(GET_TENANT, tx.tenant)
    if record is None:
        raise NotFound("There is no such tenant.", code="tenant-not-found")
    return rows.to(TenantRow, record)


async def every(db: Database) -> list[UUID]:
    """All tenants: for rounds and sweeps."""
    return [record["tenant"] for record in await db.pool.fetch(EVERY, _TENANT_KIND)]


async def add_key(
    tx: Tx, *, label: str, expires: datetime | None = None, scopes: Sequence[str] = EVERYTHING
) -> tuple[UUID, str]:
    """A new API key `crn_<12 characters>_<43 characters>`. The first part names it, the second is 256 secret
    bits; this is the only time it can be read. `scopes` say what it is good for (see `scopes.py`)."""
    id_ = tx.ids.new()
    prefix = base64.b32encode(tx.rng.bytes(8)).decode().lower()[:12]
    key = f"{KEY_BEGINS}{prefix}_{base64.urlsafe_b64encode(tx.rng.bytes(32)).decode().rstrip('=')}"
    await tx.run(ADD_KEY, tx.tenant, id_, prefix, key_hash(key), label, tx.now(), expires, list(scopes))
    await directory.put(tx, KEY_KIND, key, tx.tenant, id_, expires=expires)
    data = {"prefix": prefix, "label": label, "scopes": list(scopes)}
    await events.record(tx, [NewEvent("api_key.added", f"api-keys/{id_}", data)])
    return id_, key


async def get_key(tx: Tx, id_: UUID) -> ApiKeyRow | None:
    record = await tx.one(GET_KEY, tx.tenant, id_)
    return None if record is None else rows.to(ApiKeyRow, record)


async def is_good(tx: Tx, id_: UUID) -> bool:
    """Whether the key opens anything now: it is known, not revoked and not expired."""
    row = await get_key(tx, id_)
    return row is not None and row.revoked is None and (row.expires is None or row.expires > tx.now())


async def list_keys(tx: Tx) -> Sequence[ApiKeyRow]:
    return rows.every(ApiKeyRow, await tx.all(LIST_KEYS, tx.tenant))


async def find_keys(tx: Tx, *, prefix: str, after: UUID, limit: int, revoked: bool) -> Sequence[ApiKeyRow]:
    """Keys whose first part begins with `prefix`, in the order they were added, those behind the id `after`."""
    return rows.every(ApiKeyRow, await tx.all(FIND_KEYS, tx.tenant, after, prefix, revoked, limit))


async def revoke_key(tx: Tx, id_: UUID) -> None:
    """From now on (a few seconds for processes that have just seen it) the key opens nothing."""
    if await tx.run(REVOKE_KEY, tx.tenant, id_, tx.now()) == "UPDATE 0":
        raise NotFound("There is no such live API key.", code="api-key-not-found")
    await events.record(tx, [NewEvent("api_key.revoked", f"api-keys/{id_}")])


async def note_use(tx: Tx, id_: UUID) -> None:
    """Remember roughly when the key was last used."""
    now = tx.now()
    await tx.run(USED_KEY, tx.tenant, id_, now, now - NOTE_USE_EVERY)


def key_hash(key: str) -> bytes:
    """A plain hash is enough: the secret is random, 256 bits."""
    return hashlib.sha256(key.encode()).digest()
