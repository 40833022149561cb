"""The addresses of the bank's own screen: one page, and the fragments that it swaps."""

from collections.abc import AsyncIterator, Awaitable
from pathlib import Path
from typing import Annotated, Final
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath, FromQuery
from litestar.response import Redirect, Stream
from litestar.types import ControllerRouterHandler

from cranny.core.errors import Unavailable
from cranny.edge import outcomes as said
from cranny.edge.desk import Desk
from cranny.edge.kiosk.screens import BASE, CHANGED, Asked, Screens
from cranny.ui.models import Help, Home, Open, Screen
from cranny.ui.pages import Pages
from cranny.ui.routes import static_route
from cranny.ui.words import choose
from cranny.web.sse import frame, raw, stream

TEMPLATES: Final = Path(__file__).parent / "templates"
HTML: Final = "text/html"

Short = Annotated[str, msgspec.Meta(max_length=500)]


class Code(msgspec.Struct, frozen=True):
    code: Short


class Text(msgspec.Struct, frozen=True):
    text: Short


Typed = Annotated[Code, Body(media_type=RequestEncodingType.URL_ENCODED)]
Scanned = Annotated[Text, Body(media_type=RequestEncodingType.URL_ENCODED)]


class Painter:
    """Draws what the screens show, in the language that was asked for."""

    def __init__(self, desk: Desk, screens: Screens, pages: Pages) -> None:
        self._desk = desk
        self._screens = screens
        self._pages = pages

    def asked(self, lang: str, easier: str) -> Asked:
        own = self._screens.look.languages[0]
        return Asked(choose(lang, self._pages.words) if lang else own, easier == "1")

    def draw(self, template: str, asked: Asked, screen: Screen | None = None) -> str:
        view = self._screens.view(asked, screen)
        return self._pages.render(template, language=asked.language, zone=self._screens.zone, v=view)

    def send(self, asked: Asked, screen: Screen | None = None, template: str = "live.html") -> Response[str]:
        return Response(self.draw(template, asked, screen), media_type=HTML)

    async def answer(self, deed: Awaitable[said.Told], asked: Asked, *, scanned: bool = False) -> Response[str]:
        """What came of it. A controller that is just restarting has opened nothing."""
        try:
            self._screens.hear(await deed, scanned=scanned)
        except Unavailable:
            self._screens.show(Home(problem="failed"))
        return self.send(asked)

    async def frames(self, asked: Asked) -> AsyncIterator[bytes]:
        """The screen at once, and again whenever it looks different."""
        with self._desk.hub.join(CHANGED, lambda _: True) as client:
            last = self.draw("live.html", asked)
            yield frame(last.encode())
            async for _ in client.messages():
                now = self.draw("live.html", asked)
                yield frame(now.encode()) if now != last else raw(None)
                last = now


def page_routes(desk: Desk, screens: Screens, pages: Pages) -> list[ControllerRouterHandler]:
    """The page at `/screen`, its fragments below it, the static files."""
    painter = Painter(desk, screens, pages)

    @get(["/", "/kiosk"], include_in_schema=False, sync_to_thread=False)
    def front_door() -> Redirect:
        return Redirect(BASE)

    @get(BASE, include_in_schema=False, sync_to_thread=False)
    def page(lang: FromQuery[str] = "", easier: FromQuery[str] = "") -> Response[str]:
        return painter.send(painter.asked(lang, easier), template="kiosk.html")

    @get(f"{BASE}/live", include_in_schema=False, sync_to_thread=False)
    def live(lang: FromQuery[str] = "", easier: FromQuery[str] = "") -> Stream:
        return stream(painter.frames(painter.asked(lang, easier)))

    @get(f"{BASE}/help", include_in_schema=False, sync_to_thread=False)
    def help_(lang: FromQuery[str] = "", easier: FromQuery[str] = "") -> Response[str]:
        return painter.send(painter.asked(lang, easier), Help())

    @post(f"{BASE}/home", status_code=200, include_in_schema=False, sync_to_thread=False)
    def home(lang: FromQuery[str] = "", easier: FromQuery[str] = "") -> Response[str]:
        screens.show(Home())
        return painter.send(painter.asked(lang, easier))

    @post(f"{BASE}/code", status_code=200, include_in_schema=False)
    async def code(data: Typed, lang: FromQuery[str] = "", easier: FromQuery[str] = "") -> Response[str]:
        return await painter.answer(_type(desk, data.code), painter.asked(lang, easier))

    @post(f"{BASE}/scan", status_code=200, include_in_schema=False)
    async def scan(data: Scanned, lang: FromQuery[str] = "", easier: FromQuery[str] = "") -> Response[str]:
        return await painter.answer(_scan(desk, data.text), painter.asked(lang, easier), scanned=True)

    @post(f"{BASE}/visits/{{visit:uuid}}/too-small", status_code=200, include_in_schema=False)
    async def too_small(visit: FromPath[UUID], lang: FromQuery[str] = "", easier: FromQuery[str] = "") -> Response[str]:
        return await painter.answer(_too_small(desk, screens, visit), painter.asked(lang, easier))

    @post(f"{BASE}/visits/{{visit:uuid}}/done", status_code=200, include_in_schema=False)
    async def done(visit: FromPath[UUID], lang: FromQuery[str] = "", easier: FromQuery[str] = "") -> Response[str]:
        return await painter.answer(_done(desk, visit), painter.asked(lang, easier))

    return [
        front_door,
        *(page, live, help_, home, code, scan, too_small, done),
        static_route(pages.shelf),
    ]


async def _type(desk: Desk, digits: str) -> said.Answer:
    return await desk.controller.type_code(digits)


async def _scan(desk: Desk, text: str) -> said.Answer:
    return await desk.controller.scan(text)


async def _too_small(desk: Desk, screens: Screens, visit: UUID) -> said.ShutFirst | said.Refusal:
    """The screen asks to take the parcel out again. Where something of the same collector lies inside already, the
    door is not empty then."""
    shown = screens.shown
    together = isinstance(shown, Open) and shown.together
    return await desk.controller.too_small(visit, emptied=not together)


async def _done(desk: Desk, visit: UUID) -> said.VisitDone | said.Refusal:
    return desk.controller.done(visit)
