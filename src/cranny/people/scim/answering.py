"""SCIM's own forms: resources with their places and versions, pages of them, and errors."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException
from litestar.types import ExceptionHandlersMap
from pydantic import ValidationError
from scim2_models import (
    Context,
    Error,
    GroupMembership,
    ListResponse,
    Meta,
    PreconditionFailedException,
    Resource,
    ResponseParameters,
    SCIMException,
)

from cranny.core.errors import CrannyError
from cranny.people.scim.models import Group, Member, User
from cranny.people.scim.tables import GroupRow, UserRow
from cranny.web import problems

MEDIA_TYPE: Final = "application/scim+json"
ROOT: Final = "/scim/v2"

Asked = Request[Any, Any, Any]


def show_user(row: UserRow, groups: Sequence[GroupRow], base: str) -> User:
    user = User.model_validate({**row.resource, "id": str(row.id)})
    user.user_name, user.external_id = row.user_name, row.external_id
    if groups:
        user.groups = [
            GroupMembership.model_validate(
                {"value": str(group.id), "$ref": f"{base}/Groups/{group.id}", "display": group.name, "type": "direct"}
            )
            for group in groups
        ]
    user.meta = _meta("User", f"{base}/Users/{row.id}", row.created, row.changed, user)
    return user


def show_group(row: GroupRow, members: Sequence[tuple[UUID, str]], base: str) -> Group:
    group = Group(id=str(row.id), display_name=row.name, external_id=row.external_id)
    if members:
        group.members = [
            Member.model_validate({"value": str(id_), "$ref": f"{base}/Users/{id_}", "type": "User"})
            for id_, _ in members
        ]
    group.meta = _meta("Group", f"{base}/Groups/{row.id}", row.created, row.changed, group)
    return group


def _meta(kind: str, location: str, created: datetime, changed: datetime, resource: Resource[Any]) -> Meta:
    version = hashlib.sha256(msgspec.json.encode(resource.model_dump(mode="json"))).hexdigest()[:32]
    return Meta(resource_type=kind, created=created, last_modified=changed, location=location, version=f'W/"{version}"')


def insist(request: Asked, shown: Resource[Any]) -> None:
    """Raises PreconditionFailedException where `If-Match` names another version."""
    asked = request.headers.get("if-match")
    version = shown.meta.version if shown.meta else None
    if asked is not None and "*" not in asked and version not in [tag.strip() for tag in asked.split(",")]:
        raise PreconditionFailedException(detail="It was changed since you read it.")


def resource(
    shown: Resource[Any], context: Context, *, status: int = 200, wanted: ResponseParameters[Any] | None = None
) -> Response[bytes]:
    """`wanted` says which attributes."""
    text = shown.model_dump_json(scim_ctx=context, response_parameters=wanted)
    headers = {}
    if shown.meta is not None and shown.meta.version and shown.meta.location:
        headers = {"ETag": shown.meta.version, "Location": str(shown.meta.location)}
    return Response(text.encode(), status_code=status, media_type=MEDIA_TYPE, headers=headers)


def page(
    kind: Any, shown: Sequence[Any], total: int, start: int, wanted: ResponseParameters[Any] | None = None
) -> Response[bytes]:
    made = ListResponse[kind](
        total_results=total, start_index=start, items_per_page=len(shown), resources=list(shown) or None
    )
    text = made.model_dump_json(scim_ctx=Context.RESOURCE_QUERY_RESPONSE, response_parameters=wanted)
    return Response(text.encode(), media_type=MEDIA_TYPE)


def base(request: Asked) -> str:
    return str(request.base_url).rstrip("/") + ROOT


def _error(status: int, detail: str, scim_type: str | None = None) -> Response[bytes]:
    made = Error(status=status, detail=detail, scim_type=scim_type)
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}  # noqa: PLR2004 - HTTP's own number
    return Response(made.model_dump_json().encode(), status_code=status, media_type=MEDIA_TYPE, headers=headers)


def _ours(request: Asked, error: Exception) -> Response[bytes]:
    told = problems.answer(request, error)
    said = msgspec.json.decode(told.content, type=problems.Problem)
    return _error(said.status, f"{said.detail} ({said.code})")


def _theirs(_: Asked, error: SCIMException) -> Response[bytes]:
    made = error.to_error()
    return _error(int(made.status or 400), made.detail or "", made.scim_type)


def _unfit(_: Asked, error: ValidationError) -> Response[bytes]:
    made = Error.from_validation_error(error.errors()[0])
    return _error(int(made.status or 400), made.detail or "This does not fit.", made.scim_type)


HANDLERS: Final[ExceptionHandlersMap] = {
    CrannyError: _ours,
    HTTPException: _ours,
    SCIMException: _theirs,
    ValidationError: _unfit,
    Exception: _ours,
}
"""Errors in SCIM's form (RFC 7644, 3.12)."""
