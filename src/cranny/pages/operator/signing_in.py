"""Signing in: with a passkey, by a link to one's mailbox, or with an API key. There are no passwords.

What is wrong is said alike whoever it is: nobody learns here who is known.
"""

from typing import Annotated, Any, Final
from urllib.parse import urlsplit

import msgspec
from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromQuery
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from cranny import people
from cranny.core.errors import CrannyError, Invalid
from cranny.pages.operator.desk import SIGN_IN, Desk, Told, inside
from cranny.pages.operator.link import Held
from cranny.pages.operator.shown import HOME
from cranny.platform import directory, scopes
from cranny.platform.gate import refuse_foreign
from cranny.web.openapi import PUBLIC

_OPEN: Final = {PUBLIC: True}
FORGET: Final = {"Clear-Site-Data": '"cache"'}
"""To a browser that is signed out: what it has kept of the pages. Light or dark may stay."""


class WithKey(msgspec.Struct, frozen=True):
    key: Annotated[str, msgspec.Meta(max_length=200)]
    next: Annotated[str, msgspec.Meta(max_length=500)] = HOME


class ByMail(msgspec.Struct, frozen=True):
    email: Annotated[str, msgspec.Meta(max_length=300)]


class Founder(Held, frozen=True):
    name: Annotated[str, msgspec.Meta(max_length=300)]
    email: Annotated[str, msgspec.Meta(max_length=300)]


class Led(msgspec.Struct, frozen=True):
    """Where a page goes on to."""

    next: str


def sign_in_routes(desk: Desk) -> list[ControllerRouterHandler]:
    return [*_front(desk), *_by_key_and_mail(desk), *_by_passkey(desk), *_founding(desk)]


def _front(desk: Desk) -> list[ControllerRouterHandler]:
    @get("/", opt=_OPEN, include_in_schema=False, sync_to_thread=False)
    def front_door() -> Redirect:
        return Redirect(HOME)

    @get(SIGN_IN, opt=_OPEN, include_in_schema=False, sync_to_thread=False)
    def ask(request: Told, next: FromQuery[str] = HOME) -> Response[str]:  # noqa: A002 - the address says it
        return _asked(desk, request, back=inside(next))

    @post("/sign-out", opt=_OPEN, include_in_schema=False)
    async def sign_out(request: Told) -> Redirect:
        refuse_foreign(request)
        who = await desk.visitors.who(request)
        if who is not None:
            async with desk.db.transaction(who.tenant) as tx:
                await desk.sign_out(tx, request)
        return Redirect(SIGN_IN, status_code=303, cookies=[desk.visitors.cookie(request, "")], headers=FORGET)

    return [front_door, ask, sign_out]


def _by_key_and_mail(desk: Desk) -> list[ControllerRouterHandler]:
    @post(SIGN_IN, opt=_OPEN, include_in_schema=False, status_code=200)
    async def with_key(
        request: Told, data: Annotated[WithKey, Body(media_type=RequestEncodingType.URL_ENCODED)]
    ) -> Response[Any]:
        refuse_foreign(request)
        desk.insist_on("key")
        principal = await desk.keys.check(data.key.strip())
        # A program's key is no person, and who is signed in may do everything that its roles allow.
        if principal is None or not scopes.allows(principal.scopes, scopes.EVERYTHING[0]):
            if principal is not None:
                await desk.was_not(request, principal.tenant, "scope-missing", on=SIGN_IN, by=principal.who)
            desk.was_wrong(request)
            return _asked(desk, request, back=inside(data.next), wrong="key")
        async with desk.db.transaction(principal.tenant) as tx:
            cookie = await desk.sign_in(tx, request, ("key", principal.id), "key", proven=True)
        return Redirect(inside(data.next), status_code=303, cookies=[cookie])

    @post(f"{SIGN_IN}/mail", opt=_OPEN, include_in_schema=False, status_code=200)
    async def by_mail(
        request: Told, data: Annotated[ByMail, Body(media_type=RequestEncodingType.URL_ENCODED)]
    ) -> Response[str]:
        refuse_foreign(request)
        desk.insist_on("link")
        desk.mails.insist(desk.network(request))
        desk.mails.wrong(desk.network(request))  # whether somebody is known is nothing to tell, so each one counts
        try:
            await people.ask_link(desk.db, desk.keyring, data.email)
        except Invalid:
            return _asked(desk, request, wrong="email", email=data.email)
        return desk.draw(request, "sign_in_sent.html")

    return [with_key, by_mail]


