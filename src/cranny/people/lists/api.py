"""Lists of people over HTTP: looked at first, then followed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.openapi.spec import Example, OpenAPIMediaType, Operation, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIType
from litestar.params import QueryParameter
from litestar.types import ControllerRouterHandler

from cranny.core.errors import Invalid
from cranny.people.lists.following import NAME, Asked, Report, follow, lists, read_sheet
from cranny.people.lists.reading import MOST_BYTES, Encoding
from cranny.platform.auth import Principal
from cranny.platform.db import Database, Tx
from cranny.platform.idempotency import Reply, once
from cranny.platform.keys import Keyring
from cranny.platform.permissions import Action, Role
from cranny.web.responses import answer

CSV: Final = "external_id;email;name;role;site;unit;until\n4711;ada@example.org;Ada Example;resident;Hall;12 B;\n"
PERSON: Final = "019cadc6-9a80-7f00-9d0e-2f5f6b1c5a10"
REPORT: Final = {
    "done": False,
    "name": "residents",
    "lines": 3,
    "encoding": "utf-8",
    "encoding_guessed": False,
    "delimiter": ";",
    "columns": ["external_id", "email", "name", "role", "site", "unit", "until"],
    "ignored": ["Parking"],
    "created": 1,
    "changed": 0,
    "ended": 1,
    "unchanged": 0,
    "wrong": 1,
    "flaws": [
        {
            "line": 4,
            "column": "role",
            "code": "role-unknown",
            "message": "There is no such role. There are: admin, operator, …",
        }
    ],
    "people": [
        {"line": 2, "outcome": "created", "person": PERSON, "what": []},
        {"line": 3, "outcome": "ended", "person": "019cadc6-9a80-7f00-9d0e-2f5f6b1c5a11", "what": []},
    ],
}
LISTS: Final = {
    "items": [
        {"name": "residents", "followed": "2026-03-02T09:00:00Z", "by": f"persons/{PERSON}", "people": 240},
    ]
}


class ListShown(msgspec.Struct, frozen=True):
    """`people` are in it now; it was `followed` last at that moment, `by` whom."""

    name: str
    """The name of the list."""
    followed: datetime
    by: str
    people: int


class ListsShown(msgspec.Struct, frozen=True):
    """All lists that were ever followed."""

    items: list[ListShown]


@dataclass
class CsvOperation(Operation):
    """The body is a file, which the framework does not describe."""

    request_body: RequestBody | None = field(
        default_factory=lambda: RequestBody(
            description="A CSV file, up to 8 MiB and 20,000 lines. Its first line names the columns.",
            required=True,
            content={
                "text/csv": OpenAPIMediaType(
                    schema=Schema(type=OpenAPIType.STRING, min_length=1),
                    examples={"residents": Example(summary="Residents", value=CSV)},
                )
            },
        )
    )


Name = Annotated[
    str,
    QueryParameter(
        name="list",
        pattern=NAME,
        description="Which one: it takes back what it gave.",
    ),
]
Apply = Annotated[bool, QueryParameter(description="Do it. Otherwise the answer says what would be done.")]
Full = Annotated[bool, QueryParameter(description="Everybody is in this file: who is not in it any more is out.")]
Invite = Annotated[bool, QueryParameter(description="Send those who are new a link to sign in.")]
AsRole = Annotated[Role | None, QueryParameter(name="role", description="Of every line that names none.")]
AtSite = Annotated[UUID | None, QueryParameter(name="site", description="Of every line that names none.")]
Written = Annotated[Encoding | None, QueryParameter(description="Of the file, where it can't be told from it.")]
Ending = Annotated[
    int | None,
    QueryParameter(ge=0, description="How many may be missing from a full list, if more than ten."),
]


def routes(db: Database, keyring: Keyring) -> Sequence[ControllerRouterHandler]:
    return [_import(db, keyring), _lists(db)]


def _import(db: Database, keyring: Keyring) -> ControllerRouterHandler:
    @post(
        "/v1/people/imports",
        needs=Action.PEOPLE_PROVISION,
        tags=["people"],
        status_code=200,
        request_max_body_size=MOST_BYTES,
        operation_class=CsvOperation,
        responses={200: answer(Report, "What it came to, or would come to.", REPORT)},
    )
    async def import_people(
        request: Request[Principal, None, Any],
        *,
        name: Name = "default",
        apply: Apply = False,
        full: Full = False,
        invite: Invite = False,
        as_role: AsRole = None,
        at_site: AtSite = None,
        encoding: Written = None,
        ending: Ending = None,
    ) -> Response[bytes]:
        """Bring residents and staff in by a CSV file: look first, then send it again with `apply=true`. Every mistake
        is told with its line and column, and while there is one nothing is done. Sent again it changes nothing. A
        role that the list gave and that is not in it any more is taken back; who has none left has moved out.

        Columns: `external_id`, `email`, `name`, `phone`, `language`, `role`, `site`, `unit`, `until`. A key needs the
        scope `people:provision`, and makes no admins. Problems: `list-empty`, `list-too-long`, `list-unreadable`,
        `list-heading`, `list-flawed`, `too-many-missing`, `role-refused`, `site-not-found`, `last-admin`,
        `not-csv`, `step-up-needed`."""
        _insist_on_csv(request.headers.get("content-type", ""))
        admins = request.user.kind == "person"
        asked = Asked(name, apply, full, invite, as_role, at_site, encoding, ending, admins)
        sheet = await read_sheet(await request.body(), encoding)

        async def deed(tx: Tx) -> Reply:
            return Reply(200, await follow(tx, keyring, sheet, asked, by=request.user.who))

        return await once(db, request, deed)

    return import_people


def _lists(db: Database) -> ControllerRouterHandler:
    @get(
        "/v1/people/imports",
        needs=Action.PEOPLE_PROVISION,
        tags=["people"],
        responses={200: answer(ListsShown, "Every list.", LISTS)},
    )
    async def list_people_lists(request: Request[Principal, None, Any]) -> ListsShown:
        """The lists that were followed, and how many people are in each."""
        async with db.transaction(request.user.tenant) as tx:
            return ListsShown([msgspec.convert(dict(row), ListShown) for row in await lists(tx)])

    return list_people_lists


def _insist_on_csv(kind: str) -> None:
    if kind.partition(";")[0].strip().lower() not in {"text/csv", "text/plain", "application/octet-stream"}:
        raise Invalid("Send the file itself as the body, with Content-Type: text/csv.", code="not-csv")
