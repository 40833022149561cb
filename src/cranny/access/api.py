"""Grants over HTTP: what they are for, and, for whoever must show it, what opens with them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.types import ControllerRouterHandler
from msgspec import Meta

from cranny.access import ends
from cranny.access.lifecycle import Grant
from cranny.access.reveal import reveal
from cranny.core.errors import NotFound
from cranny.platform.auth import Principal
from cranny.platform.db import Database, Tx
from cranny.platform.idempotency import Reply, once
from cranny.platform.keys import Keyring
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


def routes(db: Database, keyring: Keyring) -> Sequence[ControllerRouterHandler]:
    @get("/v1/grants/{grant:uuid}", tags=["grants"])
    async def get_grant(request: Request[Principal, None, Any], grant: UUID) -> GrantShown:
        """A grant. Problem `grant-not-found`."""
        async with db.transaction(request.user.tenant) as tx:
            found = await ends.get(tx, [grant])
        if not found:
            raise NotFound(f"There is no grant {grant}.", code="grant-not-found")
        return msgspec.convert(found[0], GrantShown, from_attributes=True)

    @post("/v1/grants/{grant:uuid}/reveal", tags=["grants"], status_code=200)
    async def reveal_grant(request: Request[Principal, None, Any], grant: UUID, data: RevealAsked) -> Response[bytes]:
        """The code and QR of a living grant. Each look is recorded with your key and your reason. The answer is
        shown once for each `Idempotency-Key`. Problems `grant-not-found`, `grant-ended`, `grant-has-no-code`."""

        async def deed(tx: Tx) -> Reply:
            who = f"keys/{request.user.key_id}"
            revealed = await reveal(tx, keyring, grant, who=who, why=data.reason)
            return Reply(200, RevealedShown(revealed.code, revealed.qr), secret=True)

        return await once(db, request, deed)

    return [get_grant, reveal_grant]
