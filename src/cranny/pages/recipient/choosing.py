"""How somebody wants to be told: a page behind a link that works once, for people without an account.

Whoever holds the link is who it was sent to. It shows enough of an address to be known again, and no more. What makes
it a secret stands behind its #, where browsers send it to nobody: the page hands it in.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.datastructures import FormMultiDict
from litestar.types import ControllerRouterHandler

from cranny import outreach, people
from cranny.core.errors import CrannyError
from cranny.platform import directory, tenants
from cranny.platform.db import Database, Tx
from cranny.platform.feature import Parts
from cranny.platform.gate import refuse_foreign
from cranny.ui.models import View
from cranny.ui.pages import Pages
from cranny.ui.shelf import Shelf
from cranny.ui.words import choose
from cranny.web.openapi import PUBLIC

TEMPLATES: Final = Path(__file__).parent / "templates"
HTML: Final = "text/html"
HOW: Final = "own page"
EVENING: Final = "22:00"
MORNING: Final = "07:00"
_OPEN: Final = {PUBLIC: True}

Told = Request[Any, Any, Any]


class Way(View, frozen=True):
    """A channel, the address it goes to as far as it is shown, and whether it is used."""

    name: str
    to: str
    used: bool


class Choice(View, frozen=True):
    """What was chosen so far. `first` is the channel that is tried first; `start` and `end` of quiet hours."""

    who: str
    place: str
    ways: tuple[Way, ...]
    first: str
    quiet: bool
    start: str
    end: str
    low_doors: bool
    language: str


@dataclass(frozen=True, slots=True)
class Page:
    db: Database
    pages: Pages
    channels: tuple[str, ...]

    def draw(self, request: Told, *, language: str = "", **values: Any) -> Response[str]:
        spoken = choose(f"{language};q=1,{request.headers.get('accept-language', '')};q=0.5", self.pages.words)
        return Response(self.pages.render("choose.html", language=spoken, **values), media_type=HTML)


def routes(parts: Parts) -> Sequence[ControllerRouterHandler]:
    """Raises Unavailable, code `assets-missing`."""
    page = Page(parts.db, Pages([TEMPLATES], Shelf()), outreach.channel_names(parts.outlets))

    @get(["/choose", "/choose/shown", "/choose/saved"], opt=_OPEN, include_in_schema=False, sync_to_thread=False)
    def come(request: Told) -> Response[str]:
        return page.draw(request, said="come", token="", v=None)

    @post("/choose/shown", opt=_OPEN, include_in_schema=False, status_code=200)
    async def ask(request: Told) -> Response[str]:
        refuse_foreign(request)
        token = _token(await request.form())
        found = await directory.find(page.db, people.CHOICE, token)
        if found is None:
            return page.draw(request, said="gone", token="", v=None)
        async with page.db.transaction(found.tenant) as tx:
            view = await _choice(tx, found.ref, page.channels)
        return page.draw(request, language=view.language, said="", token=token, v=view)

    @post("/choose/saved", opt=_OPEN, include_in_schema=False, status_code=200)
    async def chosen(request: Told) -> Response[str]:
        refuse_foreign(request)
        form = await request.form()
        token = _token(form)
        found = await directory.find(page.db, people.CHOICE, token)
        if found is None:
            return page.draw(request, said="gone", token="", v=None)
        try:
            async with page.db.transaction(found.tenant) as tx:
                used = await directory.forget(tx, people.CHOICE, token)
                view = await _save(tx, found.ref, page.channels, form) if used else None
        except CrannyError:
            async with page.db.transaction(found.tenant) as tx:
                view = await _choice(tx, found.ref, page.channels)
            return page.draw(request, language=view.language, said="wrong", token=token, v=view)
        said = "saved" if used else "gone"
        return page.draw(request, language=view.language if view else "", said=said, token="", v=view)

    return [come, ask, chosen]


async def _choice(tx: Tx, person: UUID, channels: Sequence[str]) -> Choice:
    """Raises NotFound, code `person-not-found`."""
    known, wanted = await people.contact(tx, person), await people.preferences(tx, person)
    reach = outreach.addresses(known, channels)
    there = [name for name in (*wanted.channels, *channels) if name in reach]
    ways = [
        Way(name, covered(reach[name]), name not in wanted.refused and name in (wanted.channels or there))
        for name in dict.fromkeys(there)
    ]
    quiet = wanted.quiet
    return Choice(
        who=known.name or "",
        place=(await tenants.get_tenant(tx)).name,
        ways=tuple(sorted(ways, key=lambda way: channels.index(way.name))),
        first=ways[0].name if ways else "",
        quiet=quiet is not None,
        start=people.quiet_clock(quiet.start) if quiet else EVENING,
        end=people.quiet_clock(quiet.end) if quiet else MORNING,
        low_doors=person in await people.low_doors(tx, [person]),
        language=known.language or "",
    )


async def _save(tx: Tx, person: UUID, channels: Sequence[str], form: FormMultiDict) -> Choice:
    """Raises Invalid, code `quiet-invalid` or `language-invalid`; NotFound, code `person-not-found`."""
    offered = [way.name for way in (await _choice(tx, person, channels)).ways]
    used = [name for name in offered if name in form.getall("use", [])]
    first = [name for name in used if name == form.get("first")]
    order = [*first, *(name for name in used if name not in first)]
    quiet = None
    if form.get("quiet"):
        quiet = people.Quiet(people.quiet_minutes(_text(form, "start")), people.quiet_minutes(_text(form, "end")))
    by, low = f"persons/{person}", bool(form.get("low"))
    language = _text(form, "language") or None
    await people.prefer(tx, person, channels=order, quiet=quiet, low_doors=low, language=language, by=by)
    await people.consent(tx, person, {name: name in used for name in offered}, how=HOW, by=by)
    return await _choice(tx, person, channels)


def covered(address: str) -> str:
    """`a…@example.org`, `…5678`: to be known by whoever it belongs to. Pure."""
    local, at, domain = address.partition("@")
    return f"{local[:1]}…@{domain}" if at else f"…{address[-3:]}"


def _token(form: FormMultiDict) -> str:
    """What stands behind the # of a link, or of the whole link where that was pasted."""
    return _text(form, "token").rpartition("#")[2].strip()


def _text(form: FormMultiDict, name: str) -> str:
    value = form.get(name, "")
    return value if isinstance(value, str) else ""
