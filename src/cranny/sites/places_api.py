"""Sites over HTTP, and what sites and banks are called."""

from collections.abc import Sequence
from typing import Annotated, Any, Final
from uuid import UUID

from litestar import Request, Response, get, patch
from litestar.openapi.spec import Example
from litestar.params import Body, FromPath, FromQuery, QueryParameter
from litestar.types import ControllerRouterHandler

from cranny.platform import etags, paging
from cranny.platform.auth import Principal
from cranny.platform.db import Database
from cranny.platform.permissions import Action
from cranny.sites import api_examples as examples
from cranny.sites import banks, places
from cranny.sites.places import BankChange, Site, SiteChange
from cranny.web.responses import answer

LISTING: Final = "sites"

Asking = Request[Principal, None, Any]
Limit = Annotated[int, QueryParameter(ge=1, le=paging.MOST)]


def routes(db: Database, cursors: paging.Cursors) -> Sequence[ControllerRouterHandler]:
    return [*_read(db, cursors), _change_site(db), _change_bank(db)]


def _read(db: Database, cursors: paging.Cursors) -> Sequence[ControllerRouterHandler]:
    @get(
        "/v1/sites",
        needs=Action.BANKS_READ,
        narrows=True,
        tags=["banks"],
        responses={200: answer(paging.Page[Site], "A page.", examples.SITES)},
    )
    async def list_sites(
        request: Asking, after: FromQuery[str | None] = None, limit: Limit = paging.LIMIT
    ) -> Response[paging.Page[Site]]:
        """The tenant's sites, in the order they were added. A site comes with its first bank, whose file names it. With
        a role for some sites only: those."""
        tenant = request.user.tenant
        place = UUID(cursors.read(tenant, LISTING, after)[0]) if after else None
        async with db.transaction(tenant) as tx:
            at = request.user.rights.may(Action.BANKS_READ).where
            found = await places.list_sites(tx, after=place, limit=limit + 1, at=at)
        page = paging.page(found, limit, lambda site: cursors.make(tenant, LISTING, [str(site.id)]))
        return paging.respond(request, page)

    @get(
        "/v1/sites/{site:uuid}",
        needs=Action.BANKS_READ,
        tags=["banks"],
        responses={200: answer(Site, "The site.", examples.SITE)},
    )
    async def get_site(request: Asking, site: FromPath[UUID]) -> Response[Site]:
        """One site, with the `ETag` that an edit can name. Roles are given at a site by its `id`. Problem
        `site-not-found`."""
        async with db.transaction(request.user.tenant) as tx:
            return etags.respond(await places.get_site(tx, site))

    return [list_sites, get_site]


def _change_site(db: Database) -> ControllerRouterHandler:
    @patch(
        "/v1/sites/{site:uuid}",
        needs=Action.BANKS_EDIT,
        tags=["banks"],
        responses={200: answer(Site, "The site as it is now.", examples.SITE)},
    )
    async def change_site(
        request: Asking,
        site: FromPath[UUID],
        data: Annotated[SiteChange, Body(examples=[Example(summary="Another name", value=examples.SITE_CHANGE)])],
    ) -> Response[Site]:
        """Change a site's name or time zone; what is left out stays. Its banks keep their own time zones. The event
        `site.changed` tells of it. A bank's file that goes on to name the site as it was called before makes a new one.

        Problems: `site-not-found`, `site-name-taken`, `name-invalid`, `timezone-invalid`, `changed-meanwhile`."""
        return await etags.edit(
            db,
            request,
            lambda tx: places.get_site(tx, site, hold=True),
            lambda tx: places.change_site(tx, site, data, by=request.user.who),
        )

    return change_site


def _change_bank(db: Database) -> ControllerRouterHandler:
    @patch(
        "/v1/banks/{bank:uuid}",
        needs=Action.BANKS_EDIT,
        tags=["banks"],
        responses={200: answer(banks.Bank, "The bank as it is now.", examples.BANK)},
    )
    async def change_bank(
        request: Asking,
        bank: FromPath[UUID],
        data: Annotated[BankChange, Body(examples=[Example(summary="Another name", value=examples.BANK_CHANGE)])],
    ) -> Response[banks.Bank]:
        """Change what a bank is called; what is left out stays. Screens and messages say it from then on, and its own
        screen as soon as it is in reach. The event `bank.changed` tells of it.

        Problems: `bank-not-found`, `name-invalid`, `changed-meanwhile`."""
        return await etags.edit(
            db,
            request,
            lambda tx: places.held_bank(tx, bank),
            lambda tx: places.change_bank(tx, bank, data, by=request.user.who),
        )

    return change_bank
