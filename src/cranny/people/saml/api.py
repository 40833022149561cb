"""Who vouches for people by SAML, over HTTP."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from cryptography.hazmat.primitives.hashes import SHA256
from litestar import Request, Response, delete, get, post, put
from litestar.openapi.spec import Example
from litestar.params import Body, FromPath
from litestar.types import ControllerRouterHandler
from msgspec import Meta

from cranny.core.errors import Invalid
from cranny.people.saml import metadata, providers
from cranny.people.saml.engine import Engine
from cranny.people.saml.metadata import Described
from cranny.people.saml.providers import Said
from cranny.people.saml.signing import begins, ours
from cranny.people.saml.tables import ProviderRow
from cranny.platform import etags
from cranny.platform.auth import Principal
from cranny.platform.db import Database, Tx
from cranny.platform.idempotency import Reply, once
from cranny.platform.outside import Guard, NotOutside
from cranny.platform.permissions import Action, Role
from cranny.web.responses import answer

ASKED: Final = {
    "name": "Example University",
    "metadata": "<md:EntityDescriptor entityID=…>…</md:EntityDescriptor>",
    "domains": ["example.org"],
    "trusts_email": True,
    "role": "resident",
    "site": "019cadc6-9a80-7e34-8a5c-0c8a3c8b1d11",
    "proves": True,
}
_AT: Final = "https://lockers.example.org/sign-in/with/019cadc6-9a80-7b11-8d0e-2f5f6b1c5a11"
SHOWN: Final = {
    **{key: value for key, value in ASKED.items() if key != "metadata"},
    "id": "019cadc6-9a80-7b11-8d0e-2f5f6b1c5a11",
    "entity_id": "https://login.example.org/saml",
    "sso": "https://login.example.org/saml/sso",
    "certificates": [{"sha256": f"9f86d081884c7d659a2feaa0c55ad015{0:032x}", "until": "2031-03-02T09:00:00Z"}],
    "subject_attribute": "",
    "email_attribute": "",
    "acr": "",
    "begin": _AT,
    "our_entity_id": f"{_AT}/metadata",
    "acs": f"{_AT}/acs",
    "created": "2026-03-02T09:00:00Z",
    "changed": "2026-03-02T09:00:00Z",
}

Asking = Request[Principal, None, Any]
Name = Annotated[str, Meta(min_length=1, max_length=100, pattern=r"^\S(.*\S)?\Z")]
Domain = Annotated[str, Meta(min_length=1, max_length=253)]
Attribute = Annotated[str, Meta(max_length=200)]
LONGEST: Final = 200_000
Text = Annotated[str, Meta(min_length=1, max_length=LONGEST)]


class SamlProviderEdited(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Another organisation's sign-in (SAML 2.0). `metadata` is its own description (XML), which names its sign-in and
    the certificates it signs with. People come in whose address lies in `domains`: those who are known here and, where
    a `role` is given, others, who get it at their first sign-in. `trusts_email`: it verifies the addresses that it
    names; SAML has no word for that, so without it nobody comes in by their address. `subject_attribute` and
    `email_attribute` name attributes to go by instead of the NameID and the usual ones. `proves`: who has just signed
    in there has shown who they are; where `acr` (an AuthnContextClassRef) is given, only with that."""

    name: Name
    domains: Annotated[list[Domain], Meta(min_length=1, max_length=50)]
    metadata: Text | None = None
    role: Role | None = None
    site: UUID | None = None
    """Where that role is for; null is the whole tenant."""
    trusts_email: bool = False
    subject_attribute: Attribute = ""
    email_attribute: Attribute = ""
    proves: bool = False
    acr: Attribute = ""


