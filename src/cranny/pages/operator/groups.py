"""What the groups of another system (SCIM) stand for here."""

from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from cranny import people
from cranny.core.errors import CrannyError, NotFound
from cranny.pages.operator.desk import Desk, Told
from cranny.pages.operator.persons import in_order, named, site_of
from cranny.platform.permissions import Action, Role
from cranny.ui.admin import GroupLine, GroupsView

HOME: Final = "/groups"
MOST: Final = 1000


class Stands(msgspec.Struct, frozen=True):
    """No role: its members are nothing by it."""

    role: Role | None = None
    site: str = ""


def group_routes(desk: Desk) -> list[ControllerRouterHandler]:
    @get(HOME, **desk.page(Action.SIGN_IN_READ))
    async def listed(request: Told) -> Response[str]:
        return await _drawn(desk, request)

    @post(f"{HOME}/{{group:uuid}}", status_code=200, **desk.page(Action.SIGN_IN_EDIT))
    async def set_group(
        request: Told,
        group: FromPath[UUID],
        data: Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)],
    ) -> Response[Any]:
        who, groups = desk.who(request), people.scim_groups()
        if groups is None:
            raise NotFound("There is no such group.", code="group-not-found")
        try:
            wanted = msgspec.convert({key: value for key, value in data.items() if value}, Stands)
            async with desk.db.transaction(who.tenant) as tx:
                await groups.stand_for(tx, desk.keyring, group, wanted.role, site_of(wanted.site), by=who.who)
        except (CrannyError, msgspec.ValidationError) as error:
            code = getattr(error, "code", "did-not-fit")
            if code == "group-not-found":
                raise
            return await _drawn(desk, request, wrong=code)
        return Redirect(HOME, status_code=303)

    return [listed, set_group]


async def _drawn(desk: Desk, request: Told, *, wrong: str = "") -> Response[str]:
    who, groups = desk.who(request), people.scim_groups()
    lines: list[GroupLine] = []
    async with desk.db.transaction(who.tenant) as tx:
        places = await named(tx)
        found = [] if groups is None else await groups.every(tx, MOST)
        inside = {} if groups is None else await groups.members(tx, [row.id for row in found])
        for row in found:
            of = len(inside.get(row.id, ()))
            lines.append(GroupLine(str(row.id), row.name, of, row.role or "", str(row.site or "")))
    edits = bool(who.rights.may(Action.SIGN_IN_EDIT))
    view = GroupsView(tuple(lines), tuple(Role), in_order(places), may_edit=edits, known=groups is not None)
    return desk.draw(request, "groups.html", v=view, wrong=wrong, rooms=desk.rooms(who))
