"""SCIM 2.0 over HTTP, at `/scim/v2`: users, groups, and what it says of itself."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

import msgspec
from litestar import Request, Response, delete, get, patch, post, put
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler
from scim2_models import (
    Context,
    InvalidSyntaxException,
    NotFoundException,
    NotImplementedException,
    PatchOp,
    Resource,
    ResourceType,
    Schema,
    ScimFilter,
    SearchRequest,
)

from cranny.people.scim import answering, groups, tables, users
from cranny.people.scim.models import CONFIG, MOST, PROVIDER, Group, User
from cranny.people.scim.tables import GroupRow, UserRow
from cranny.platform import rows
from cranny.platform.auth import Principal
from cranny.platform.db import Database, Tx
from cranny.platform.keys import Keyring
from cranny.platform.permissions import Action

ROOT: Final = answering.ROOT
KINDS: Final = ("Users", "Groups")
EVERY: Final = 50_000
"""So many are looked at for a filter that the database does not answer."""

Asked = Request[Principal, None, Any]


def routes(db: Database, keyring: Keyring) -> Sequence[ControllerRouterHandler]:
    kinds = (_users(keyring), _groups(keyring))
    return [*_about(), *(route for kind in kinds for route in _kind(db, kind))]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of resource: how it is called, found, shown and changed."""

    name: str
    model: Any
    patch: Any
    search: Any
    row: Any
    get: Callable[..., Awaitable[Any]]
    show: Callable[[Tx, Sequence[Any], str], Awaitable[list[Any]]]
    add: Callable[[Tx, Any, str], Awaitable[Any]]
    change: Callable[[Tx, Any, Any, str], Awaitable[Any]]
    drop: Callable[[Tx, Any, str], Awaitable[None]]
    page: str
    count: str
    by: dict[str, str]
    """Statements that answer `<attribute> eq "…"`."""


def _users(keyring: Keyring) -> Kind:
    async def show(tx: Tx, found: Sequence[UserRow], base: str) -> list[User]:
        of = await users.groups_of(tx, [row.id for row in found])
        return [answering.show_user(row, of.get(row.id, []), base) for row in found]

    return Kind(
        "Users",
        User,
        PatchOp[User],
        SearchRequest[User],
        UserRow,
        users.get,
        show,
        lambda tx, given, by: users.add(tx, keyring, given, by=by),
        lambda tx, before, given, by: users.change(tx, keyring, before, given, by=by),
        lambda tx, before, by: users.drop(tx, before, by=by),
        tables.USERS,
        tables.COUNT_USERS,
        {"username": tables.BY_NAME, "externalid": tables.BY_EXTERNAL},
    )


def _groups(keyring: Keyring) -> Kind:
    async def show(tx: Tx, found: Sequence[GroupRow], base: str) -> list[Group]:
        of = await groups.members(tx, [row.id for row in found])
        return [answering.show_group(row, of.get(row.id, []), base) for row in found]

    return Kind(
        "Groups",
        Group,
        PatchOp[Group],
        SearchRequest[Group],
        GroupRow,
        groups.get,
        show,
        lambda tx, given, by: groups.add(tx, keyring, given, by=by),
        lambda tx, before, given, by: groups.change(tx, keyring, before, given, by=by),
        lambda tx, before, by: groups.drop(tx, keyring, before, by=by),
        tables.GROUPS,
        tables.COUNT_GROUPS,
        {"displayname": tables.GROUP_BY_NAME, "externalid": tables.GROUP_BY_EXTERNAL},
    )


def _said() -> dict[str, Any]:
    """What each operation says of itself. They are in SCIM's own description, not in ours."""
    return {
        "needs": Action.PEOPLE_PROVISION,
        "include_in_schema": False,
        "exception_handlers": answering.HANDLERS,
    }


def _kind(db: Database, kind: Kind) -> list[ControllerRouterHandler]:
    return [*_look(db, kind), _make(db, kind), *_edit(db, kind)]


