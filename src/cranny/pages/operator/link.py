"""A one-time link that signs a browser in: made over the API, good once, for ten minutes.

Opening the link only asks; signing in is a click. So a program that looks at links ahead of people (mail scanners,
chats that show a preview) does not use it up. The secret stands behind the address's #, which browsers send to nobody:
the page puts it into its form, and so it is in no log of a proxy either.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.enums import RequestEncodingType
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Example
from litestar.params import Body
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from cranny import people
from cranny.core.clock import ahead
from cranny.pages.operator.desk import Desk, Told
from cranny.pages.operator.shown import HOME
from cranny.platform import directory
from cranny.platform.auth import Principal
from cranny.platform.db import Tx
from cranny.platform.gate import refuse_foreign
from cranny.platform.idempotency import Reply, once
from cranny.platform.permissions import Action
from cranny.web.openapi import PUBLIC

KIND: Final = "sign-in-link"
OF_KEY_SESSION: Final = "sign-in-link-again"
OF_PERSON_SESSION: Final = "person-link-again"
"""The directory's words for it: made with the key itself; made in a session of a key; made in a person's."""
_PROOFS: Final[Mapping[str, tuple[Literal["key", "person"], bool]]] = {
    KIND: ("key", True),
    OF_KEY_SESSION: ("key", False),
    OF_PERSON_SESSION: ("person", False),
    people.LINK: ("person", True),
    people.INVITATION: ("person", True),
}
"""Whose session each begins, and whether that shows afresh who it is. A link that a session makes for itself shows
nothing: else whoever finds a browser signed in could prove by it that they are somebody else."""
GOOD_FOR: Final = timedelta(minutes=10)
PAGE: Final = "/link"
OPENED: Final = "/link/opened"
"""Not the page's own address: in a tab that still shows this answer, the next link would only be another fragment."""
_BYTES: Final = 20
_OPEN: Final = {PUBLIC: True}


class LinkMade(msgspec.Struct, frozen=True):
    """`path` goes behind the server's own address."""

    path: str
    expires: datetime
    """From when on it is good for nothing."""


class Held(msgspec.Struct, frozen=True):
    """`token` is what stands behind the # of a link, or the whole link."""

    token: Annotated[str, msgspec.Meta(max_length=600)]

    @property
    def secret(self) -> str:
        return self.token.rpartition("#")[2].strip()


_LINK: Final = ResponseSpec(
    LinkMade,
    generate_examples=False,
    description="The link, this once.",
    examples=[Example(value={"path": f"{PAGE}#9f3c…", "expires": "2026-11-22T09:45:00Z"})],
)


def link_routes(desk: Desk) -> list[ControllerRouterHandler]:
    @post(
        "/v1/sign-in-links",
        needs=Action.SESSIONS_LINK,
        tags=["pages"],
        operation_id="makeSignInLink",
        responses={201: _LINK},
    )
    async def make(request: Request[Principal, None, Any]) -> Response[bytes]:
        """A link that signs one browser in to the operator's pages, once, within ten minutes. Its session may do
        what this API key may and ends with it. Shown once. Asked for with a session, the new one is that person's, and
        not proven.

        Problem `way-closed`: an installation may leave this way out."""
        desk.insist_on(_way(_kind(request.user)))

        async def deed(tx: Tx) -> Reply:
            token = tx.rng.bytes(_BYTES).hex()
            expires = ahead(tx.clock, GOOD_FOR)
            await directory.put(tx, _kind(request.user), token, tx.tenant, request.user.id, expires=expires)
            return Reply(201, LinkMade(f"{PAGE}#{token}", expires), secret=True)

        return await once(desk.db, request, deed)

    @get([PAGE, OPENED], opt=_OPEN, include_in_schema=False, sync_to_thread=False)
    def ask(request: Told) -> Response[str]:
        return desk.draw(request, "sign_in_link.html", gone=False)

    @post(OPENED, opt=_OPEN, include_in_schema=False, status_code=200)
    async def use(
        request: Told, data: Annotated[Held, Body(media_type=RequestEncodingType.URL_ENCODED)]
    ) -> Response[Any]:
        refuse_foreign(request)
        token = data.secret
        found = await _find(desk, token)
        if found is not None:
            kind, tenant, ref = found
            if kind != people.INVITATION:  # that is how somebody comes to their first passkey
                desk.insist_on(_way(kind))
            async with desk.db.transaction(tenant) as tx:
                if await directory.forget(tx, kind, token):
                    whose, proven = _PROOFS[kind]
                    cookie = await desk.sign_in(tx, request, (whose, ref), "link", proven=proven)
                    return Redirect(HOME, status_code=303, cookies=[cookie])
        desk.was_wrong(request)
        return desk.draw(request, "sign_in_link.html", gone=True)

    return [make, ask, use]


def _way(kind: str) -> str:
    """As which way in a link counts."""
    return _PROOFS[kind][0] if _PROOFS[kind][0] == "key" else "link"


def _kind(who: Principal) -> str:
    if who.session is None:
        return KIND
    return OF_KEY_SESSION if who.kind == "key" else OF_PERSON_SESSION


async def _find(desk: Desk, token: str) -> tuple[str, UUID, UUID] | None:
    """(kind, tenant, whose it is)."""
    for kind in _PROOFS:
        found = await directory.find(desk.db, kind, token)
        if found is not None:
            return kind, found.tenant, found.ref
    return None
