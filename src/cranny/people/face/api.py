"""The face check over HTTP: whether a tenant allows it, and a person's own face. What ends it always works."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from litestar import Request, Response, delete, get, put
from litestar.openapi.spec import Example
from litestar.params import Body, FromPath
from litestar.types import ControllerRouterHandler
from msgspec import Meta

from cranny.core.errors import Invalid
from cranny.people.face import templates
from cranny.people.face.checks import FaceCheck
from cranny.people.face.templates import Faces
from cranny.platform import etags
from cranny.platform.auth import Principal
from cranny.platform.db import Database, Tx
from cranny.platform.permissions import Action
from cranny.web.responses import answer

MOST_BYTES: Final = 4 * 1024 * 1024
MOST_PICTURES: Final = 8
PERSON: Final = "019cadc6-9a80-7f00-9d0e-2f5f6b1c5a10"
WHY: Final = "No liveness check that works offline was seen to stop a printed photograph; see docs/face.md."
SHOWN: Final = {"possible": False, "why_not": WHY, "on": False, "since": None, "by": "", "people": 0}
FACE: Final = {"person": PERSON, "since": "2026-03-02T09:00:00Z"}
ASKED: Final = {"agree": True, "pictures": ["/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAEB"]}

Asking = Request[Principal, None, Any]


class FaceCheckShown(msgspec.Struct, frozen=True):
    """`possible`: this server can; `why_not` says what is missing. `on`: the tenant allows it, `since` then, `by` whom.
    Of so many `people` a template is kept."""

    possible: bool
    why_not: str
    on: bool
    since: datetime | None
    by: str
    people: int


class FaceCheckAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether the tenant allows the check of faces. Switched off, every template is erased."""

    on: bool
    """Whether the tenant allows it."""


class FaceAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`agree`: the person agrees that a template of their face is kept to recognize them at the kiosk, and knows that
    they need not and may end it at any time. `pictures` of one sitting, JPEG or PNG in base64."""

    agree: bool
    pictures: Annotated[list[bytes], Meta(min_length=1, max_length=MOST_PICTURES)]

    def __repr__(self) -> str:
        """Without the pictures, wherever it is printed."""
        return "FaceAsked(…)"


class FaceShown(msgspec.Struct, frozen=True):
    """A template of this person's face is kept."""

    person: UUID
    """The person's id."""
    since: datetime


def routes(faces: Faces) -> Sequence[ControllerRouterHandler]:
    return [*_tenant(faces.db, faces.check), *_person(faces)]


def _tenant(db: Database, check: FaceCheck) -> list[ControllerRouterHandler]:
    @get(
        "/v1/privacy/face-check",
        needs=Action.PRIVACY_READ,
        tags=["privacy"],
        responses={200: answer(FaceCheckShown, "What holds.", SHOWN)},
    )
    async def get_face_check(request: Asking) -> Response[FaceCheckShown]:
        """Whether faces may be a second thing beside a code here, and if not, why."""
        async with db.transaction(request.user.tenant) as tx:
            return etags.respond(await _shown(tx, check))

    @put(
        "/v1/privacy/face-check",
        needs=Action.PRIVACY_EDIT,
        tags=["privacy"],
        responses={200: answer(FaceCheckShown, "From now on.", SHOWN)},
    )
    async def put_face_check(
        request: Asking,
        data: Annotated[FaceCheckAsked, Body(examples=[Example(summary="End it", value={"on": False})])],
    ) -> Response[FaceCheckShown]:
        """Allow people to enrol their faces, or end it: then every template is erased. Ending it always works.

        Problems: `face-check-off`: it can't be allowed, and `detail` says why; `step-up-needed`."""

        async def deed(tx: Tx) -> None:
            if data.on:
                await templates.allow(tx, check, by=request.user.who)
            else:
                await templates.end(tx, by=request.user.who)

        return await etags.edit(db, request, lambda tx: _shown(tx, check), deed)

    return [get_face_check, put_face_check]


def _person(faces: Faces) -> list[ControllerRouterHandler]:
    @put(
        "/v1/people/{person:uuid}/face",
        needs=Action.FACE_ENROL,
        tags=["privacy"],
        request_max_body_size=MOST_BYTES,
        responses={200: answer(FaceShown, "It is kept.", FACE)},
    )
    async def enrol_face(
        request: Asking,
        person: FromPath[UUID],
        data: Annotated[FaceAsked, Body(examples=[Example(summary="One picture, cut short", value=ASKED)])],
    ) -> FaceShown:
        """Enrol one's own face, which nobody can do for somebody else. A template of 128 numbers is kept, sealed; the
        pictures are not. It never opens a door: the code does, with or without it.

        Problems: `face-check-off`: this server can't, and `detail` says why; `face-check-not-allowed`;
        `face-not-agreed`; `face-refused`, with `flaw`; `person-not-found`, `step-up-needed`."""
        if not data.agree:
            raise Invalid("A face is kept only of who agrees to it.", code="face-not-agreed")
        who = request.user
        since = await faces.enrol(who.tenant, person, data.pictures, by=who.who)
        return FaceShown(person, since)

    @delete("/v1/people/{person:uuid}/face", needs=Action.FACE_FORGET, tags=["privacy"])
    async def forget_face(request: Asking, person: FromPath[UUID]) -> None:
        """Erase the template of a face, one's own or as an admin anybody's; also where there is none. It always works.
        Problem `person-not-found`."""
        async with faces.db.transaction(request.user.tenant) as tx:
            await templates.forget(tx, person, by=request.user.who)

    return [enrol_face, forget_face]


async def _shown(tx: Tx, check: FaceCheck) -> FaceCheckShown:
    row, people = await templates.allowed(tx), await templates.how_many(tx)
    why = check.why_off
    return FaceCheckShown(
        why is None, why or "", row is not None, row.since if row else None, row.by if row else "", people
    )
