"""Which other organisations vouch for people (OpenID Connect or SAML): listed and switched off; those of OpenID
Connect are added, too."""

from collections.abc import Mapping
from typing import Annotated, Any, Final
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
from cranny.platform.db import Tx
from cranny.platform.permissions import Action, Role
from cranny.ui.admin import ProviderLine, ProvidersView

HOME: Final = "/organisations"
Text = Annotated[str, msgspec.Meta(max_length=2000)]


class Typed(msgspec.Struct, frozen=True):
    """A form as it comes: what is not ticked is not there, and what is not filled in is empty."""

    name: Text
    issuer: Text
    client_id: Text
    domains: Text
    secret: Text = ""
    role: Text = ""
    site: Text = ""
    acr: Text = ""
    trusts_email: Text = ""
    proves: Text = ""

    def __repr__(self) -> str:
        """Without the secret, wherever it is printed."""
        return f"Typed({self.issuer})"


def vouching_routes(desk: Desk) -> list[ControllerRouterHandler]:
    edit = desk.page(Action.SIGN_IN_EDIT)

    @get(HOME, **desk.page(Action.SIGN_IN_READ))
    async def listed(request: Told) -> Response[str]:
        return await _drawn(desk, request)

    @post(HOME, status_code=200, **edit)
    async def add_organisation(
        request: Told, data: Annotated[Typed, Body(media_type=RequestEncodingType.URL_ENCODED)]
    ) -> Response[Any]:
        who = desk.who(request)
        try:
            said = await desk.providers.said(_asked(data))
            async with desk.db.transaction(who.tenant) as tx:
                await people.add_provider(tx, desk.keyring, said, by=who.who)
        except CrannyError as error:
            return await _drawn(desk, request, wrong=error.code, given=data)
        except msgspec.ValidationError:
            return await _drawn(desk, request, wrong="did-not-fit", given=data)
        return Redirect(HOME, status_code=303)

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

    return [listed, add_organisation, switch_organisation_off, switch_saml_organisation_off]


def _asked(typed: Typed) -> people.ProviderAsked:
    """Raises msgspec.ValidationError."""
    said: dict[str, Any] = {
        "name": typed.name.strip(),
        "issuer": typed.issuer.strip(),
        "client_id": typed.client_id.strip(),
        "domains": typed.domains.replace(",", " ").split(),
        "acr": typed.acr.strip(),
        "trusts_email": bool(typed.trusts_email),
        "proves": bool(typed.proves),
    }
    said |= {key: value for key in ("secret", "role", "site") if (value := getattr(typed, key).strip())}
    return msgspec.convert(said, people.ProviderAsked)


async def _drawn(desk: Desk, request: Told, *, wrong: str = "", given: Typed | None = None) -> Response[str]:
    who = desk.who(request)
    async with desk.db.transaction(who.tenant) as tx:
        places = await named(tx)
        lines = (*await _by_oidc(desk, tx, places), *await _by_saml(desk, tx, places))
    roles = tuple(role for role in Role if role is not Role.ADMIN)  # nobody becomes one by signing in
    view = ProvidersView(lines, roles, in_order(places), may_edit=bool(who.rights.may(Action.SIGN_IN_EDIT)))
    return desk.draw(request, "organisations.html", v=view, wrong=wrong, given=given, rooms=desk.rooms(who))


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
