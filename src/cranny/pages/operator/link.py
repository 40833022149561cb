"""A one-time link that signs a browser in: made over the API, good once, for a quarter of an hour.

Opening the link only asks; signing in is a click. So a program that looks at links ahead of people (mail scanners,
chats that show a preview) does not use it up.
"""

from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from litestar import Request, Response, get, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Example
from litestar.params import FromPath
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from cranny.core.clock import ahead
from cranny.pages.operator.desk import SIGN_IN, Desk, Told
from cranny.pages.operator.session import LASTS, Session
from cranny.pages.operator.shown import HOME
from cranny.platform import directory
from cranny.platform.auth import Principal
from cranny.platform.db import Tx
from cranny.platform.idempotency import Reply, once
from cranny.web.openapi import PUBLIC

KIND: Final = "sign-in-link"
"""The directory's word for it."""
GOOD_FOR: Final = timedelta(minutes=15)
_BYTES: Final = 20
_OPEN: Final = {PUBLIC: True}


class LinkMade(msgspec.Struct, frozen=True):
    """`path` goes behind the server's own address."""

    path: str
    expires: datetime


_LINK: Final = ResponseSpec(
    LinkMade,
    generate_examples=False,
    description="The link, this once.",
    examples=[Example(value={"path": f"{SIGN_IN}/9f3c…", "expires": "2026-11-22T09:45:00Z"})],
)


def link_routes(desk: Desk) -> list[ControllerRouterHandler]:
    @post("/v1/sign-in-links", tags=["pages"], operation_id="makeSignInLink", responses={201: _LINK})
    async def make(request: Request[Principal, None, Any]) -> Response[bytes]:
        """A link that signs one browser in to the operator's pages, once, within 15 minutes. Its session sees what
        this API key sees and ends with it. Shown once."""

        async def deed(tx: Tx) -> Reply:
            token = tx.rng.bytes(_BYTES).hex()
            expires = ahead(tx.clock, GOOD_FOR)
            await directory.put(tx, KIND, token, tx.tenant, request.user.key_id, expires=expires)
            return Reply(201, LinkMade(f"{SIGN_IN}/{token}", expires), secret=True)

        return await once(desk.db, request, deed)

    @get(f"{SIGN_IN}/{{token:str}}", opt=_OPEN, include_in_schema=False)
    async def ask(request: Told, token: FromPath[str]) -> Response[str]:
        known = await directory.find(desk.db, KIND, token) is not None
        return desk.draw(request, "sign_in_link.html", token=token, known=known)

    @post(f"{SIGN_IN}/{{token:str}}", opt=_OPEN, include_in_schema=False, status_code=200)
    async def use(request: Told, token: FromPath[str]) -> Response[Any]:
        desk.refuse_foreign(request)
        found = await directory.find(desk.db, KIND, token)
        if found is not None:
            async with desk.db.transaction(found.tenant) as tx:
                if await directory.forget(tx, KIND, token):
                    session = Session(found.tenant, found.ref, ahead(desk.clock, LASTS))
                    await desk.enter(tx, session)
                    return Redirect(HOME, status_code=303, cookies=[desk.sign(request, session)])
        return desk.draw(request, "sign_in_link.html", token=token, known=False)

    return [make, ask, use]
