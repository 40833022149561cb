"""Signing in by way of another organisation, and showing there once more that it is them.

The way out is a link and not a form, which the browser would not let leave this site. The way back comes from another
site, so that the browser keeps the session's strict cookie to itself: what was begun lies in a cookie of its own, and
the last step is taken by a page of ours.
"""

from collections.abc import Awaitable
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath, FromQuery, QueryParameter
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from cranny import people
from cranny.core.errors import CrannyError, Forbidden, Invalid
from cranny.pages.operator.desk import PROVE, SIGN_IN, Desk, Told, inside
from cranny.pages.operator.own import person
from cranny.pages.operator.shown import HOME
from cranny.platform.gate import refuse_foreign
from cranny.platform.permissions import Action
from cranny.web import problems
from cranny.web.openapi import PUBLIC
from cranny.web.origin import FROM_ELSEWHERE

_OPEN: Final = {PUBLIC: True}


class ByMail(msgspec.Struct, frozen=True):
    email: Annotated[str, msgspec.Meta(max_length=300)]


class FromThere(msgspec.Struct, frozen=True):
    SAMLResponse: Annotated[str, msgspec.Meta(max_length=people.SAML_LONGEST)]


Sent = Annotated[FromThere, Body(media_type=RequestEncodingType.URL_ENCODED)]
State = Annotated[str, QueryParameter(name="state", max_length=200)]
Code = Annotated[str, QueryParameter(max_length=4000)]
Issuer = Annotated[str | None, QueryParameter(name="iss", max_length=500)]
Error = Annotated[str, QueryParameter(max_length=500)]


def organisation_routes(desk: Desk) -> list[ControllerRouterHandler]:
    return [*_out(desk), _back(desk), *_posted(desk), _prove(desk)]


def _out(desk: Desk) -> list[ControllerRouterHandler]:
    @post(f"{SIGN_IN}/organisation", opt=_OPEN, include_in_schema=False, status_code=200)
    async def whose(
        request: Told, data: Annotated[ByMail, Body(media_type=RequestEncodingType.URL_ENCODED)]
    ) -> Response[str]:
        """Which organisations vouch for such an address; of the person it says nothing."""
        refuse_foreign(request)
        desk.insist_on("organisation")
        try:
            found = await desk.organisations.find(data.email)
        except Invalid:
            return desk.draw(request, "organisation.html", found=[], wrong="email", email=data.email)
        lines = [(str(row.id), row.name) for row in found]
        return desk.draw(request, "organisation.html", found=lines, wrong="" if lines else "none", email=data.email)

    @get(f"{SIGN_IN}/organisation", opt=_OPEN, include_in_schema=False, sync_to_thread=False)
    def ask(request: Told) -> Response[str]:
        return desk.draw(request, "organisation.html", found=[], wrong="", email="")

    @get(f"{SIGN_IN}/with/{{provider:uuid}}", opt=_OPEN, include_in_schema=False)
    async def out(
        request: Told,
        provider: FromPath[UUID],
        next: FromQuery[str] = HOME,  # noqa: A002 - the address says it
        *,
        anew: FromQuery[bool] = False,
    ) -> Response[Any]:
        desk.insist_on("organisation")
        back = inside(next)
        if request.headers.get("sec-fetch-site") in FROM_ELSEWHERE:
            # A session begins by a click of whoever it is for: a link that another site has followed for them is none.
            onward = urlencode({"next": back, "anew": str(anew).lower()})
            return desk.draw(request, "sign_in_asked.html", provider=provider, onward=onward)
        who = await desk.visitors.who(request)
        before = None if who is None else who.session
        return await _begun(desk, request, provider, back, before=before, anew=anew)

    return [whose, ask, out]


def _back(desk: Desk) -> ControllerRouterHandler:
    @get(f"{SIGN_IN}/with/{{provider:uuid}}/back", opt=_OPEN, include_in_schema=False)
    async def back(
        request: Told,
        provider: FromPath[UUID],
        *,
        given: State = "",
        code: Code = "",
        issuer: Issuer = None,
        error: Error = "",
    ) -> Response[Any]:
        """From the other organisation, with what it says."""
        cookie = desk.visitors.waiting(request)
        proof = desk.organisations.oidc.finish(provider, cookie, state=given, code=code, issuer=issuer, error=error)
        return await _came(desk, request, provider, "oidc", proof)

    return back


