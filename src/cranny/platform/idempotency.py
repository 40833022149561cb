"""A POST that is sent twice has one effect. The client names its deed with the header `Idempotency-Key`.

The key, the deed and the answer are one transaction: a second request with the same key waits for the first to
commit and is given its answer again. A deed that fails leaves nothing behind, so it may be tried again.
"""

import hashlib
from collections.abc import Awaitable, Callable, Collection
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from litestar import Request, Response

from cranny.core.errors import Conflict, Invalid
from cranny.platform import rows
from cranny.platform.db import WITNESS, Database, Tx, patiently

HEADER: Final = "Idempotency-Key"
LONGEST_KEY: Final = 255

CLAIM: Final = """
INSERT INTO idempotency (tenant, key, route, request_hash, created) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT DO NOTHING RETURNING true
"""
LOOK: Final = """
SELECT tenant, key, route, request_hash, status, headers, body, secret, created FROM idempotency
WHERE tenant = $1 AND key = $2
"""
STORE: Final = """
UPDATE idempotency SET status = $3, headers = $4, body = $5, secret = $6 WHERE tenant = $1 AND key = $2
"""
FORGET: Final = """
DELETE FROM idempotency WHERE (tenant, key) IN (
    SELECT tenant, key FROM idempotency WHERE tenant = $1 AND created < $2 ORDER BY created LIMIT $3
)
"""
# What names one of these, in its address or in its answer. Without an answer is only who asks for this just now.
FORGET_ABOUT: Final = """
DELETE FROM idempotency AS i WHERE i.tenant = $1 AND i.status IS NOT NULL AND EXISTS (
    SELECT FROM unnest($2::text[]) AS named (id)
    WHERE position(named.id IN i.route) > 0 OR position(convert_to(named.id, 'UTF8') IN i.body) > 0
)
"""
ABOUT: Final = """
SELECT DISTINCT named.id FROM unnest($2::text[]) AS named (id), idempotency AS i
WHERE i.tenant = $1 AND position(convert_to(named.id, 'UTF8') IN i.body) > 0 ORDER BY named.id
"""


class IdempotencyRow(msgspec.Struct, frozen=True):
    tenant: UUID
    key: str
    route: str
    request_hash: bytes
    status: int | None
    headers: dict[str, str] | None
    body: bytes | None
    secret: bool
    created: datetime


class Reply(msgspec.Struct, frozen=True):
    """What a deed answers. A `secret` body (a code, a key) is shown once and never stored."""

    status: int
    body: msgspec.Struct
    secret: bool = False
    location: str | None = None


async def once(
    db: Database, request: Request[Any, Any, Any], deed: Callable[[Tx], Awaitable[Reply]]
) -> Response[bytes]:
    """Do `deed` in one transaction, or give its earlier answer again (with `Idempotent-Replayed: true`).

    Raises Invalid, code `idempotency-key-missing` (400) or `idempotency-key-reused` (422: the same key came
    with another request before), and Conflict, code `secret-shown-once` (409). Where two transactions waited for
    each other and this one gave way, it is tried again.
    """
    if request.method != "POST":
        raise AssertionError("the API's description asks for a key with POST only")
    return await patiently(lambda: _once(db, request, deed))


async def _once(
    db: Database, request: Request[Any, Any, Any], deed: Callable[[Tx], Awaitable[Reply]]
) -> Response[bytes]:
    key = _key(request)
    route = f"{request.method} {request.url.path}" + (f"?{request.url.query}" if request.url.query else "")
    fingerprint = hashlib.sha256(await request.body()).digest()
    async with db.transaction(request.user.tenant) as tx:
        # A second request waits here until the first has committed or given up.
        if await tx.value(CLAIM, tx.tenant, key, route, fingerprint, tx.now()):
            reply = await deed(tx)
            body = msgspec.json.encode(reply.body)
            headers = {"Location": reply.location} if reply.location else {}
            await tx.run(STORE, tx.tenant, key, reply.status, headers, None if reply.secret else body, reply.secret)
            return _response(reply.status, body, headers)
        earlier = await tx.one(LOOK, tx.tenant, key)
        WITNESS.set(None)  # nothing is done now: the trail has the deed from when it was
    if earlier is None:
        raise Conflict("This request is being cleaned up. Send it again.", retry=True)
    return _again(rows.to(IdempotencyRow, earlier), route, fingerprint)


async def forget(tx: Tx, before: datetime, at_most: int) -> int:
    """Drop answers from before that. Returns how many."""
    return int((await tx.run(FORGET, tx.tenant, before, at_most)).rsplit(maxsplit=1)[-1])


async def forget_about(tx: Tx, ids: Collection[UUID]) -> int:
    """Drop the answers that name one of `ids`: sending such a request again does it again. Returns how many."""
    return int((await tx.run(FORGET_ABOUT, tx.tenant, [str(id_) for id_ in ids])).rsplit(maxsplit=1)[-1])


async def named(tx: Tx, ids: Collection[UUID]) -> list[str]:
    """Those of `ids` that an answer names."""
    return [row["id"] for row in await tx.all(ABOUT, tx.tenant, [str(id_) for id_ in ids])]


def _key(request: Request[Any, Any, Any]) -> str:
    key = request.headers.get(HEADER, "").strip()
    if not key:
        raise Invalid(
            f"Send a header {HEADER} with a fresh random value, and the same one when you try again.",
            code="idempotency-key-missing",
        )
    if len(key) > LONGEST_KEY or not key.isascii() or not key.isprintable():
        raise Invalid(f"{HEADER} takes up to {LONGEST_KEY} printable ASCII characters.", code="idempotency-key-invalid")
    return key


def _again(earlier: IdempotencyRow, route: str, fingerprint: bytes) -> Response[bytes]:
    if (earlier.route, earlier.request_hash) != (route, fingerprint):
        raise _Reused(f"This {HEADER} was used for another request. Make a new one for each deed.")
    if earlier.secret:
        raise Conflict("This was done, and its answer held a secret that is shown only once.", code="secret-shown-once")
    return _response(
        earlier.status or 0, earlier.body or b"", {**(earlier.headers or {}), "Idempotent-Replayed": "true"}
    )


class _Reused(Invalid):
    code = "idempotency-key-reused"
    status = 422


def _response(status: int, body: bytes, headers: dict[str, str]) -> Response[bytes]:
    return Response(content=body, status_code=status, headers=headers, media_type="application/json")
