"""What another system's groups stand for here, said by admins."""

from collections.abc import Sequence
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from litestar import Request, get, put
from litestar.openapi.spec import Example
from litestar.params import Body, FromPath
from litestar.types import ControllerRouterHandler

from cranny.people.scim import groups
from cranny.people.scim.tables import GroupRow
from cranny.platform.auth import Principal
from cranny.platform.db import Database, Tx
from cranny.platform.keys import Keyring
from cranny.platform.permissions import Action, Role
from cranny.web.responses import answer

MOST: Final = 1000
ASKED: Final = {"role": "operator", "site": "019cadc6-9a80-7e34-8a5c-0c8a3c8b1d11"}
SHOWN: Final = {"id": "019cadc6-9a80-7c22-8d0e-2f5f6b1c5a10", "name": "Facility management", **ASKED, "members": 12}

Asking = Request[Principal, None, Any]


class GroupAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What members of the group are: `role` at `site`, or everywhere; nothing with null."""

    role: Role | None
    site: UUID | None = None


class GroupShown(msgspec.Struct, frozen=True):
    """A group of another system, and what its members are here."""

    id: UUID
    name: str
    role: Role | None
    site: UUID | None
    members: int
    """How many are in it."""


class GroupsShown(msgspec.Struct, frozen=True):
    """All groups that other systems have told."""

    items: list[GroupShown]


def routes(db: Database, keyring: Keyring) -> Sequence[ControllerRouterHandler]:
    @get(
        "/v1/scim-groups",
        needs=Action.SIGN_IN_READ,
        tags=["people"],
        responses={200: answer(GroupsShown, "All of them, 1000 at most.", {"items": [SHOWN]})},
    )
    async def list_scim_groups(request: Asking) -> GroupsShown:
        """The groups of another system (SCIM), and the roles that they stand for here."""
        async with db.transaction(request.user.tenant) as tx:
            found = await groups.every(tx, MOST)
            return GroupsShown([await _shown(tx, row) for row in found])

    @put(
        "/v1/scim-groups/{group:uuid}",
        needs=Action.SIGN_IN_EDIT,
        tags=["people"],
        responses={200: answer(GroupShown, "The group, with what it stands for now.", SHOWN)},
    )
    async def set_scim_group(
        request: Asking,
        group: FromPath[UUID],
        data: Annotated[GroupAsked, Body(examples=[Example(summary="Operators of a site", value=ASKED)])],
    ) -> GroupShown:
        """Say what a group stands for: its members are that from now on. Problems `group-not-found`,
        `site-not-found`, `role-refused`, `last-admin`, `step-up-needed`."""
        async with db.transaction(request.user.tenant) as tx:
            row = await groups.stand_for(tx, keyring, group, data.role, data.site, by=request.user.who)
            return await _shown(tx, row)

    return [list_scim_groups, set_scim_group]


async def _shown(tx: Tx, row: GroupRow) -> GroupShown:
    inside = (await groups.members(tx, [row.id])).get(row.id, [])
    return GroupShown(row.id, row.name, row.role, row.site, len(inside))
