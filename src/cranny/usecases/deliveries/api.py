"""Deliveries over HTTP."""

import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from litestar import Request, Response, get, patch, post, put
from litestar.openapi.spec import Example
from litestar.params import Body, FromPath, FromQuery, QueryParameter
from litestar.types import ControllerRouterHandler

from cranny.core.errors import Invalid, NotFound
from cranny.platform import etags, paging
from cranny.platform.auth import Principal
from cranny.platform.db import Database, Tx
from cranny.platform.idempotency import Reply, once
from cranny.platform.keys import Keyring
from cranny.platform.permissions import Action
from cranny.usecases.deliveries import api_examples as examples
from cranny.usecases.deliveries import reading, tables
from cranny.usecases.deliveries.actions.announce import announce
from cranny.usecases.deliveries.actions.cancel import cancel
from cranny.usecases.deliveries.actions.deadlines import extend
from cranny.usecases.deliveries.actions.readdress import readdress
from cranny.usecases.deliveries.actions.reroute import reroute
from cranny.usecases.deliveries.lifecycle import Delivery
from cranny.usecases.deliveries.shapes import (
    KIND_NAME,
    CancelAsked,
    ChangeAsked,
    DeliveryAsked,
    DeliveryShown,
    ExtendAsked,
    KindAsked,
    KindShown,
    RerouteAsked,
)
from cranny.usecases.deliveries.temperature import TemperatureShown, as_csv, temperature
from cranny.web.responses import answer

LISTING: Final = "deliveries"
CSV: Final = "text/csv; charset=utf-8"

Limit = Annotated[int, QueryParameter(ge=1, le=paging.MOST)]
Sort = Annotated[Literal["newest", "oldest"], QueryParameter(description="Which comes first.")]
Asking = Request[Principal, None, Any]


def routes(db: Database, keyring: Keyring, cursors: paging.Cursors) -> Sequence[ControllerRouterHandler]:
    return [*_reads(db, cursors), *_announcing(db, keyring), *_changing(db, keyring), *_kinds(db)]


def _reads(db: Database, cursors: paging.Cursors) -> Sequence[ControllerRouterHandler]:
    @get(
        "/v1/deliveries",
        needs=Action.DELIVERIES_READ,
        tags=["deliveries"],
        responses={200: answer(paging.Page[DeliveryShown], "A page.", {"items": [examples.STORED], "next": None})},
    )
    async def list_deliveries(  # noqa: PLR0917 - the parameters are the query's
        request: Asking,
        state_: Annotated[Delivery | None, QueryParameter(name="state")] = None,
        bank: FromQuery[UUID | None] = None,
        tracking: Annotated[str | None, QueryParameter(description="In any way of writing it.")] = None,
        sort: Sort = "newest",
        after: FromQuery[str | None] = None,
        limit: Limit = paging.LIMIT,
    ) -> Response[paging.Page[DeliveryShown]]:
        """Deliveries, newest first unless `sort` says otherwise: by when they became known."""
        tenant, listing = request.user.tenant, LISTING if sort == "newest" else f"{LISTING} {sort}"
        place = None if after is None else UUID(cursors.read(tenant, listing, after)[0])
        async with db.transaction(tenant) as tx:
            if sort == "newest":
                found = await reading.newest(
                    tx, before=place or reading.NEWEST, limit=limit + 1, state=state_, bank=bank, tracking=tracking
                )
            else:
                found = await reading.oldest(
                    tx, after=place or reading.OLDEST, limit=limit + 1, state=state_, bank=bank, tracking=tracking
                )
        return paging.respond(
            request, paging.page(found, limit, lambda row: cursors.make(tenant, listing, [str(row.id)]))
        )

    @get(
        "/v1/deliveries/{delivery:uuid}",
        needs=Action.DELIVERIES_READ,
        tags=["deliveries"],
        responses={200: answer(DeliveryShown, "The delivery.", examples.STORED)},
    )
    async def get_delivery(request: Asking, delivery: FromPath[UUID]) -> Response[DeliveryShown]:
        """A delivery. Problem `delivery-not-found`."""
        async with db.transaction(request.user.tenant) as tx:
            return etags.respond(await reading.get(tx, delivery))

    return [list_deliveries, get_delivery, _temperature(db)]