class SamlProviderAsked(SamlProviderEdited, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """With its `metadata`, which has to be there."""

    metadata: Text


class SamlCertificate(msgspec.Struct, frozen=True):
    """One that its signatures are checked with, by its fingerprint; `until` is what it says itself, which is not gone
    by: what counts is the metadata."""

    sha256: str
    """The fingerprint, in hexadecimal digits."""
    until: datetime


class SamlProviderShown(msgspec.Struct, frozen=True):
    """`begin` is the link to sign in by. `our_entity_id`, which is also where our metadata is, and `acs` are to be set
    up over there."""

    id: UUID
    name: str
    entity_id: str
    """What the other side calls itself."""
    sso: str
    """Where its sign-in is."""
    certificates: list[SamlCertificate]
    """What its signatures are checked with."""
    domains: list[str]
    role: Role | None
    """What somebody unknown gets at their first sign-in; null: only who is known comes in."""
    site: UUID | None
    """Where that role is for; null is the whole tenant."""
    trusts_email: bool
    subject_attribute: str
    email_attribute: str
    proves: bool
    acr: str
    begin: str
    our_entity_id: str
    acs: str
    created: datetime
    changed: datetime


class SamlProvidersShown(msgspec.Struct, frozen=True):
    """All of the tenant's."""

    items: list[SamlProviderShown]


Given = Annotated[SamlProviderAsked, Body(examples=[Example(summary="A university", value=ASKED)])]
Edited = Annotated[SamlProviderEdited, Body(examples=[Example(summary="With new certificates", value=ASKED)])]


class Providers:
    """What the operations share."""

    def __init__(self, db: Database, guard: Guard, url: str) -> None:
        self.db = db
        self._guard = guard
        self._url = url

    def described(self, text: str) -> Described:
        """Raises Refused, codes `saml-not-installed`, `saml-program-missing`; Invalid, code `metadata-invalid`."""
        Engine.insist()
        found = metadata.described(text, self.db.clock.now())
        try:
            self._guard.read(found.sso)
        except NotOutside as error:
            raise Invalid(f"Its sign-in can't be led to. {error.detail}", code="metadata-invalid") from error
        return found

    def shown(self, row: ProviderRow) -> SamlProviderShown:
        our = ours(self._url, row.id)
        more = {"begin": begins(self._url, row.id), "our_entity_id": our.us, "acs": our.here}
        certificates = [_certificate(one) for one in row.certificates]
        return msgspec.convert({**msgspec.structs.asdict(row), **more, "certificates": certificates}, SamlProviderShown)


def _certificate(der: str) -> SamlCertificate:
    found = metadata.certificate(der)
    return SamlCertificate(found.fingerprint(SHA256()).hex(), found.not_valid_after_utc)


def said(asked: SamlProviderEdited) -> Said:
    return msgspec.convert(msgspec.structs.asdict(asked), Said)


def routes(shared: Providers) -> Sequence[ControllerRouterHandler]:
    return [_add(shared), *_read(shared), *_edit(shared)]


def _add(shared: Providers) -> ControllerRouterHandler:
    @post(
        "/v1/saml-providers",
        needs=Action.SIGN_IN_EDIT,
        tags=["people"],
        responses={201: answer(SamlProviderShown, "The provider.", SHOWN)},
    )
    async def add_saml_provider(request: Asking, data: Given) -> Response[bytes]:
        """Let people sign in with another organisation by SAML 2.0. Paste its metadata: nothing is fetched.

        Problems: `metadata-invalid`, `saml-not-installed`, `saml-program-missing`, `domain-invalid`, `role-refused`,
        `site-not-found`, `step-up-needed`."""
        of = shared.described(data.metadata)

        async def deed(tx: Tx) -> Reply:
            id_ = await providers.add(tx, said(data), of, by=request.user.who)
            shown = shared.shown(await providers.provider(tx, id_))
            return Reply(201, shown, location=f"/v1/saml-providers/{id_}")

        return await once(shared.db, request, deed)

    return add_saml_provider


def _read(shared: Providers) -> Sequence[ControllerRouterHandler]:
    @get(
        "/v1/saml-providers",
        needs=Action.SIGN_IN_READ,
        tags=["people"],
        responses={200: answer(SamlProvidersShown, "All of them.", {"items": [SHOWN]})},
    )
    async def list_saml_providers(request: Asking) -> SamlProvidersShown:
        """The organisations that people sign in with by SAML."""
        async with shared.db.transaction(request.user.tenant) as tx:
            return SamlProvidersShown([shared.shown(row) for row in await providers.providers(tx)])

    @get(
        "/v1/saml-providers/{saml_provider:uuid}",
        needs=Action.SIGN_IN_READ,
        tags=["people"],
        responses={200: answer(SamlProviderShown, "The provider.", SHOWN)},
    )
    async def get_saml_provider(request: Asking, saml_provider: FromPath[UUID]) -> Response[SamlProviderShown]:
        """One of them. Problem `saml-provider-not-found`."""
        async with shared.db.transaction(request.user.tenant) as tx:
            return etags.respond(shared.shown(await providers.provider(tx, saml_provider)))

    return [list_saml_providers, get_saml_provider]


def _edit(shared: Providers) -> Sequence[ControllerRouterHandler]:
    @put(
        "/v1/saml-providers/{saml_provider:uuid}",
        needs=Action.SIGN_IN_EDIT,
        tags=["people"],
        responses={200: answer(SamlProviderShown, "The provider as it is now.", SHOWN)},
    )
    async def set_saml_provider(
        request: Asking, saml_provider: FromPath[UUID], data: Edited
    ) -> Response[SamlProviderShown]:
        """Say all of it anew, but for its entityID; without `metadata` it keeps what it has. While the provider goes
        over to another certificate, paste metadata with both.

        Problems: `saml-provider-not-found`, `entity-fixed`, and those of adding one."""
        of = None if data.metadata is None else shared.described(data.metadata)
        async with shared.db.transaction(request.user.tenant) as tx:
            await etags.hold(tx, request)
            etags.insist(request, shared.shown(await providers.provider(tx, saml_provider)))
            await providers.change(tx, saml_provider, said(data), of, by=request.user.who)
            return etags.respond(shared.shown(await providers.provider(tx, saml_provider)))

    @delete("/v1/saml-providers/{saml_provider:uuid}", needs=Action.SIGN_IN_EDIT, tags=["people"])
    async def remove_saml_provider(request: Asking, saml_provider: FromPath[UUID]) -> None:
        """From now on nobody signs in with it. Who did keeps their roles and their other ways in. Problem
        `saml-provider-not-found`."""
        async with shared.db.transaction(request.user.tenant) as tx:
            await etags.hold(tx, request)
            etags.insist(request, shared.shown(await providers.provider(tx, saml_provider)))
            await providers.remove(tx, saml_provider, by=request.user.who)

    return [set_saml_provider, remove_saml_provider]
