"""Banks as a fleet over HTTP: claims for their controllers, how they are, and what has to be looked at."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from litestar.types import ControllerRouterHandler
from msgspec import Meta

from cranny.fleet import anomalies, enrolment
from cranny.fleet import api_examples as examples
from cranny.fleet.lifecycle import AnomalyState
from cranny.fleet.next_steps import NextStep, next_step
from cranny.fleet.status import BankStatus, status
from cranny.fleet.tables import AnomalyRow
from cranny.platform import paging
from cranny.platform.auth import Principal
from cranny.platform.db import Database, Tx
from cranny.platform.idempotency import Reply, once
from cranny.platform.keys import Keyring
from cranny.platform.permissions import Action
from cranny.web.openapi import PUBLIC
from cranny.web.responses import answer
from cranny.wire.enrolment import EnrolReply, EnrolRequest

LISTING: Final = "anomalies"

Asking = Request[Principal, None, Any]
Limit = Annotated[int, QueryParameter(ge=1, le=paging.MOST)]


class SettleAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`note` says what was found and done."""

    note: Annotated[str, Meta(min_length=1, max_length=1000, examples=["Looked inside: door 07 was empty."])]


class AnomalyShown(msgspec.Struct, frozen=True):
    """A difference between what should be and what is. `kind` names it, `subject` is what it is about, `detail`
    what is known of it; `times`: how often it was seen while open."""

    id: UUID
    bank: UUID
    kind: str
    subject: str
    detail: dict[str, Any]
    state: AnomalyState
    times: int
    created: datetime
    """When it was first found."""
    last_seen: datetime
    """When it was last seen."""
    note: str
    """What was written when it was settled; empty before."""
    next_step: NextStep
    """What to do about it: a word, a sentence, and the API call where one does it."""


def routes(
    db: Database, keyring: Keyring, cursors: paging.Cursors, *, nats: Sequence[str]
) -> Sequence[ControllerRouterHandler]:
    """Every route of this room. `nats`: where boxes are told to connect."""
    return [_enrolments(db, keyring, nats), *_banks(db), *_anomalies(db, cursors)]


def _enrolments(db: Database, keyring: Keyring, nats: Sequence[str]) -> ControllerRouterHandler:
    @post(
        "/v1/enrolments",
        operation_id="enrolBank",
        tags=["banks"],
        opt={PUBLIC: True},
        responses={201: answer(EnrolReply, "It speaks for the bank.", examples.ENROLLED)},
    )
    async def enrol(data: JSONBody[EnrolRequest]) -> EnrolReply:
        """What a box sends once, to speak for the bank of its claim from then on. No key: the claim is the right,
        and `proof` shows that the box holds the key that it names. Bytes are base64. Problems `claim-invalid`
        (unknown, used, expired, or mistyped), `proof-invalid`, `nkey-invalid`, `sealing-key-invalid`,
        `key-in-use`."""
        return await enrolment.enrol(db, keyring, nats, data)

    return enrol


def _banks(db: Database) -> Sequence[ControllerRouterHandler]:
    @post(
        "/v1/banks/{bank:uuid}/claims",
        needs=Action.BANKS_ENROL,
        tags=["banks"],
        responses={201: answer(enrolment.Claim, "The claim, this once.", examples.CLAIM)},
    )
    async def make_claim(request: Asking, bank: FromPath[UUID]) -> Response[bytes]:
        """A claim with which one controller enrols as this bank, once, within a day. An earlier claim lapses; the
        controller that speaks for the bank goes on until the claim is used. Shown once for each
        `Idempotency-Key`. Problem `bank-not-found`."""

        async def deed(tx: Tx) -> Reply:
            return Reply(201, await enrolment.create_claim(tx, bank), secret=True)

        return await once(db, request, deed)

    @get(
        "/v1/banks/{bank:uuid}/status",
        needs=Action.BANKS_READ,
        tags=["banks"],
        responses={200: answer(BankStatus, "As it was last heard.", examples.STATUS)},
    )
    async def get_status(request: Asking, bank: FromPath[UUID]) -> BankStatus:
        """How the bank was last heard, and how far facts and rights have come. Problem `bank-not-found`."""
        async with db.transaction(request.user.tenant) as tx:
            return await status(tx, bank)

    return [make_claim, get_status]


def _anomalies(db: Database, cursors: paging.Cursors) -> Sequence[ControllerRouterHandler]:
    @get(
        "/v1/anomalies",
        needs=Action.TROUBLE_READ,
        tags=["anomalies"],
        responses={200: answer(paging.Page[AnomalyShown], "A page.", {"items": [examples.ANOMALY], "next": None})},
    )
    async def list_anomalies(
        request: Asking,
        after: FromQuery[str | None] = None,
        wanted: Annotated[AnomalyState | None, QueryParameter(name="state")] = None,
        bank: FromQuery[UUID | None] = None,
        limit: Limit = paging.LIMIT,
    ) -> Response[paging.Page[AnomalyShown]]:
        """What contradicts a right, a rule or an expectation, oldest first, each with its next step."""
        tenant = request.user.tenant
        place = UUID(cursors.read(tenant, LISTING, after)[0]) if after else None
        async with db.transaction(tenant) as tx:
            found = await anomalies.list_anomalies(tx, after=place, limit=limit + 1, state=wanted, bank=bank)
        page = paging.page(
            [_shown(row) for row in found], limit, lambda row: cursors.make(tenant, LISTING, [str(row.id)])
        )
        return paging.respond(request, page)

    @post(
        "/v1/anomalies/{anomaly:uuid}/settle",
        needs=Action.TROUBLE_SETTLE,
        tags=["anomalies"],
        operation_id="settleAnomaly",
        status_code=200,
        responses={200: answer(AnomalyShown, "The anomaly.", examples.SETTLED)},
    )
    async def settle(request: Asking, anomaly: FromPath[UUID], data: JSONBody[SettleAsked]) -> Response[bytes]:
        """Close it with a note. One that somebody settled before keeps its note. Problem `anomaly-not-found`."""

        async def deed(tx: Tx) -> Reply:
            who = request.user.who
            return Reply(200, _shown(await anomalies.settle(tx, anomaly, data.note, who=who)))

        return await once(db, request, deed)

    return [list_anomalies, settle]


def _shown(row: AnomalyRow) -> AnomalyShown:
    step = next_step(row.kind, row.bank, row.subject, row.detail)
    shown = {name: getattr(row, name) for name in AnomalyRow.__struct_fields__ if name != "tenant"}
    return AnomalyShown(**shown, next_step=step)
