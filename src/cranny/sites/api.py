"""Banks, their doors, capacity and policy, and the tenant's size classes over HTTP."""

from collections.abc import Sequence
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post, put
from litestar.openapi.spec import Example
from litestar.params import Body, FromPath, FromQuery, QueryParameter
from litestar.types import ControllerRouterHandler

from cranny.core.errors import Invalid
from cranny.platform import etags, paging
from cranny.platform.auth import Principal
from cranny.platform.db import Database, Tx
from cranny.platform.idempotency import Reply, once
from cranny.platform.permissions import Action
from cranny.sites import api_examples as examples
from cranny.sites import banks, classes, layout, stock
from cranny.sites.policy import BankPolicy
from cranny.sites.shapes import BankFile, Millimetres
from cranny.web.responses import answer
from cranny.wire.allocation import Size

LISTING: Final = "banks"
YAML: Final = frozenset({"application/yaml", "application/x-yaml", "text/yaml"})

Asking = Request[Principal, None, Any]
Limit = Annotated[int, QueryParameter(ge=1, le=paging.MOST)]


class SizeClassAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Inner sides in mm."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=20, pattern=r"^\S(.*\S)?\Z")]
    width: Millimetres
    height: Millimetres
    depth: Millimetres


def routes(db: Database, cursors: paging.Cursors) -> Sequence[ControllerRouterHandler]:
    """Every route of this room."""
    return [*_banks(db, cursors), *_one_bank(db), *_inside(db), *_size_classes(db)]


def _banks(db: Database, cursors: paging.Cursors) -> Sequence[ControllerRouterHandler]:
    @post(
        "/v1/banks",
        needs=Action.BANKS_EDIT,
        tags=["banks"],
        operation_class=examples.AddBank,
        responses={201: answer(banks.Bank, "The bank, ready for its controller to enrol.", examples.BANK)},
    )
    async def add_bank(request: Asking) -> Response[bytes]:
        """Add a bank from its file: YAML with the content type `application/yaml`, or the same shape as JSON.
        A problem `bank-file-invalid` lists every mistake under `errors`, with its line or path."""
        file = read_bank(await request.body(), request.headers.get("content-type", ""))

        async def deed(tx: Tx) -> Reply:
            bank = await banks.add_bank(tx, file)
            return Reply(201, bank, location=f"/v1/banks/{bank.id}")

        return await once(db, request, deed)

    @get(
        "/v1/banks",
        needs=Action.BANKS_READ,
        narrows=True,
        tags=["banks"],
        responses={200: answer(paging.Page[banks.Bank], "A page.", examples.BANKS)},
    )
    async def list_banks(
        request: Asking, after: FromQuery[str | None] = None, limit: Limit = paging.LIMIT
    ) -> Response[paging.Page[banks.Bank]]:
        """The tenant's banks, in the order they were added. With a role for some sites only: the banks there."""
        tenant = request.user.tenant
        place = UUID(cursors.read(tenant, LISTING, after)[0]) if after else None
        async with db.transaction(tenant) as tx:
            at = request.user.rights.may(Action.BANKS_READ).where
            found = await banks.list_banks(tx, after=place, limit=limit + 1, at=at)
        page = paging.page(found, limit, lambda bank: cursors.make(tenant, LISTING, [str(bank.id)]))
        return paging.respond(request, page)

    return [add_bank, list_banks]