def _look(db: Database, kind: Kind) -> list[ControllerRouterHandler]:
    @get(f"{ROOT}/{kind.name}", **_said())
    async def find(request: Asked) -> Response[bytes]:
        """A page, filtered where that is asked for."""
        asked = _said_of(kind, request)
        start = (asked.start_index or 1) - 1
        part = slice(start, start + min(_or(asked.count, MOST), MOST))
        async with db.transaction(request.user.tenant) as tx:
            shown, total = await _found(tx, kind, asked.filter, part, answering.base(request))
        return answering.page(kind.model, shown, total, start + 1, asked)

    @get(f"{ROOT}/{kind.name}/{{resource:str}}", **_said())
    async def read(request: Asked, resource: FromPath[str]) -> Response[bytes]:
        async with db.transaction(request.user.tenant) as tx:
            row = await kind.get(tx, _id(resource))
            (shown,) = await kind.show(tx, [row], answering.base(request))
        if request.headers.get("if-none-match") == shown.meta.version:
            return Response(b"", status_code=HTTPStatus.NOT_MODIFIED, headers={"ETag": shown.meta.version})
        return answering.resource(shown, Context.RESOURCE_QUERY_RESPONSE, wanted=_said_of(kind, request))

    return [find, read]


def _said_of(kind: Kind, request: Asked) -> Any:
    """What the address asks for."""
    names = ("filter", "startIndex", "count", "attributes", "excludedAttributes", "sortBy", "sortOrder")
    said = {name: request.query_params[name] for name in names if name in request.query_params}
    return kind.search.model_validate(said, scim_ctx=Context.SEARCH_REQUEST)


async def _found(tx: Tx, kind: Kind, wanted: ScimFilter[Any] | None, part: slice, base: str) -> tuple[list[Any], int]:
    """(those of the page, how many there are in all)."""
    if wanted is None:
        total = await tx.value(kind.count, tx.tenant)
        found = rows.every(kind.row, await tx.all(kind.page, tx.tenant, part.stop - part.start, part.start))
        return await kind.show(tx, found, base), total
    attribute, value = _equals(wanted)
    if attribute in kind.by:
        found = rows.every(kind.row, await tx.all(kind.by[attribute], tx.tenant, value))
    else:
        found = rows.every(kind.row, await tx.all(kind.page, tx.tenant, EVERY, 0))
    matching = [one for one in await kind.show(tx, found, base) if wanted.match(one)]
    return matching[part], len(matching)


def _or(asked: int | None, usual: int) -> int:
    return usual if asked is None else asked


def _equals(wanted: ScimFilter[Any]) -> tuple[str, str]:
    """(attribute, value) of `attribute eq "value"`; empty for any other filter."""
    match str(wanted).split(maxsplit=2):
        case [attribute, word, quoted] if word.lower() == "eq" and quoted[:1] == quoted[-1:] == '"':
            try:
                return attribute.rpartition(":")[2].lower(), msgspec.json.decode(quoted, type=str)
            except msgspec.DecodeError:
                return "", ""
    return "", ""


def _make(db: Database, kind: Kind) -> ControllerRouterHandler:
    @post(f"{ROOT}/{kind.name}", status_code=201, **_said())
    async def make(request: Asked) -> Response[bytes]:
        """Twice the same is a conflict: its name is what makes it once."""
        given = kind.model.model_validate(await _body(request), scim_ctx=Context.RESOURCE_CREATION_REQUEST)
        async with db.transaction(request.user.tenant) as tx:
            row = await kind.add(tx, given, request.user.who)
            (shown,) = await kind.show(tx, [row], answering.base(request))
        return answering.resource(shown, Context.RESOURCE_CREATION_RESPONSE, status=201)

    return make


