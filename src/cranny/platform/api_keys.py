"""API keys over HTTP: made, listed, revoked. A key is shown once; what is kept can't be turned back into it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from litestar import Request, Response, delete, get, post
from litestar.openapi.spec import Example
from litestar.params import Body, FromPath, FromQuery, QueryParameter
from litestar.types import ControllerRouterHandler
from msgspec import Meta

from cranny.core.errors import Forbidden, Invalid, NotFound
from cranny.platform import etags, paging, scopes, tenants
from cranny.platform.auth import Principal
from cranny.platform.db import Database, Tx
from cranny.platform.idempotency import Reply, once
from cranny.platform.permissions import Action
from cranny.web.responses import answer

LISTING: Final = "api-keys"
FIRST: Final = UUID(int=0)
"""Before every id there is."""
SHOWN: Final = {
    "id": "019cadc6-9a80-7ad4-9d0e-2f5f6b1c5a10",
    "prefix": "crn_k3v5qz7hwm2a",
    "label": "shop.example, orders",
    "scopes": ["deliveries:write", "events:read"],
    "created": "2026-03-02T09:00:00Z",
    "last_used": "2026-03-02T10:05:00Z",
    "expires": "2027-03-02T09:00:00Z",
    "revoked": None,
}
MADE: Final = {**SHOWN, "last_used": None, "key": "crn_k3v5qz7hwm2a_…"}
ASKED: Final = {key: SHOWN[key] for key in ("label", "scopes", "expires")}

Limit = Annotated[int, QueryParameter(ge=1, le=paging.MOST, description="How many at most.")]
Asking = Request[Principal, None, Any]


class KeyAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`label` says who or what it is for. `scopes`: an area with `:read` or `:write`; `all` for everything. It opens
    nothing any more from `expires` on."""

    label: Annotated[str, Meta(min_length=1, max_length=100, pattern=r"^\S(.*\S)?\Z")]
    scopes: Annotated[list[str], Meta(min_length=1, max_length=50)]
    expires: Annotated[datetime, Meta(tz=True)] | None = None


class KeyShown(msgspec.Struct, frozen=True):
    """`prefix` is how the key begins: enough to find out which one it is, not enough to use it. `last_used` is true to
    five minutes."""

    id: UUID
    prefix: str
    label: str
    scopes: list[str]
    created: datetime
    last_used: datetime | None
    expires: datetime | None
    revoked: datetime | None


class KeyMade(KeyShown, frozen=True, kw_only=True):
    """With `key` itself: this is the only time it can be read."""

    key: str

    def __repr__(self) -> str:
        """Without the key, wherever it is printed."""
        return f"KeyMade({self.prefix})"


def routes(db: Database, cursors: paging.Cursors) -> Sequence[ControllerRouterHandler]:
    return [_make(db), *_look(db, cursors), _revoke(db)]


def _make(db: Database) -> ControllerRouterHandler:
    @post(
        "/v1/api-keys",
        needs=Action.KEYS_EDIT,
        tags=["api keys"],
        responses={201: answer(KeyMade, "The key, this once.", MADE)},
    )
    async def make_api_key(
        request: Asking,
        data: Annotated[KeyAsked, Body(examples=[Example(summary="For a shop", value=ASKED)])],
    ) -> Response[bytes]:
        """Make an API key for a program. It can be good for no more, and for no longer, than the key that makes it.
        Keys with the scopes `all` and `commands:write` count as persons and are made on the installation: `cranny key
        add`.

        Problems: `scope-unknown`, `scope-personal`, `scope-missing` for one that your own key does not have,
        `expires-passed`, `expires-late` for a later end than that of your own key."""

        async def deed(tx: Tx) -> Reply:
            wanted = scopes.read(data.scopes)
            await _may_give(tx, request.user, wanted, data.expires)
            id_, key = await tenants.add_key(tx, label=data.label, expires=data.expires, scopes=wanted)
            row = await _get(tx, id_)
            made = KeyMade(**msgspec.structs.asdict(_shown(row)), key=key)
            return Reply(201, made, secret=True, location=f"/v1/api-keys/{id_}")

        return await once(db, request, deed)

    return make_api_key


