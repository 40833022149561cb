"""What the operator's addresses share: who asks, and how they are spoken to."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode, urlsplit
from uuid import UUID

from litestar import Request, Response
from litestar.exceptions import HTTPException
from litestar.response import Redirect

from cranny import fleet, people
from cranny.core.errors import CrannyError, Forbidden, Unauthenticated
from cranny.pages.operator.shown import HOME
from cranny.pages.operator.sorry import Sorry
from cranny.pages.operator.watching import Walls
from cranny.platform.auth import Keys, Principal
from cranny.platform.db import Tx
from cranny.platform.feature import Parts
from cranny.platform.gate import NARROWS, NEEDS, PAGE
from cranny.platform.permissions import Action
from cranny.platform.refused import SOMEBODY, Refusals
from cranny.platform.tries import Tries, network
from cranny.ui.pages import Pages
from cranny.ui.words import choose
from cranny.web.openapi import PUBLIC

HTML: Final = "text/html"
SIGN_IN: Final = "/sign-in"
FREE_TRIES: Final = 10
FREE_MAILS: Final = 30
FREE_CODES: Final = 4
"""Wrong answers of one network, links that it asks for, and wrong codes of one person, that nobody waits for."""
PROVE: Final = "/prove"

ROOMS: Final[Mapping[str, Action]] = {
    "people": Action.PEOPLE_READ,
    "imports": Action.PEOPLE_PROVISION,
    "organisations": Action.SIGN_IN_READ,
    "groups": Action.SIGN_IN_READ,
    "privacy": Action.PRIVACY_READ,
}
"""What admins and auditors have beside the walls, and what it needs."""

Told = Request[Any, Any, Any]


class Desk:
    def __init__(self, parts: Parts, pages: Pages) -> None:
        self.db = parts.db
        self.clock = parts.clock
        self.keys = Keys(parts.db)
        self.keyring = parts.keyring
        self.visitors = people.Visitors(parts.db, https=parts.url.startswith("https:"))
        self.walls = Walls(parts.db, parts.broker, parts.clock)
        self.dispatcher = fleet.Dispatcher(parts.db, parts.broker, parts.keyring)
        self.pages = pages
        self.sorry = Sorry(pages)
        self.refusals = Refusals(parts.db)
        self.tries = Tries(parts.clock, free=FREE_TRIES)
        self.mails = Tries(parts.clock, free=FREE_MAILS)
        self.codes = Tries(parts.clock, free=FREE_CODES)
        self.url = parts.url
        self.ways = parts.sign_in_ways
        self.keepers = parts.keepers
        self.providers = people.sign_in_providers(parts)
        self.saml_providers = people.saml_sign_in_providers(parts)
        self.organisations = people.organisations(parts)

    def insist_on(self, way: str) -> None:
        """Raises Forbidden, code `way-closed`, where nobody gets in so."""
        if way not in self.ways:
            raise Forbidden("Nobody signs in this way here: take another one.", code="way-closed")

    def page(self, needs: Action, *, narrows: bool | str = False) -> Mapping[str, Any]:
        """What a page says of itself that is for those who signed in. `narrows`: it shows each only what they may see
        by itself; BY_SITE: each who has a role for a site."""
        return {
            "opt": {PUBLIC: True, PAGE: True, NEEDS: needs, NARROWS: narrows},  # public to the API's keys
            "include_in_schema": False,
            "exception_handlers": {
                Unauthenticated: _to_sign_in,
                Forbidden: self._forbidden,
                CrannyError: self.sorry,
                HTTPException: self.sorry,
                Exception: self.sorry,
            },
        }

    def who(self, request: Told) -> Principal:
        """Whom the gate has let in."""
        who: Principal = request.user
        return who

    async def sign_in(
        self,
        tx: Tx,
        request: Told,
        holder: people.Holder,
        how: people.How,
        *,
        proven: bool,
        since: datetime | None = None,
    ) -> Any:
        """The cookie of a new session. Whatever session the browser had is over. `since` is when they showed who they
        are, where that was not just now."""
        await self.sign_out(tx, request)
        secret = await people.begin_session(tx, holder, how, people.agent(request), proven=proven, since=since)
        return self.visitors.cookie(request, secret)

    async def sign_out(self, tx: Tx, request: Told) -> None:
        """End the session of the browser, where it has one in this tenant."""
        who = await self.visitors.who(request)
        if who is not None and who.session is not None and who.tenant == tx.tenant:
            await people.end_session(tx, who.session, by=who.who)

    def was_wrong(self, request: Told) -> None:
        """Somebody has shown a key, a link or a passkey that does not fit. Raises TooMany where they do so again and
        again. What fits is never asked to wait: nobody guesses it, and so nobody is locked out."""
        who = self.network(request)
        self.tries.insist(who)
        self.tries.wrong(who)

    async def was_not(self, request: Told, tenant: UUID, refusal: str, *, on: str, by: str = SOMEBODY) -> None:
        """Somebody has failed to show that they are who `on` is: that is written down."""
        await self.refusals.note(request.scope, tenant, by, refusal, on=on)

    @staticmethod
    def rooms(who: Principal) -> tuple[str, ...]:
        """The pages about people and their data that are for `who`."""
        return tuple(room for room, needs in ROOMS.items() if who.rights.may(needs).tenant)

    @staticmethod
    def network(request: Told) -> str:
        return network(request.client.host if request.client else "")

    def draw(self, request: Told, template: str, zone: str = "UTC", **values: Any) -> Response[str]:
        language = choose(request.headers.get("accept-language", ""), self.pages.words)
        drawn = self.pages.render(template, language=language, zone=zone, open_ways=self.ways, **values)
        return Response(drawn, media_type=HTML)

    def _forbidden(self, request: Told, error: CrannyError) -> Response[Any]:
        """Who has to show again that it is them is led there and back; others are told."""
        return _led(request, PROVE) if error.code == "step-up-needed" else self.sorry(request, error)


def _to_sign_in(request: Told, _: Exception) -> Response[Any]:
    """A page leads to the sign-in and back; a fragment lets its page do that."""
    if request.headers.get("hx-request"):
        return Response(None, status_code=200, headers={"HX-Refresh": "true"})
    return _led(request, SIGN_IN)


def _led(request: Told, to: str) -> Response[Any]:
    """To `to`, and then to the page that was asked for; a fragment and a form belong to the page they are on."""
    own = request.method == "GET" and not request.headers.get("hx-request")
    path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    back = path if own else str(request.headers.get("hx-current-url", "")) or "/"
    address = f"{to}?{urlencode({'next': inside(back)})}"
    if request.headers.get("hx-request"):
        return Response(None, status_code=200, headers={"HX-Redirect": address})
    if request.headers.get("content-type", "").startswith("application/json"):
        return Response({"next": to}, status_code=403)  # the page knows best where it is
    return Redirect(to, query_params={"next": path if own else inside(back)})


def inside(path: str, home: str = HOME) -> str:
    """`path` when it is one of ours, and what of an address is one: nobody is led elsewhere by a link to the
    sign-in."""
    parts = urlsplit(path)
    local = parts.path + (f"?{parts.query}" if parts.query else "")
    return local if local.startswith("/") and not local.startswith(("//", "/\\")) else home
