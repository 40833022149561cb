"""From a secret or a name that comes from outside to the tenant it belongs to.

The one table of our own without a wall between tenants, because it is what finds the tenant. It holds SHA-256
hashes and ids only; secrets in it are random and long, so that a hash can't be turned back by guessing.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from cranny.platform import rows
from cranny.platform.db import Database, Tx

PUT: Final = "INSERT INTO directory (hash, kind, tenant, ref, expires) VALUES ($1, $2, $3, $4, $5)"
PUT_AGAIN: Final = """
INSERT INTO directory (hash, kind, tenant, ref, expires) VALUES ($1, $2, $3, $4, NULL) ON CONFLICT DO NOTHING
"""
PUT_MANY: Final = """
INSERT INTO directory (hash, kind, tenant, ref) SELECT d.hash, $2, $1, d.ref
FROM unnest($3::bytea[], $4::uuid[]) AS d (hash, ref) ON CONFLICT DO NOTHING
"""
FIND: Final = "SELECT hash, kind, tenant, ref, expires FROM directory WHERE hash = $1"
FIND_ALL: Final = "SELECT tenant, ref, expires FROM directory WHERE hash = ANY ($1::bytea[]) AND expires IS NULL"
FORGET: Final = "DELETE FROM directory WHERE hash = $1 AND tenant = $2"
FORGET_OF: Final = "DELETE FROM directory WHERE tenant = $1 AND ref = ANY ($2::uuid[])"
OF: Final = "SELECT ref FROM directory WHERE tenant = $1 AND ref = ANY ($2::uuid[]) ORDER BY ref"
FORGET_EXPIRED: Final = "DELETE FROM directory WHERE tenant = $1 AND expires <= $2"


class DirectoryRow(msgspec.Struct, frozen=True):
    hash: bytes
    kind: str
    tenant: UUID
    ref: UUID
    expires: datetime | None


class Found(msgspec.Struct, frozen=True):
    tenant: UUID
    ref: UUID
    expires: datetime | None


async def put(
    tx: Tx, kind: str, secret: bytes | str, tenant: UUID, ref: UUID, *, expires: datetime | None = None
) -> None:
    """Remember that `secret` of this `kind` stands for `ref` of `tenant`."""
    await tx.run(PUT, digest(kind, secret), kind, tenant, ref, expires)


async def put_again(tx: Tx, kind: str, secret: bytes | str, tenant: UUID, ref: UUID) -> None:
    """`put` for what may be there already, for the same `ref`."""
    await tx.run(PUT_AGAIN, digest(kind, secret), kind, tenant, ref)


async def put_many(tx: Tx, kind: str, secrets: Sequence[bytes], refs: Sequence[UUID]) -> None:
    """`put_again` for many at once, in the same order."""
    await tx.run(PUT_MANY, tx.tenant, kind, [digest(kind, secret) for secret in secrets], list(refs))


async def find(db: Database, kind: str, secret: bytes | str) -> Found | None:
    """What `secret` stands for; None when it is not known or has expired."""
    record = await db.pool.fetchrow(FIND, digest(kind, secret))
    if record is None:
        return None
    found = rows.to(Found, record)
    if found.expires is not None and found.expires <= db.clock.now():
        return None
    return found


async def find_all(db: Database, kind: str, secrets: Sequence[bytes]) -> list[Found]:
    """What those of `secrets` stand for that are known."""
    records = await db.pool.fetch(FIND_ALL, [digest(kind, secret) for secret in secrets])
    return rows.every(Found, records)


async def forget(tx: Tx, kind: str, secret: bytes | str) -> bool:
    """Whether it was there. In one transaction with its use this makes a secret good for one time only."""
    return await tx.run(FORGET, digest(kind, secret), tx.tenant) == "DELETE 1"


async def forget_of(tx: Tx, refs: Sequence[UUID]) -> int:
    """Nothing stands for `refs` any more. Returns how many things did."""
    return int((await tx.run(FORGET_OF, tx.tenant, list(refs))).rsplit(maxsplit=1)[-1])


async def known(tx: Tx, refs: Sequence[UUID]) -> list[UUID]:
    """Those of `refs` that something stands for."""
    return [row["ref"] for row in await tx.all(OF, tx.tenant, list(refs))]


async def forget_expired(db: Database, tenant: UUID) -> int:
    """A sweep: drop what has expired."""
    tag: str = await db.pool.execute(FORGET_EXPIRED, tenant, db.clock.now())
    return int(tag.rsplit(maxsplit=1)[-1])


def digest(kind: str, secret: bytes | str) -> bytes:
    raw = secret.encode() if isinstance(secret, str) else secret
    return hashlib.sha256(kind.encode() + b"\x00" + raw).digest()