def _posted(desk: Desk) -> list[ControllerRouterHandler]:
    """By SAML it comes back as a form of the other site's, with which the browser sends none of our cookies: a page of
    ours sends it once more."""

    @post(
        f"{SIGN_IN}/with/{{provider:uuid}}/acs",
        opt=_OPEN,
        include_in_schema=False,
        status_code=200,
        sync_to_thread=False,
    )
    def over(request: Told, provider: FromPath[UUID], data: Sent) -> Response[str]:
        """Where it leads afterwards was said when it was begun: no word of theirs (`RelayState`) is gone by."""
        page = desk.draw(request, "coming_back.html", provider=provider, sent=data.SAMLResponse)
        page.headers["Cache-Control"] = "no-store"
        return page

    @post(f"{SIGN_IN}/with/{{provider:uuid}}/answer", opt=_OPEN, include_in_schema=False, status_code=200)
    async def answer(request: Told, provider: FromPath[UUID], data: Sent) -> Response[Any]:
        refuse_foreign(request)
        proof = desk.organisations.saml.finish(provider, desk.visitors.waiting(request), data.SAMLResponse)
        return await _came(desk, request, provider, "saml", proof)

    @get(f"{SIGN_IN}/with/{{provider:uuid}}/metadata", opt=_OPEN, include_in_schema=False)
    async def ours(provider: FromPath[UUID]) -> Response[str]:
        """What the other organisation has to know of us."""
        return Response(await desk.organisations.saml.describe(provider), media_type="application/samlmetadata+xml")

    return [over, answer, ours]


def _prove(desk: Desk) -> ControllerRouterHandler:
    @get(f"{PROVE}/with/{{provider:uuid}}", **desk.page(Action.SELF, narrows=True))
    async def out(request: Told, provider: FromPath[UUID], next: FromQuery[str] = HOME) -> Response[Any]:  # noqa: A002 - the address says it
        """Sign in there anew, for the session that is open here."""
        who = person(desk, request)
        return await _begun(desk, request, provider, inside(next), session=who.session)

    return out


async def _begun(desk: Desk, request: Told, provider: UUID, back: str, **more: Any) -> Response[Any]:
    try:
        begun = await desk.organisations.begin(provider, back, **more)
    except CrannyError as refused:
        return _refused(desk, request, provider, refused)
    return Redirect(begun.url, status_code=302, cookies=[desk.visitors.waiting_cookie(request, begun.cookie)])


async def _came(
    desk: Desk, request: Told, provider: UUID, kind: Literal["oidc", "saml"], proof: Awaitable[people.CameBack]
) -> Response[Any]:
    """A page that leads on, for whoever the `proof` is of."""
    try:
        came = await proof
        cookies = [await _let_in(desk, request, came), desk.visitors.waiting_cookie(request, "")]
    except CrannyError as refused:
        tenant = await desk.organisations.tenant_of(kind, provider)
        if tenant is not None and isinstance(refused, Invalid | Forbidden):
            await desk.was_not(request, tenant, refused.code, on=f"{kind}-providers/{provider}")
        return _refused(desk, request, provider, refused)
    page = desk.draw(request, "signed_in.html", back=came.state.next)
    page.headers["Cache-Control"] = "no-store"
    for one in cookies:
        if one is not None:
            page.set_cookie(one)
    return page


async def _let_in(desk: Desk, request: Told, came: people.CameBack) -> Any:
    """The cookie of a new session; None where the one that is open was proven."""
    who = await desk.visitors.who(request)
    named = None if who is None else who.session
    async with desk.db.transaction(came.tenant) as tx:
        if came.state.session is None:
            before = came.state.before
            if before is not None and before != named:  # the browser may not name it on its way back
                await people.end_any_session(tx, before, by=f"persons/{came.person}")
            return await desk.sign_in(
                tx, request, ("person", came.person), came.how, proven=came.proven, since=came.since
            )
        if not came.proven:
            raise Forbidden(
                "The other organisation does not say that you have just signed in.", code=f"{came.how}-not-fresh"
            )
        await people.prove_session_of(tx, came.state.session, came.person, since=came.since)
        return None


def _refused(desk: Desk, request: Told, provider: UUID, refused: CrannyError) -> Response[Any]:
    """For people, a page that says what went wrong and what to do; for programs, the problem."""
    told = problems.answer(request, refused)
    if "text/html" not in request.headers.get("accept", ""):
        return told
    said = msgspec.json.decode(told.content, type=problems.Problem)
    page = desk.draw(
        request, "sign_in_refused.html", code=said.code, detail=said.detail, request_id=said.request, provider=provider
    )
    page.status_code = said.status
    page.headers["Cache-Control"] = "no-store"
    page.set_cookie(desk.visitors.waiting_cookie(request, ""))
    return page
