"""Bringing people in by a CSV file: send it and look, then do it. The server keeps no file between the two: the page
that shows what would be done holds it, and sends it again."""

import base64
import binascii
from typing import Any, Final

import msgspec
from litestar import Response, get, post
from litestar.datastructures import FormMultiDict, UploadFile
from litestar.types import ControllerRouterHandler

from cranny import people
from cranny.core.errors import CrannyError, Invalid
from cranny.pages.operator.desk import Desk, Told
from cranny.pages.operator.persons import in_order, named, site_of
from cranny.platform.auth import Principal
from cranny.platform.permissions import Action, Role
from cranny.ui.admin import FlawLine, ImportView, ListLine

HOME: Final = "/people/imports"
MOST_SHOWN: Final = 200
MOST_BYTES: Final = 2 * people.LIST_MOST_BYTES
"""Of a form: a file that comes back from the page is a third longer."""


class Sent(msgspec.Struct, frozen=True):
    """A form that was read: the file, and what to do with it."""

    raw: bytes
    asked: people.ListAsked


def import_routes(desk: Desk) -> list[ControllerRouterHandler]:
    page = desk.page(Action.PEOPLE_PROVISION)

    @get(HOME, **page)
    async def ask(request: Told) -> Response[str]:
        return await _drawn(desk, request, {})

    @post(HOME, status_code=200, request_max_body_size=MOST_BYTES, **page)
    async def import_list(request: Told) -> Response[Any]:
        """Look at a file, or with `apply` follow it."""
        form = await request.form()
        values: dict[str, Any] = {name: str(form.get(name, "")) for name in ("name", "role", "site")}
        values |= {name: name in form for name in ("full", "invite")}
        try:
            sent = await _read(form, desk.who(request))
            return await _followed(desk, request, sent, values)
        except CrannyError as error:
            return await _drawn(desk, request, values, wrong=error.code)

    return [ask, import_list]


async def _followed(desk: Desk, request: Told, sent: Sent, values: dict[str, Any]) -> Response[str]:
    who = desk.who(request)
    sheet = await people.read_sheet(sent.raw, None)
    async with desk.db.transaction(who.tenant) as tx:
        report = await people.follow_list(tx, desk.keyring, sheet, sent.asked, by=who.who)
    kept = "" if report.done or report.wrong else base64.b64encode(sent.raw).decode()
    return await _drawn(desk, request, values | _shown(report), kept=kept)


async def _read(form: FormMultiDict, who: Principal) -> Sent:
    """Raises Invalid, codes `list-missing`, `list-too-long`, `list-name-invalid`; NotFound, code `site-not-found`."""
    file, kept = form.get("file"), form.get("kept")
    try:
        raw = await file.read() if isinstance(file, UploadFile) else base64.b64decode(str(kept or ""), validate=True)
    except binascii.Error as error:
        raise Invalid("The file came back broken: choose it again.", code="list-missing") from error
    if not raw:
        raise Invalid("Choose a file.", code="list-missing")
    if len(raw) > people.LIST_MOST_BYTES:  # the form may be longer than the file
        raise Invalid(f"A file has up to {people.LIST_MOST_BYTES} bytes: send it in parts.", code="list-too-long")
    name, role = str(form.get("name", "")), str(form.get("role", ""))
    if not people.is_list_name(name):
        raise Invalid("A list is called by small letters, digits and dashes.", code="list-name-invalid")
    if role and role not in tuple(Role):
        raise Invalid("There is no such role.", code="role-refused")
    return Sent(
        raw,
        people.ListAsked(
            name=name,
            apply="apply" in form,
            full="full" in form,
            invite="invite" in form,
            role=Role(role) if role else None,
            site=site_of(str(form.get("site", ""))),
            ending=_count(str(form.get("ending", ""))),
            admins=who.kind == "person",
        ),
    )


def _count(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) <= len("20000") else None


def _shown(report: people.ListReport) -> dict[str, Any]:
    return {
        "done": report.done,
        "lines": report.lines,
        "encoding": report.encoding,
        "guessed": report.encoding_guessed,
        "ignored": tuple(report.ignored),
        "counts": (report.created, report.changed, report.ended, report.unchanged),
        "wrong": report.wrong,
        "flaws": tuple(FlawLine(one.line, one.column, one.code, one.message) for one in report.flaws[:MOST_SHOWN]),
    }


async def _drawn(
    desk: Desk, request: Told, values: dict[str, Any], *, kept: str = "", wrong: str = ""
) -> Response[str]:
    who = desk.who(request)
    async with desk.db.transaction(who.tenant) as tx:
        places = in_order(await named(tx))
        lists = tuple(ListLine(row["name"], row["people"], row["followed"]) for row in await people.known_lists(tx))
    view = ImportView(tuple(Role), places, lists, kept=kept, **{k: v for k, v in values.items() if v != ""})
    return desk.draw(request, "imports.html", v=view, wrong=wrong, rooms=desk.rooms(who))
