"""Who vouches for people, over HTTP."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from litestar import Request, Response, delete, get, post, put
from litestar.openapi.spec import Example
from litestar.params import Body, FromPath
from litestar.types import ControllerRouterHandler
from msgspec import Meta

from cranny.core.errors import Invalid, Refused, Unavailable
from cranny.people.oidc import providers
from cranny.people.oidc.providers import Said
from cranny.people.oidc.tables import ProviderRow
from cranny.people.oidc.talking import Talking
from cranny.platform import etags
from cranny.platform.auth import Principal
from cranny.platform.db import Database, Tx
from cranny.platform.idempotency import Reply, once
from cranny.platform.keys import Keyring
from cranny.platform.outside import Guard, NotOutside
from cranny.platform.permissions import Action, Role
from cranny.web.responses import answer

ASKED: Final = {
    "name": "Example University",
    "issuer": "https://login.example.org",
    "client_id": "cranny",
    "secret": "only-this-once",
    "domains": ["example.org"],
    "role": "resident",
    "site": "019cadc6-9a80-7e34-8a5c-0c8a3c8b1d11",
    "proves": True,
}
SHOWN: Final = {
    **{key: value for key, value in ASKED.items() if key != "secret"},
    "id": "019cadc6-9a80-7b11-8d0e-2f5f6b1c5a10",
    "has_secret": True,
    "trusts_email": False,
    "acr": "",
    "begin": "https://lockers.example.org/sign-in/with/019cadc6-9a80-7b11-8d0e-2f5f6b1c5a10",
    "redirect_uri": "https://lockers.example.org/sign-in/with/019cadc6-9a80-7b11-8d0e-2f5f6b1c5a10/back",
    "created": "2026-03-02T09:00:00Z",
    "changed": "2026-03-02T09:00:00Z",
}

Asking = Request[Principal, None, Any]
Name = Annotated[str, Meta(min_length=1, max_length=100, pattern=r"^\S(.*\S)?\Z")]
Domain = Annotated[str, Meta(min_length=1, max_length=253)]


class ProviderAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Another organisation's sign-in (OpenID Connect). `issuer` is exactly what it calls itself. People come in whose
    verified address lies in `domains`: those who are known here and, where a `role` is given, others, who get it at
    their first sign-in. `trusts_email`: it verifies every address and never says so. `proves`: who has just signed in
    there has shown who they are; where `acr` is given, only with that."""

    name: Name
    issuer: Annotated[str, Meta(min_length=1, max_length=500)]
    client_id: Annotated[str, Meta(min_length=1, max_length=500)]
    domains: Annotated[list[Domain], Meta(min_length=1, max_length=50)]
    secret: Annotated[str, Meta(min_length=1, max_length=2000)] | None = None
    """What we show over there that it is us. Nobody can read it again; left out, it stays."""
    role: Role | None = None
    site: UUID | None = None
    """Where that role is for; null is the whole tenant."""
    trusts_email: bool = False
    proves: bool = False
    acr: Annotated[str, Meta(max_length=200)] = ""

    def __repr__(self) -> str:
        """Without the secret, wherever it is printed."""
        return f"ProviderAsked({self.issuer})"


class ProviderShown(msgspec.Struct, frozen=True):
    """`begin` is the link to sign in by; `redirect_uri` is to be set up over there."""

    id: UUID
    name: str
    issuer: str
    client_id: str
    has_secret: bool
    """Whether there is a secret."""
    domains: list[str]
    role: Role | None
    """What somebody unknown gets at their first sign-in; null: only who is known comes in."""
    site: UUID | None
    """Where that role is for; null is the whole tenant."""
    trusts_email: bool
    """Whether its addresses count as verified where it says nothing of that."""
    proves: bool
    acr: str
    begin: str
    redirect_uri: str
    created: datetime
    changed: datetime


class ProvidersShown(msgspec.Struct, frozen=True):
    """All of the tenant's."""

    items: list[ProviderShown]


Given = Annotated[ProviderAsked, Body(examples=[Example(summary="A university", value=ASKED)])]


