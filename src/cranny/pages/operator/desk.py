"""What the operator's addresses share: the session of a request, and how its reader is spoken to."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from litestar import Request, Response
from litestar.connection import ASGIConnection
from litestar.exceptions import HTTPException
from litestar.handlers import BaseRouteHandler
from litestar.response import Redirect

from cranny import fleet
from cranny.core.errors import CrannyError, Forbidden, Unauthenticated
from cranny.pages.operator.session import NAME, Session, Sessions, still_good
from cranny.pages.operator.shown import HOME
from cranny.pages.operator.watching import Walls
from cranny.platform.auth import Keys
from cranny.platform.db import Tx
from cranny.platform.feature import Parts
from cranny.ui.pages import Pages
from cranny.ui.words import choose
from cranny.web import problems
from cranny.web.openapi import PUBLIC

HTML: Final = "text/html"
SIGN_IN: Final = "/sign-in"

Told = Request[Any, Any, Any]
Connection = ASGIConnection[Any, Any, Any, Any]


def to_sign_in(request: Told, _: Exception) -> Response[None]:
    """A page leads to the sign-in and back; a fragment lets its page do that."""
    if request.headers.get("hx-request"):
        return Response(None, status_code=200, headers={"HX-Refresh": "true"})
    path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return Redirect(SIGN_IN, query_params={"next": path})


class Desk:
    def __init__(self, parts: Parts, pages: Pages) -> None:
        self.db = parts.db
        self.clock = parts.clock
        self.keys = Keys(parts.db)
        self.keyring = parts.keyring
        self.walls = Walls(parts.db, parts.broker, parts.clock)
        self.dispatcher = fleet.Dispatcher(parts.db, parts.broker, parts.keyring)
        self.pages = pages
        self.behind_the_sign_in: Mapping[str, Any] = {
            "opt": {PUBLIC: True},  # to the API's keys: these have a session
            "include_in_schema": False,
            "guards": [self._guard],
            "exception_handlers": {
                Unauthenticated: to_sign_in,
                CrannyError: self.sorry,
                HTTPException: self.sorry,
                Exception: self.sorry,
            },
        }
        """What every page says of itself that is for those who signed in."""

    def session(self, request: Connection) -> Session:
        """Raises Unauthenticated, code `session-missing`."""
        session = self._sessions(request).read(request.cookies.get(NAME, ""), self.clock.now())
        if session is None:
            raise Unauthenticated("Sign in first.", code="session-missing")
        return session

    async def enter(self, tx: Tx, session: Session) -> None:
        """Raises Unauthenticated, code `session-missing`, when its key opens nothing any more."""
        if not await still_good(tx, session):
            raise Unauthenticated("Sign in again.", code="session-missing")

    def sign(self, request: Told, session: Session) -> Any:
        """The cookie of a new session."""
        return self._sessions(request).cookie(session)

    def refuse_foreign(self, request: Told) -> None:
        """Another site's form must not sign anybody in, nor open a door. Raises Forbidden, code `foreign-origin`."""
        if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            raise Forbidden("Do this on this site's own page.", code="foreign-origin")

    def draw(self, request: Told, template: str, zone: str = "UTC", **values: Any) -> Response[str]:
        language = choose(request.headers.get("accept-language", ""), self.pages.words)
        return Response(self.pages.render(template, language=language, zone=zone, **values), media_type=HTML)

    def sorry(self, request: Told, error: Exception) -> Response[Any]:
        """For people: a page, or where a page asked for a part of itself, that part. It says no more than the problem
        document, which everybody else gets."""
        told = problems.answer(request, error)
        fragment = bool(request.headers.get("hx-request"))
        if not fragment and "text/html" not in request.headers.get("accept", ""):
            return told
        said = msgspec.json.decode(told.content, type=problems.Problem)
        template = "sorry_said.html" if fragment else "sorry.html"
        page = self.draw(request, template, status=said.status, code=said.code, request_id=said.request, home=HOME)
        page.status_code = said.status
        page.headers["Cache-Control"] = "no-store"
        return page

    def _sessions(self, request: Connection) -> Sessions:
        return Sessions(self.keyring, https=request.url.scheme == "https")

    def _guard(self, request: Connection, _: BaseRouteHandler) -> None:
        """Before anything else of the request is looked at: a stranger learns nothing of what a page expects."""
        self.session(request)