def _by_passkey(desk: Desk) -> list[ControllerRouterHandler]:
    @post(f"{SIGN_IN}/passkey/begin", opt=_OPEN, include_in_schema=False, status_code=200, sync_to_thread=False)
    def begin(request: Told) -> people.PasskeyBegun:
        refuse_foreign(request)
        desk.insist_on("passkey")
        return people.begin_showing(desk.db, desk.keyring, site(desk, request))

    @post(f"{SIGN_IN}/passkey", opt=_OPEN, include_in_schema=False, status_code=200)
    async def shown(request: Told, data: Annotated[people.PasskeyAnswer, Body()]) -> Response[Led]:
        refuse_foreign(request)
        found = await people.whose_passkey(desk.db, data)
        if found is None:
            desk.was_wrong(request)
            raise Invalid("This passkey is not known here.", code="passkey-invalid")
        try:
            async with desk.db.transaction(found.tenant) as tx:
                person = await people.show_passkey(tx, desk.keyring, site(desk, request), found.ref, data)
                cookie = await desk.sign_in(tx, request, ("person", person), "passkey", proven=True)
        except Invalid as error:
            await desk.was_not(request, found.tenant, error.code, on=f"passkeys/{found.ref}")
            desk.was_wrong(request)
            raise
        return Response(Led(inside(data.next)), cookies=[cookie])

    return [begin, shown]


def _founding(desk: Desk) -> list[ControllerRouterHandler]:
    @get(["/welcome", "/welcome/found"], opt=_OPEN, include_in_schema=False, sync_to_thread=False)
    def ask(request: Told) -> Response[str]:
        return desk.draw(request, "welcome.html", token="", known=True, wrong="", name="", email="")

    @post("/welcome/found", opt=_OPEN, include_in_schema=False, status_code=200)
    async def become(
        request: Told, data: Annotated[Founder, Body(media_type=RequestEncodingType.URL_ENCODED)]
    ) -> Response[Any]:
        """Whoever holds the link is the first admin."""
        refuse_foreign(request)
        token = data.secret
        found = await directory.find(desk.db, people.FOUNDING, token)
        values = {"token": token, "name": data.name, "email": data.email}
        if found is None:
            desk.was_wrong(request)
            return desk.draw(request, "welcome.html", known=False, wrong="", **values)
        try:
            async with desk.db.transaction(found.tenant) as tx:
                contact = people.Contact(data.name or None, data.email)
                person = await people.found(tx, desk.keyring, token, contact)
                cookie = await desk.sign_in(tx, request, ("person", person), "founding", proven=True)
        except CrannyError as error:
            known = error.code != "link-unknown"
            return desk.draw(request, "welcome.html", known=known, wrong=error.code, **values)
        return Redirect("/me", status_code=303, cookies=[cookie])

    return [ask, become]


def site(desk: Desk, request: Told) -> people.PasskeySite:
    """Where the browser is: by the public address where it came by that, which may be TLS that ends before us."""
    here, public = request.url, urlsplit(desk.url)
    scheme = public.scheme if public.netloc == here.netloc else here.scheme
    return people.PasskeySite(here.hostname or "", f"{scheme}://{here.netloc}")


def _asked(desk: Desk, request: Told, *, back: str = HOME, wrong: str = "", email: str = "") -> Response[str]:
    return desk.draw(request, "sign_in.html", back=back, wrong=wrong, email=email)