class Providers:
    """What the operations share."""

    def __init__(self, db: Database, keyring: Keyring, guard: Guard, talking: Talking, url: str) -> None:
        self.db = db
        self.keyring = keyring
        self._guard = guard
        self._talking = talking
        self._url = url.rstrip("/")

    async def said(self, asked: ProviderAsked) -> Said:
        """Raises Invalid, codes `issuer-refused`, `oidc-provider-wrong`; Refused, code `oidc-provider-silent`: what was
        asked for does not answer, and not this server."""
        try:
            self._guard.read(asked.issuer)
        except NotOutside as error:
            raise Invalid(f"This issuer can't be asked. {error.detail}", code="issuer-refused") from error
        try:
            await self._talking.discover(asked.issuer)
        except Unavailable as error:
            raise Refused(error.detail, code=error.code, retry=True) from error
        return msgspec.convert(msgspec.structs.asdict(asked), Said)

    def shown(self, row: ProviderRow) -> ProviderShown:
        begin = f"{self._url}/sign-in/with/{row.id}"
        more = {"has_secret": row.secret is not None, "begin": begin, "redirect_uri": f"{begin}/back"}
        return msgspec.convert({**msgspec.structs.asdict(row), **more}, ProviderShown)


def routes(shared: Providers) -> Sequence[ControllerRouterHandler]:
    return [_add(shared), *_read(shared), *_edit(shared)]


def _add(shared: Providers) -> ControllerRouterHandler:
    @post(
        "/v1/sign-in-providers",
        needs=Action.SIGN_IN_EDIT,
        tags=["people"],
        responses={201: answer(ProviderShown, "The provider.", SHOWN)},
    )
    async def add_sign_in_provider(request: Asking, data: Given) -> Response[bytes]:
        """Let people sign in with another organisation (OpenID Connect: code flow, PKCE). It is asked at once whether
        it is there; its secret is kept sealed and never shown.

        Problems: `issuer-refused`, `oidc-provider-wrong`, `oidc-provider-silent`, `domain-invalid`, `role-refused`,
        `site-not-found`, `step-up-needed`."""
        said = await shared.said(data)

        async def deed(tx: Tx) -> Reply:
            id_ = await providers.add(tx, shared.keyring, said, by=request.user.who)
            shown = shared.shown(await providers.provider(tx, id_))
            return Reply(201, shown, location=f"/v1/sign-in-providers/{id_}")

        return await once(shared.db, request, deed)

    return add_sign_in_provider


def _read(shared: Providers) -> Sequence[ControllerRouterHandler]:
    @get(
        "/v1/sign-in-providers",
        needs=Action.SIGN_IN_READ,
        tags=["people"],
        responses={200: answer(ProvidersShown, "All of them.", {"items": [SHOWN]})},
    )
    async def list_sign_in_providers(request: Asking) -> ProvidersShown:
        """The organisations that people sign in with."""
        async with shared.db.transaction(request.user.tenant) as tx:
            return ProvidersShown([shared.shown(row) for row in await providers.providers(tx)])

    @get(
        "/v1/sign-in-providers/{provider:uuid}",
        needs=Action.SIGN_IN_READ,
        tags=["people"],
        responses={200: answer(ProviderShown, "The provider.", SHOWN)},
    )
    async def get_sign_in_provider(request: Asking, provider: FromPath[UUID]) -> Response[ProviderShown]:
        """One of them, without its secret. Problem `oidc-provider-not-found`."""
        async with shared.db.transaction(request.user.tenant) as tx:
            return etags.respond(shared.shown(await providers.provider(tx, provider)))

    return [list_sign_in_providers, get_sign_in_provider]


def _edit(shared: Providers) -> Sequence[ControllerRouterHandler]:
    @put(
        "/v1/sign-in-providers/{provider:uuid}",
        needs=Action.SIGN_IN_EDIT,
        tags=["people"],
        responses={200: answer(ProviderShown, "The provider as it is now.", SHOWN)},
    )
    async def set_sign_in_provider(request: Asking, provider: FromPath[UUID], data: Given) -> Response[ProviderShown]:
        """Say all of it anew, but for its issuer; without a `secret` it keeps the one it has.

        Problems: `oidc-provider-not-found`, `issuer-fixed`, and those of adding one."""
        said = await shared.said(data)
        async with shared.db.transaction(request.user.tenant) as tx:
            await etags.hold(tx, request)
            etags.insist(request, shared.shown(await providers.provider(tx, provider)))
            await providers.change(tx, shared.keyring, provider, said, by=request.user.who)
            return etags.respond(shared.shown(await providers.provider(tx, provider)))

    @delete("/v1/sign-in-providers/{provider:uuid}", needs=Action.SIGN_IN_EDIT, tags=["people"])
    async def remove_sign_in_provider(request: Asking, provider: FromPath[UUID]) -> None:
        """From now on nobody signs in with it. Who did keeps their roles and their other ways in. Problem
        `oidc-provider-not-found`."""
        async with shared.db.transaction(request.user.tenant) as tx:
            await etags.hold(tx, request)
            etags.insist(request, shared.shown(await providers.provider(tx, provider)))
            await providers.remove(tx, provider, by=request.user.who)

    return [set_sign_in_provider, remove_sign_in_provider]
