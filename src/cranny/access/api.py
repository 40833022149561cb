"""Grants over HTTP: what they are for, and, for whoever must show it, what opens with them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.openapi.spec import Example
from litestar.params import Body, FromPath
from litestar.types import ControllerRouterHandler
from msgspec import Meta

from cranny.access import ends
from cranny.access.badges import give_badge
from cranny.access.lifecycle import Grant
from cranny.access.reveal import reveal
from cranny.core.errors import NotFound
from cranny.platform.auth import Principal
from cranny.platform.db import Database, Tx
from cranny.platform.idempotency import Reply, once
from cranny.platform.keys import Keyring
from cranny.platform.permissions import Action
from cranny.web.responses import answer
from cranny.wire.kinds import Purpose


class GrantShown(msgspec.Struct, frozen=True):
    """`subject` is what it gives a right to; `state` `active` means that it opens (`door`, `generation`) now;
    `code_off`: too many wrong tries, only the QR opens."""

    id: UUID
    bank: UUID
    purpose: Purpose
    subject: str
    state: Grant
    door: str | None
    generation: int | None
    code_off: bool
    created: datetime
    ended: datetime | None


class RevealAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`reason` stays in the log, beside who asked."""

    reason: Annotated[str, Meta(min_length=1, max_length=200, examples=["recipient lost the message"])]


class RevealedShown(msgspec.Struct, frozen=True):
    """`code` to type, null once it is switched off; `qr` is the text of the symbol."""

    code: Annotated[str, Meta(examples=["042 193 550"])] | None
    qr: str


class BadgeAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The number as the bank's reader gives it; spaces, dashes and colons do not matter. Null takes it away."""

    badge: Annotated[str, Meta(max_length=128, examples=["04:A1:B2:C3:D4:E5:80"])] | None
    """The badge's number, or null."""


class BadgeShown(msgspec.Struct, frozen=True):
    """Whether a badge opens this grant now."""

    grant: UUID
    badge: bool
    """Whether a badge opens it now."""


GRANT: Final = {
    "id": "019cadc6-9a80-723a-832d-4982503f3d79",
    "bank": "019cadc6-9a80-7192-8035-a06b16b28ca5",
    "purpose": "collect",
    "subject": "deliveries/019cadc6-9a80-7de4-9145-27ff8431312a",
    "state": "active",
    "door": "07",
    "generation": 12,
    "code_off": False,
    "created": "2026-03-02T09:00:00Z",
    "ended": None,
}
REVEALED: Final = {"code": "042 193 550", "qr": "CAAVEK4TFOQXGCZLSMFXGK4TBNRWGCYLM"}
WHY: Final = {"reason": "recipient lost the message"}
CARD: Final = {"badge": "04:A1:B2:C3:D4:E5:80"}
GIVEN: Final = {"grant": "019cadc6-9a80-723a-832d-4982503f3d79", "badge": True}


def routes(db: Database, keyring: Keyring) -> Sequence[ControllerRouterHandler]:
    @get(
        "/v1/grants/{grant:uuid}",
        needs=Action.GRANTS_READ,
        tags=["grants"],
        responses={200: answer(GrantShown, "The grant.", GRANT)},
    )
    async def get_grant(request: Request[Principal, None, Any], grant: FromPath[UUID]) -> GrantShown:
        """A grant. Problem `grant-not-found`."""
        async with db.transaction(request.user.tenant) as tx:
            found = await ends.get(tx, [grant])
        if not found:
            raise NotFound(f"There is no grant {grant}.", code="grant-not-found")
        return msgspec.convert(found[0], GrantShown, from_attributes=True)

    @post(
        "/v1/grants/{grant:uuid}/reveal",
        needs=Action.GRANTS_REVEAL,
        tags=["grants"],
        status_code=200,
        responses={200: answer(RevealedShown, "What opens.", REVEALED)},
    )
    async def reveal_grant(
        request: Request[Principal, None, Any],
        grant: FromPath[UUID],
        data: Annotated[RevealAsked, Body(examples=[Example(summary="Why", value=WHY)])],
    ) -> Response[bytes]:
        """The code and QR of a living grant. Each look is recorded: who, and your reason. The answer is
        shown once for each `Idempotency-Key`. Problems `grant-not-found`, `grant-ended`, `grant-has-no-code`."""

        async def deed(tx: Tx) -> Reply:
            who = request.user.who
            revealed = await reveal(tx, keyring, grant, who=who, why=data.reason, words=True)
            return Reply(200, RevealedShown(revealed.code, revealed.qr), secret=True)

        return await once(db, request, deed)

    return [get_grant, reveal_grant, _badge_route(db, keyring)]


def _badge_route(db: Database, keyring: Keyring) -> ControllerRouterHandler:
    @post(
        "/v1/grants/{grant:uuid}/badge",
        needs=Action.GRANTS_EDIT,
        tags=["grants"],
        status_code=200,
        responses={200: answer(BadgeShown, "Which it is now.", GIVEN)},
    )
    async def badge_grant(
        request: Request[Principal, None, Any],
        grant: FromPath[UUID],
        data: Annotated[
            BadgeAsked, Body(examples=[Example(summary="A card", value={"badge": "04:A1:B2:C3:D4:E5:80"})])
        ],
    ) -> Response[bytes]:
        """Let a badge open a living grant, instead of any other badge, or none with null. Held to the bank's reader it
        opens what lies there for its holder: of several grants with the same badge the oldest first, one door each
        time. The number is kept sealed and erased when the grant ends. Plain numbers can be copied: the bank's policy
        `badges` can refuse them. Problems `grant-not-found`, `grant-ended`, `grant-has-no-code`, `badge-invalid`,
        `badges-off`."""

        async def deed(tx: Tx) -> Reply:
            await give_badge(tx, keyring, grant, data.badge, who=request.user.who)
            return Reply(200, BadgeShown(grant, data.badge is not None))

        return await once(db, request, deed)

    return badge_grant