def _one_bank(db: Database) -> Sequence[ControllerRouterHandler]:
    @get(
        "/v1/banks/{bank:uuid}",
        needs=Action.BANKS_READ,
        tags=["banks"],
        responses={200: answer(banks.Bank, "The bank.", examples.BANK)},
    )
    async def get_bank(request: Asking, bank: FromPath[UUID]) -> Response[banks.Bank]:
        """One bank, with its policy and its towers from left to right, and the `ETag` that an edit can name. Problem
        `bank-not-found`."""
        async with db.transaction(request.user.tenant) as tx:
            return etags.respond(await banks.get_bank(tx, bank))

    @get(
        "/v1/banks/{bank:uuid}/policy",
        needs=Action.BANKS_READ,
        tags=["banks"],
        responses={200: answer(BankPolicy, "The policy.", examples.POLICY)},
    )
    async def get_policy(request: Asking, bank: FromPath[UUID]) -> Response[BankPolicy]:
        """The bank's policy, with the `ETag` that an edit can name. Problem `bank-not-found`."""
        async with db.transaction(request.user.tenant) as tx:
            return etags.respond((await banks.get_bank(tx, bank)).policy)

    @put(
        "/v1/banks/{bank:uuid}/policy",
        needs=Action.BANKS_EDIT,
        tags=["banks"],
        responses={200: answer(BankPolicy, "The policy as it is now.", examples.POLICY)},
    )
    async def put_policy(
        request: Asking,
        bank: FromPath[UUID],
        data: Annotated[BankPolicy, Body(examples=[Example(summary="A busy bank", value=examples.POLICY)])],
    ) -> Response[BankPolicy]:
        """Replace the policy; what is left out gets its default. The bank follows it as soon as it is in
        reach. Problem `policy-invalid` for limits that contradict each other."""
        async with db.transaction(request.user.tenant) as tx:
            await etags.hold(tx, request)
            etags.insist(request, (await banks.get_bank(tx, bank)).policy)
            await banks.set_policy(tx, bank, data)
        return etags.respond(data)

    return [get_bank, get_policy, put_policy]


def _inside(db: Database) -> Sequence[ControllerRouterHandler]:
    @get(
        "/v1/banks/{bank:uuid}/compartments",
        needs=Action.BANKS_READ,
        tags=["banks"],
        responses={200: answer(paging.Page[banks.DoorNow], "All of them, on one page.", examples.COMPARTMENTS)},
    )
    async def list_compartments(request: Asking, bank: FromPath[UUID]) -> paging.Page[banks.DoorNow]:
        """The bank's doors, tower by tower, and what the bank has last reported of them."""
        async with db.transaction(request.user.tenant) as tx:
            return paging.Page(await banks.list_doors(tx, bank), None)

    @get(
        "/v1/banks/{bank:uuid}/capacity",
        needs=Action.BANKS_READ,
        tags=["banks"],
        responses={200: answer(stock.Capacity, "As of now.", examples.CAPACITY)},
    )
    async def get_capacity(request: Asking, bank: FromPath[UUID]) -> stock.Capacity:
        """What is free, what is promised, and how many more of each size could be promised: a small thing may use
        a bigger door, and chilled doors are kept from what needs no cold. `forecast` is null as long as nobody
        forecasts for this bank. Problem `bank-not-found`."""
        async with db.transaction(request.user.tenant) as tx:
            return await stock.free_counts(tx, bank)

    return [list_compartments, get_capacity]


def _size_classes(db: Database) -> Sequence[ControllerRouterHandler]:
    @get(
        "/v1/size-classes",
        needs=Action.CATALOGUE_READ,
        tags=["size classes"],
        responses={200: answer(paging.Page[classes.SizeClass], "All of them, on one page.", examples.SIZE_CLASSES)},
    )
    async def list_size_classes(request: Asking) -> paging.Page[classes.SizeClass]:
        """The tenant's size classes, from the smallest to the largest."""
        async with db.transaction(request.user.tenant) as tx:
            return paging.Page(await classes.list_size_classes(tx), None)

    @post(
        "/v1/size-classes",
        needs=Action.CATALOGUE_EDIT,
        tags=["size classes"],
        responses={201: answer(classes.SizeClass, "The class.", examples.SIZE_CLASS)},
    )
    async def add_size_class(
        request: Asking,
        data: Annotated[SizeClassAsked, Body(examples=[Example(summary="Letters", value=examples.SIZE_CLASS_ASKED)])],
    ) -> Response[bytes]:
        """Add a size class. Compartments for which it is the largest that fits count as it from now on."""

        async def deed(tx: Tx) -> Reply:
            return Reply(201, await classes.add_size_class(tx, data.name, Size(data.width, data.height, data.depth)))

        return await once(db, request, deed)

    return [list_size_classes, add_size_class]


def read_bank(body: bytes, content_type: str) -> BankFile:
    """A bank file as it came over HTTP. Raises Invalid, codes `bank-file-invalid` and `body-unreadable`."""
    try:
        if content_type.partition(";")[0].strip().lower() in YAML:
            return layout.read_yaml(body.decode())
        return layout.read_json(msgspec.json.decode(body))
    except UnicodeDecodeError as error:
        raise Invalid("The file is not UTF-8; save it as such.", code="body-unreadable") from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise Invalid(
            f"This is not JSON ({error}). YAML needs the content type application/yaml.", code="body-unreadable"
        ) from error