def _edit(db: Database, kind: Kind) -> list[ControllerRouterHandler]:
    @put(f"{ROOT}/{kind.name}/{{resource:str}}", **_said())
    async def replace(request: Asked, resource: FromPath[str]) -> Response[bytes]:
        body = await _body(request)
        given: Resource[Any] = kind.model.model_validate(body, scim_ctx=Context.RESOURCE_REPLACEMENT_REQUEST)

        def edit(before: Resource[Any]) -> Resource[Any]:
            given.replace(before)
            return given

        return await _edited(db, kind, request, _id(resource), (edit, Context.RESOURCE_REPLACEMENT_RESPONSE))

    @patch(f"{ROOT}/{kind.name}/{{resource:str}}", **_said())
    async def change(request: Asked, resource: FromPath[str]) -> Response[bytes]:
        op = kind.patch.model_validate(await _body(request), scim_ctx=Context.RESOURCE_PATCH_REQUEST)

        def edit(before: Resource[Any]) -> Resource[Any]:
            op.patch(before)
            return before

        return await _edited(db, kind, request, _id(resource), (edit, Context.RESOURCE_PATCH_RESPONSE))

    @delete(f"{ROOT}/{kind.name}/{{resource:str}}", **_said())
    async def drop(request: Asked, resource: FromPath[str]) -> None:
        async with db.transaction(request.user.tenant) as tx:
            row = await kind.get(tx, _id(resource), hold=True)
            (shown,) = await kind.show(tx, [row], answering.base(request))
            answering.insist(request, shown)
            await kind.drop(tx, row, request.user.who)

    return [replace, change, drop]


async def _edited(
    db: Database,
    kind: Kind,
    request: Asked,
    id_: UUID,
    how: tuple[Callable[[Resource[Any]], Resource[Any]], Context],
) -> Response[bytes]:
    base = answering.base(request)
    async with db.transaction(request.user.tenant) as tx:
        row = await kind.get(tx, id_, hold=True)
        (before,) = await kind.show(tx, [row], base)
        answering.insist(request, before)
        after = await kind.change(tx, row, how[0](before), request.user.who)
        (shown,) = await kind.show(tx, [after], base)
    return answering.resource(shown, how[1], wanted=_said_of(kind, request))


def _about() -> list[ControllerRouterHandler]:
    @get(f"{ROOT}/ServiceProviderConfig", sync_to_thread=False, **_said())
    def config() -> Response[bytes]:
        return answering.resource(CONFIG, Context.RESOURCE_QUERY_RESPONSE)

    @get(f"{ROOT}/ResourceTypes", sync_to_thread=False, **_said())
    def resource_types() -> Response[bytes]:
        return answering.page(ResourceType, PROVIDER.resource_types, len(PROVIDER.resource_types), 1)

    @get(f"{ROOT}/ResourceTypes/{{resource:str}}", sync_to_thread=False, **_said())
    def resource_type(resource: FromPath[str]) -> Response[bytes]:
        return _one(PROVIDER.resource_types, resource)

    @get(f"{ROOT}/Schemas", sync_to_thread=False, **_said())
    def schemas() -> Response[bytes]:
        return answering.page(Schema, PROVIDER.schemas, len(PROVIDER.schemas), 1)

    @get(f"{ROOT}/Schemas/{{resource:str}}", sync_to_thread=False, **_said())
    def schema(resource: FromPath[str]) -> Response[bytes]:
        return _one(PROVIDER.schemas, resource)

    @get(f"{ROOT}/{{rest:path}}", sync_to_thread=False, **_said())
    def nothing() -> None:
        raise NotFoundException(detail="There is nothing at this address.")

    @post([f"{ROOT}/.search", *(f"{ROOT}/{kind}/.search" for kind in KINDS), f"{ROOT}/Bulk"], **_said())
    async def not_here() -> None:
        raise NotImplementedException(detail="Ask with GET and a filter, for one thing at a time.")

    return [not_here, config, resource_types, resource_type, schemas, schema, nothing]


def _one(every: Sequence[Resource[Any]], id_: str) -> Response[bytes]:
    for one in every:
        if id_ in (one.id, getattr(one, "name", None)):
            return answering.resource(one, Context.RESOURCE_QUERY_RESPONSE)
    raise NotFoundException(detail="There is no such thing.")


async def _body(request: Asked) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(await request.body())
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidSyntaxException(detail="The body is no JSON.") from error
    if not isinstance(found, dict):
        raise InvalidSyntaxException(detail="The body is no JSON object.")
    return found


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise NotFoundException(detail="There is no such resource.") from error