def _temperature(db: Database) -> ControllerRouterHandler:
    @get(
        "/v1/deliveries/{delivery:uuid}/temperature",
        needs=Action.DELIVERIES_READ,
        problems={"409": "It was never behind a door."},
        tags=["deliveries"],
        responses={200: answer(TemperatureShown, "The log; as CSV with `format=csv`.", examples.TEMPERATURE)},
    )
    async def get_temperature(
        request: Asking,
        delivery: FromPath[UUID],
        format_: Annotated[Literal["json", "csv"], QueryParameter(name="format")] = "json",
    ) -> Response[TemperatureShown] | Response[str]:
        """How cold it was kept, from the deposit until it was taken out: in °C, with the sensor's limits, and gaps
        where nothing was measured or the bank has not told it yet. Problems `delivery-not-found`,
        `delivery-not-stored`."""
        async with db.transaction(request.user.tenant) as tx:
            shown = await temperature(tx, delivery)
        if format_ == "json":
            return Response(shown)
        name = f'attachment; filename="temperature-{delivery}.csv"'
        return Response(as_csv(shown), media_type=CSV, headers={"Content-Disposition": name})

    return get_temperature


def _announcing(db: Database, keyring: Keyring) -> Sequence[ControllerRouterHandler]:
    @post(
        "/v1/deliveries",
        needs=Action.DELIVERIES_EDIT,
        tags=["deliveries"],
        responses={201: answer(DeliveryShown, "The delivery, with its rights on their way.", examples.ANNOUNCED)},
    )
    async def announce_delivery(
        request: Asking,
        data: Annotated[
            DeliveryAsked,
            _examples(("A parcel", examples.ASKED), ("Two chilled things behind one door", examples.CHILLED)),
        ],
    ) -> Response[bytes]:
        """Announce a delivery: a place is promised and the rights go down to the bank, all or nothing.

        A tracking number that the bank took in before anybody announced it is adopted: the answer is the delivery
        that lies there, with your recipient.

        Problems: `no-capacity` (with what is free, and where else), `too-big`, `no-such-door`, `tracking-taken`,
        `locators-exhausted`, `bank-not-found`, `kind-unknown`, `size-class-unknown`, `feature-unknown`, `invalid`
        with the path of each field."""

        async def deed(tx: Tx) -> Reply:
            shown = await announce(tx, keyring, data)
            return Reply(201, shown, location=f"/v1/deliveries/{shown.id}")

        return await once(db, request, deed)

    return [announce_delivery]


def _changing(db: Database, keyring: Keyring) -> Sequence[ControllerRouterHandler]:
    @post(
        "/v1/deliveries/{delivery:uuid}/cancel",
        needs=Action.DELIVERIES_EDIT,
        tags=["deliveries"],
        status_code=200,
        responses={200: answer(DeliveryShown, "Called off after the deposit.", examples.RECALLING)},
    )
    async def cancel_delivery(
        request: Asking,
        delivery: FromPath[UUID],
        data: Annotated[CancelAsked, _examples(("Why", {"reason": "order cancelled"}))],
    ) -> Response[bytes]:
        """Call it off. Not yet deposited: it is `cancelled`. Deposited: it is `recalling`, its collect grant ends at
        once, and `grants.recall` opens its door; read that grant's code with `POST /v1/grants/{id}/reveal`.
        Cancelling again changes nothing. Problems `delivery-not-found`, `delivery-cancel-when-collected`,
        `delivery-cancel-when-returned`."""

        return await _changed(db, request, delivery, lambda tx: cancel(tx, keyring, delivery, reason=data.reason))

    @post(
        "/v1/deliveries/{delivery:uuid}/extend",
        needs=Action.DELIVERIES_EDIT,
        tags=["deliveries"],
        status_code=200,
        responses={200: answer(DeliveryShown, "With the new deadline.", examples.STORED)},
    )
    async def extend_delivery(
        request: Asking,
        delivery: FromPath[UUID],
        data: Annotated[ExtendAsked, _examples(("One more day", {"hours": 24}))],
    ) -> Response[bytes]:
        """Give the collector more time, from the deadline or from now, whichever is later. Only while it is `stored`
        or `overdue`, and not beyond what is perishable in it. Problems `delivery-not-found`, `delivery-perishable`,
        `delivery-extend-when-…`."""

        return await _changed(db, request, delivery, lambda tx: extend(tx, delivery, data.hours))

    return [cancel_delivery, extend_delivery, *_redirecting(db, keyring)]


