"""Signed tokens over HTTP."""

from collections.abc import Sequence
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from litestar import Request, Response, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Example
from litestar.params import Body, FromPath
from litestar.types import ControllerRouterHandler

from cranny.access.offline import TokenAsked, TokenShown, issue_token, take_back
from cranny.platform.auth import Principal
from cranny.platform.db import Database, Tx
from cranny.platform.idempotency import Reply, once
from cranny.platform.keys import Keyring
from cranny.platform.permissions import Action

Asking = Request[Principal, None, Any]

ASKED: Final = {
    "purpose": "recall",
    "door": "07",
    "reason": "the bank has been offline since Monday",
    "hours": 4,
}
SHOWN: Final = {
    "id": "019cadc6-9a80-723a-832d-4982503f3d79",
    "bank": "019cadc6-9a80-7192-8035-a06b16b28ca5",
    "purpose": "recall",
    "door": "07",
    "generation": 12,
    "expires": "2026-03-02T13:00:00Z",
    "qr": "S2KCEHIKFADZEYQ…",
}


TAKEN: Final = "0199b6c1-5a10-7b4c-8e11-3f0a9d2c7e42"


class TakenBack(msgspec.Struct, frozen=True):
    """The token opens nothing any more, as soon as the bank hears of it."""

    id: UUID


def routes(db: Database, keyring: Keyring) -> Sequence[ControllerRouterHandler]:
    return [_issue(db, keyring), _take_back(db)]


def _issue(db: Database, keyring: Keyring) -> ControllerRouterHandler:
    @post(
        "/v1/banks/{bank:uuid}/tokens",
        needs=Action.GRANTS_EDIT,
        operation_id="issueToken",
        tags=["tokens"],
        responses={
            201: ResponseSpec(
                TokenShown, generate_examples=False, description="The token.", examples=[Example(value=SHOWN)]
            )
        },
    )
    async def issue(
        request: Asking,
        bank: FromPath[UUID],
        data: Annotated[TokenAsked, Body(examples=[Example(summary="Take it back", value=ASKED)])],
    ) -> Response[bytes]:
        """A signed token that opens one door once, also while the bank is out of reach: show its `qr` to the bank's
        scanner. It is in the log with your key and your reason, the opening will be listed as an anomaly
        (`opened_locally`), and the answer is shown once for each `Idempotency-Key`. It counts with
        your openings from afar: above the bank's `second_person_above` in ten minutes, and always for high-security
        doors, somebody else has to agree. Ask for the command `token` (`POST /v1/banks/{id}/commands`), have it
        confirmed, and name it as `agreed`. Problems `bank-not-found`, `door-not-found`, `hours-too-many`,
        `nothing-to-recall`, `second-person-needed`, `agreement-unfit`, `agreement-used`, `door-changed`."""

        async def deed(tx: Tx) -> Reply:
            return Reply(201, await issue_token(tx, keyring, bank, data, by=request.user), secret=True)

        return await once(db, request, deed)

    return issue


def _take_back(db: Database) -> ControllerRouterHandler:
    @post(
        "/v1/banks/{bank:uuid}/tokens/{token:uuid}/take-back",
        needs=Action.GRANTS_EDIT,
        tags=["tokens"],
        status_code=200,
        operation_id="takeBackToken",
        responses={
            200: ResponseSpec(
                TakenBack, generate_examples=False, description="Which one.", examples=[Example(value={"id": TAKEN})]
            )
        },
    )
    async def revoke(request: Asking, bank: FromPath[UUID], token: FromPath[UUID]) -> Response[bytes]:
        """Take a token back: it opens nothing any more once the bank has heard of it. A bank that is out of reach has
        not. Problem `bank-not-found`."""

        async def deed(tx: Tx) -> Reply:
            await take_back(tx, bank, token, who=request.user.who)
            return Reply(200, TakenBack(token))

        return await once(db, request, deed)

    return revoke