async def _may_give(tx: Tx, giver: Principal, wanted: Sequence[str], expires: datetime | None) -> None:
    if expires is not None and expires <= tx.now():
        raise Invalid("A key that expires in the past opens nothing: say a later moment.", code="expires-passed")
    if personal := sorted(scopes.PERSONAL.intersection(wanted)):
        raise Forbidden(
            f"A key with the scope {personal[0]} counts as a person. Make it on the installation: `cranny key add`.",
            code="scope-personal",
        )
    if beyond := [scope for scope in wanted if not scopes.allows(giver.scopes, scope)]:
        raise Forbidden(
            f"Your own API key is not good for {', '.join(beyond)}, so it can't give that away.",
            code="scope-missing",
            extra={"needs": beyond[0]},
        )
    own = await _get(tx, giver.id) if giver.kind == "key" else None
    if own is not None and own.expires is not None and (expires is None or expires > own.expires):
        raise Forbidden(
            f"Your own API key ends at {own.expires:%Y-%m-%d %H:%M} UTC: one that it makes can't last longer.",
            code="expires-late",
        )


def _look(db: Database, cursors: paging.Cursors) -> Sequence[ControllerRouterHandler]:
    @get(
        "/v1/api-keys",
        needs=Action.KEYS_READ,
        tags=["api keys"],
        responses={200: answer(paging.Page[KeyShown], "A page.", {"items": [SHOWN], "next": None})},
    )
    async def list_api_keys(
        request: Asking,
        prefix: Annotated[str, QueryParameter(max_length=60, description="Only keys that begin like this.")] = "",
        revoked: Annotated[bool, QueryParameter(description="Those that were revoked, too.")] = False,
        after: FromQuery[str | None] = None,
        limit: Limit = paging.LIMIT,
    ) -> Response[paging.Page[KeyShown]]:
        """The keys there are, the oldest first. Somebody has found one? `prefix` takes as much of it as there is."""
        tenant = request.user.tenant
        place = FIRST if after is None else UUID(cursors.read(tenant, LISTING, after)[0])
        begins = prefix.removeprefix(tenants.KEY_BEGINS).partition("_")[0]
        async with db.transaction(tenant) as tx:
            found = await tenants.find_keys(tx, prefix=begins, after=place, limit=limit + 1, revoked=revoked)
        page = paging.page(
            [_shown(row) for row in found], limit, lambda row: cursors.make(tenant, LISTING, [str(row.id)])
        )
        return paging.respond(request, page)

    @get(
        "/v1/api-keys/{key:uuid}",
        needs=Action.KEYS_READ,
        tags=["api keys"],
        responses={200: answer(KeyShown, "The key.", SHOWN)},
    )
    async def get_api_key(request: Asking, key: FromPath[UUID]) -> Response[KeyShown]:
        """One key, without its secret. Problem `api-key-not-found`."""
        async with db.transaction(request.user.tenant) as tx:
            return etags.respond(_shown(await _get(tx, key)))

    return [list_api_keys, get_api_key]


def _revoke(db: Database) -> ControllerRouterHandler:
    @delete("/v1/api-keys/{key:uuid}", needs=Action.KEYS_EDIT, tags=["api keys"])
    async def revoke_api_key(request: Asking, key: FromPath[UUID]) -> None:
        """Revoke a key: within seconds it opens nothing any more, nor do sessions that were begun with it. It stays
        in the list. Revoking again changes nothing. Problem `api-key-not-found`."""
        async with db.transaction(request.user.tenant) as tx:
            row = await _get(tx, key)
            etags.insist(request, _shown(row))
            if row.revoked is None:
                await tenants.revoke_key(tx, key)

    return revoke_api_key


async def _get(tx: Tx, id_: UUID) -> tenants.ApiKeyRow:
    row = await tenants.get_key(tx, id_)
    if row is None:
        raise NotFound(f"There is no API key {id_}.", code="api-key-not-found")
    return row


def _shown(row: tenants.ApiKeyRow) -> KeyShown:
    return KeyShown(
        id=row.id,
        prefix=f"{tenants.KEY_BEGINS}{row.prefix}",
        label=row.label,
        scopes=row.scopes,
        created=row.created,
        last_used=row.last_used,
        expires=row.expires,
        revoked=row.revoked,
    )