def _redirecting(db: Database, keyring: Keyring) -> Sequence[ControllerRouterHandler]:
    @patch(
        "/v1/deliveries/{delivery:uuid}",
        needs=Action.DELIVERIES_READDRESS,
        tags=["deliveries"],
        responses={200: answer(DeliveryShown, "With its new recipient.", examples.STORED)},
    )
    async def change_delivery(
        request: Asking,
        delivery: FromPath[UUID],
        data: Annotated[ChangeAsked, _examples(("Somebody else collects it", examples.CHANGED))],
    ) -> Response[DeliveryShown]:
        """Change who collects it. The old code ends, the new recipient gets one of their own: by message once it is
        stored. For the same person nothing changes. Problems `delivery-not-found`, `delivery-readdress-when-…`,
        `shares-door` (more of the old recipient lies behind the same door), `invalid` with the path of each field,
        `step-up-needed`."""

        return await etags.edit(
            db,
            request,
            lambda tx: reading.get(tx, delivery),
            lambda tx: readdress(tx, keyring, delivery, data.recipient),
        )

    @post(
        "/v1/deliveries/{delivery:uuid}/reroute",
        needs=Action.DELIVERIES_EDIT,
        tags=["deliveries"],
        status_code=200,
        responses={200: answer(DeliveryShown, "Awaited at the other bank.", examples.ANNOUNCED)},
    )
    async def reroute_delivery(
        request: Asking,
        delivery: FromPath[UUID],
        data: Annotated[RerouteAsked, _examples(("Another bank", examples.REROUTE))],
    ) -> Response[bytes]:
        """Let it go through another bank. Not yet deposited: a place is promised there, the rights here end, and a
        courier who brings it here before the bank has heard of that leaves it here all the same. Deposited: it is
        `recalling`, and as soon as it is taken out with `grants.recall` it goes on as a new delivery at the other bank
        (event `delivery.goes_on`). Problems `delivery-not-found`, `bank-not-found`, `same-bank`,
        `delivery-reroute-when-…`, `no-capacity`, `too-big`, `no-such-door`, `locators-exhausted`."""

        where, why = data.bank, data.reason
        return await _changed(db, request, delivery, lambda tx: reroute(tx, keyring, delivery, where, reason=why))

    return [change_delivery, reroute_delivery]


async def _changed(
    db: Database, request: Asking, delivery: UUID, deed: Callable[[Tx], Awaitable[object]]
) -> Response[bytes]:
    """Do `deed` once, and show what has become of the delivery."""

    async def and_show(tx: Tx) -> Reply:
        await deed(tx)
        return Reply(200, await reading.get(tx, delivery))

    return await once(db, request, and_show)


def _kinds(db: Database) -> Sequence[ControllerRouterHandler]:
    @get(
        "/v1/delivery-kinds",
        needs=Action.CATALOGUE_READ,
        tags=["deliveries"],
        responses={
            200: answer(paging.Page[KindShown], "All of them, on one page.", {"items": [examples.KIND], "next": None})
        },
    )
    async def list_kinds(request: Asking) -> paging.Page[KindShown]:
        """Your kinds of delivery, by name. `parcel` is always there, with the bank's hours."""
        async with db.transaction(request.user.tenant) as tx:
            return paging.Page(await reading.kinds(tx), None)

    @get(
        "/v1/delivery-kinds/{name:str}",
        needs=Action.CATALOGUE_READ,
        tags=["deliveries"],
        responses={200: answer(KindShown, "The kind.", examples.KIND)},
    )
    async def get_kind(request: Asking, name: FromPath[str]) -> Response[KindShown]:
        """One of your kinds. Problem `kind-unknown`."""
        async with db.transaction(request.user.tenant) as tx:
            found = await _kind(tx, name)
        if found is None:
            raise NotFound("There is no such kind of delivery.", code="kind-unknown")
        return etags.respond(found)

    @put(
        "/v1/delivery-kinds/{name:str}",
        needs=Action.CATALOGUE_EDIT,
        tags=["deliveries"],
        responses={200: answer(KindShown, "The kind.", examples.KIND)},
    )
    async def put_kind(
        request: Asking,
        name: FromPath[str],
        data: Annotated[KindAsked, _examples(("Mail that waits for ten days", examples.KIND_ASKED))],
    ) -> Response[KindShown]:
        """Add a kind, or change its title and hours; deliveries under way keep theirs. Problem `kind-invalid`."""
        if not re.fullmatch(KIND_NAME, name):
            raise Invalid("A kind's name has 1 to 32 of a-z, 0-9 and -, and begins with a letter.", code="kind-invalid")
        async with db.transaction(request.user.tenant) as tx:
            await etags.hold(tx, request)
            etags.insist(request, await _kind(tx, name))
            await tx.run(tables.PUT_KIND, tx.tenant, name, data.title, data.hold_hours, data.collect_hours)
        return etags.respond(KindShown(name, data.title, data.hold_hours, data.collect_hours))

    return [list_kinds, get_kind, put_kind]


async def _kind(tx: Tx, name: str) -> KindShown | None:
    return next((kind for kind in await reading.kinds(tx) if kind.name == name), None)


def _examples(*shown: tuple[str, object]) -> Any:
    return Body(examples=[Example(summary=summary, value=value) for summary, value in shown])
