"""Which other organisations vouch for people (OpenID Connect or SAML): listed, added and switched off."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any, Final, TypeVar
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from cranny import people
from cranny.core.errors import CrannyError
from cranny.pages.operator.desk import Desk, Told
from cranny.pages.operator.persons import in_order, named
from cranny.platform.auth import Principal
from cranny.platform.db import Tx
from cranny.platform.permissions import Action, Role
from cranny.ui.admin import ProviderLine, ProvidersView

HOME: Final = "/organisations"
SAML_MOST_BYTES: Final = 4 * people.SAML_METADATA_LONGEST
"""Coded as forms are, most of its signs take three."""
Text = Annotated[str, msgspec.Meta(max_length=2000)]
T = TypeVar("T")


class Typed(msgspec.Struct, frozen=True):
    """What both forms have: what is not ticked is not there, and what is not filled in is empty."""

    name: Text
    domains: Text
    role: Text = ""
    site: Text = ""
    acr: Text = ""
    trusts_email: Text = ""
    proves: Text = ""


class TypedOidc(Typed, frozen=True, kw_only=True):
    issuer: Text
    client_id: Text
    secret: Text = ""

    def __repr__(self) -> str:
        """Without the secret, wherever it is printed."""
        return f"TypedOidc({self.issuer})"


class TypedSaml(Typed, frozen=True, kw_only=True):
    metadata: Annotated[str, msgspec.Meta(max_length=people.SAML_METADATA_LONGEST)]
    subject_attribute: Text = ""
    email_attribute: Text = ""


def vouching_routes(desk: Desk) -> list[ControllerRouterHandler]:
    return [_listed(desk), *_adding(desk), *_switching_off(desk)]


def _listed(desk: Desk) -> ControllerRouterHandler:
    @get(HOME, **desk.page(Action.SIGN_IN_READ))
    async def listed(request: Told) -> Response[str]:
        return await _drawn(desk, request)

    return listed


def _adding(desk: Desk) -> list[ControllerRouterHandler]:
    edit = desk.page(Action.SIGN_IN_EDIT)

    @post(HOME, status_code=200, **edit)
    async def add_organisation(
        request: Told, data: Annotated[TypedOidc, Body(media_type=RequestEncodingType.URL_ENCODED)]
    ) -> Response[Any]:
        async def deed(who: Principal) -> None:
            said = await desk.providers.said(_fits(data, people.ProviderAsked))
            async with desk.db.transaction(who.tenant) as tx:
                await people.add_provider(tx, desk.keyring, said, by=who.who)

        return await _done(desk, request, data, deed)

    @post(f"{HOME}/saml", status_code=200, request_max_body_size=SAML_MOST_BYTES, **edit)
    async def add_saml_organisation(
        request: Told, data: Annotated[TypedSaml, Body(media_type=RequestEncodingType.URL_ENCODED)]
    ) -> Response[Any]:
        async def deed(who: Principal) -> None:
            asked = _fits(data, people.SamlProviderAsked)
            of = desk.saml_providers.described(asked.metadata)
            async with desk.db.transaction(who.tenant) as tx:
                await people.add_saml_provider(tx, people.saml_said(asked), of, by=who.who)

        return await _done(desk, request, data, deed)

    return [add_organisation, add_saml_organisation]


async def _done(desk: Desk, request: Told, given: Typed, deed: Callable[[Principal], Awaitable[None]]) -> Response[Any]:
    try:
        await deed(desk.who(request))
    except CrannyError as error:
        return await _drawn(desk, request, wrong=error.code, given=given)
    except msgspec.ValidationError:
        return await _drawn(desk, request, wrong="did-not-fit", given=given)
    return Redirect(HOME, status_code=303)


def _switching_off(desk: Desk) -> list[ControllerRouterHandler]:
    edit = desk.page(Action.SIGN_IN_EDIT)

    @post(f"{HOME}/{{provider:uuid}}/off", status_code=200, **edit)
    async def switch_organisation_off(request: Told, provider: FromPath[UUID]) -> Response[Any]:
        who = desk.who(request)
        async with desk.db.transaction(who.tenant) as tx:
            await people.remove_provider(tx, provider, by=who.who)
        return Redirect(HOME, status_code=303)

    @post(f"{HOME}/saml/{{saml_provider:uuid}}/off", status_code=200, **edit)
    async def switch_saml_organisation_off(request: Told, saml_provider: FromPath[UUID]) -> Response[Any]:
        who = desk.who(request)
        async with desk.db.transaction(who.tenant) as tx:
            await people.remove_saml_provider(tx, saml_provider, by=who.who)
        return Redirect(HOME, status_code=303)

    return [switch_organisation_off, switch_saml_organisation_off]


def _fits(typed: Typed, into: type[T]) -> T:
    """Raises msgspec.ValidationError."""
    said = {key: value.strip() for key, value in msgspec.structs.asdict(typed).items()}
    more: dict[str, Any] = {"domains": typed.domains.replace(",", " ").split()}
    more |= {key: bool(said[key]) for key in ("trusts_email", "proves")}
    return msgspec.convert({key: value for key, value in said.items() if value} | more, into)


async def _drawn(desk: Desk, request: Told, *, wrong: str = "", given: Typed | None = None) -> Response[str]:
    who = desk.who(request)
    async with desk.db.transaction(who.tenant) as tx:
        places = await named(tx)
        lines = (*await _by_oidc(desk, tx, places), *await _by_saml(desk, tx, places))
    roles = tuple(role for role in Role if role is not Role.ADMIN)  # nobody becomes one by signing in
    view = ProvidersView(lines, roles, in_order(places), may_edit=bool(who.rights.may(Action.SIGN_IN_EDIT)))
    by = "saml" if isinstance(given, TypedSaml) else "oidc"
    return desk.draw(request, "organisations.html", v=view, wrong=wrong, given=given, by=by, rooms=desk.rooms(who))


async def _by_oidc(desk: Desk, tx: Tx, places: Mapping[UUID, str]) -> list[ProviderLine]:
    return [
        ProviderLine(
            **_common(row, places),
            issuer=row.issuer,
            redirect_uri=desk.providers.shown(row).redirect_uri,
        )
        for row in await people.providers(tx)
    ]


async def _by_saml(desk: Desk, tx: Tx, places: Mapping[UUID, str]) -> list[ProviderLine]:
    found = [(row, desk.saml_providers.shown(row)) for row in await people.saml_providers(tx)]
    return [
        ProviderLine(
            **_common(row, places),
            issuer=row.entity_id,
            redirect_uri=shown.acs,
            entity_id=shown.our_entity_id,
            saml=True,
        )
        for row, shown in found
    ]


def _common(row: Any, places: Mapping[UUID, str]) -> dict[str, Any]:
    """What a line says of both kinds."""
    return {
        "id": str(row.id),
        "name": row.name,
        "domains": tuple(row.domains),
        "role": row.role or "",
        "place": places.get(row.site, "") if row.site else "",
        "proves": row.proves,
    }
