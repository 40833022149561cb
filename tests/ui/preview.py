"""Every screen with invented data, for looking and for the tests of the look: `python tests/ui/preview.py 8123`.

It sends the product's own security headers, so that a page which breaks them breaks here.
"""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import msgspec
import uvicorn
from litestar import Litestar, Request, Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath, FromQuery

import cranny
from cranny.core.clock import SystemClock
from cranny.core.ids import TimeIds
from cranny.core.rng import SystemRng
from cranny.pages.operator.reference import groups
from cranny.pages.operator.reference_shapes import shapes
from cranny.platform.feature import SIGN_IN_WAYS
from cranny.ui import sheet
from cranny.ui.pages import Pages
from cranny.ui.routes import static_route
from cranny.ui.shelf import Shelf
from cranny.web import sse
from cranny.web.app import create_app

sys.path.insert(0, str(Path(__file__).parent))
import samples
import samples_people

HOUSE = Path(cranny.__file__).parent
SHELF = Shelf()
KIOSK = Pages([HOUSE / "edge/kiosk/templates"], SHELF)
OPERATOR = Pages([HOUSE / "pages/operator/templates", HOUSE / "pages/recipient/templates"], SHELF)
ZONE = "Europe/Prague"
GOOD = "407194365"
LABELS = {"corner-20": ("A10", "B02"), "campus-128": ("C04", "K01"), "odd": ("3", "9")}
HUB: sse.Hub[str] = sse.Hub()

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]
Told = Request[None, None, object]


def html(text: str) -> Response[str]:
    return Response(text, media_type="text/html; charset=utf-8")


def kiosk(request: Told, template: str, screen: str) -> str:
    asked = request.query_params
    name, language = asked.get("bank", "station-60"), asked.get("lang", "en")
    view = samples.kiosk(
        samples.screens(name, *LABELS.get(name, ()))[screen],
        name=name,
        language=language,
        **{flag: flag in asked for flag in ("easier", "dark", "offline")},
    )
    return KIOSK.render(template, language=language, v=view)


@get("/kiosk", sync_to_thread=False)
def kiosk_page(request: Told, screen: FromQuery[str] = "home") -> Response[str]:
    return html(kiosk(request, "kiosk.html", screen))


@post("/kiosk/code", status_code=200)
async def code(request: Told, data: Form) -> Response[str]:
    await asyncio.sleep(0.1)
    return html(kiosk(request, "live.html", "open" if data["code"] == GOOD else "home-wrong-code"))


@post("/kiosk/scan", status_code=200, sync_to_thread=False)
def scan(request: Told, data: Form) -> Response[str]:
    known = {"CQR1": "open", "JJD000123": "open-deposit", "340434161094": "open-deposit"}
    return html(kiosk(request, "live.html", known.get(data["text"], "home-not-expected")))


@post("/kiosk/home", status_code=200, sync_to_thread=False)
def home(request: Told) -> Response[str]:
    return html(kiosk(request, "live.html", "home"))


@get("/kiosk/help", sync_to_thread=False)
def help_(request: Told) -> Response[str]:
    return html(kiosk(request, "live.html", "help"))


@post("/kiosk/visits/{visit:str}/{deed:str}", status_code=200, sync_to_thread=False)
def visit(request: Told, visit: FromPath[str], deed: FromPath[str]) -> Response[str]:
    return html(kiosk(request, "live.html", "opening-other" if deed == "too-small" else "home"))


def follow(topic: str) -> Response:
    async def frames():
        with HUB.join(topic, lambda _: True) as client:
            yield sse.raw(None)
            async for message in client.messages():
                yield sse.raw(message)

    return sse.stream(frames())


@get("/kiosk/live", sync_to_thread=False)
def kiosk_live() -> Response:
    return follow("kiosk")


@get("/push/kiosk/{screen:str}")
async def push_kiosk(request: Told, screen: FromPath[str]) -> str:
    """What the controller does when a door moves."""
    HUB.publish("kiosk", sse.Framed(screen, sse.frame(kiosk(request, "live.html", screen).encode())))
    return "told"


@get("/walls", sync_to_thread=False)
def banks(lang: FromQuery[str] = "en", none: FromQuery[str] = "") -> Response[str]:
    cards = () if none else tuple(map(samples.card, samples.NAMES))
    return html(OPERATOR.render("banks.html", language=lang, zone=ZONE, banks=cards))


@get("/walls/{name:str}", sync_to_thread=False)
def wall(
    request: Told,
    name: FromPath[str],
    door: FromQuery[str | None] = None,
    lang: FromQuery[str] = "en",
    offline: FromQuery[str] = "",
) -> Response[str]:
    view = msgspec.structs.replace(samples.wall(name, door), online=not offline)
    template = "details.html" if request.headers.get("hx-request") else "wall_page.html"
    told = {"v": view, "sheet_name": sheet.name(view.front), "me": "me"}
    return html(OPERATOR.render(template, language=lang, zone=ZONE, **told))


def dialog(request: Told, **values: object) -> Response[str]:
    template = "dialog.html" if request.headers.get("hx-request") else "dialog_page.html"
    language = request.query_params.get("lang", "en")
    return html(OPERATOR.render(template, language=language, zone=ZONE, me="me", bank="/walls/station-60", **values))


@get("/walls/{name:str}/ask", sync_to_thread=False)
def ask(request: Told, name: FromPath[str], action: FromQuery[str], door: FromQuery[str] = "") -> Response[str]:
    needs = "open-all" if action == "open_all" else request.query_params.get("needs", "")
    return dialog(request, what="ask", a=samples.question(name, action, door, needs))


@post("/walls/{name:str}/commands", status_code=200)
async def send(request: Told, name: FromPath[str], data: Form) -> Response[str]:
    await asyncio.sleep(0.3)
    action, door = data["action"], data.get("door", "")
    if len(data["reason"]) < 3:
        return dialog(request, what="ask", a=samples.question(name, action, door, wrong=True))
    return dialog(request, what="asked", c=samples.command("executed", door, action))


@get("/walls/{name:str}/commands/{which:str}", sync_to_thread=False)
def asked(request: Told, name: FromPath[str], which: FromPath[str], answer: FromQuery[str] = "") -> Response[str]:
    del name
    return dialog(request, what="asked", c=samples.command(which, "A10", answer=answer))


@post("/walls/{name:str}/commands/{which:str}/{deed:str}", status_code=200, sync_to_thread=False)
def agree(request: Told, name: FromPath[str], which: FromPath[str], deed: FromPath[str]) -> Response[str]:
    del name, which
    return dialog(request, what="asked", c=samples.command("executed" if deed == "confirm" else "declined", "C01"))


@get("/walls/{name:str}/front.css", sync_to_thread=False)
def wall_css(name: FromPath[str]) -> Response[str]:
    return Response(sheet.css(samples.front(name)), media_type="text/css; charset=utf-8")


@get("/walls/{name:str}/live", sync_to_thread=False)
def wall_live(name: FromPath[str]) -> Response:
    return follow(name)


@get("/push/walls/{name:str}/{index:int}/{turn:str}")
async def push_wall(name: FromPath[str], index: FromPath[int], turn: FromPath[str]) -> str:
    """What the server does when a door changes."""
    view = samples.wall(name)
    changed = msgspec.structs.replace(view.doors[index], state=turn)
    doors = (*view.doors[:index], changed, *view.doors[index + 1 :])
    values = {"v": msgspec.structs.replace(view, doors=doors), "changed": [changed], "me": "me"}
    text = OPERATOR.render("wall_live.html", zone=ZONE, **values)
    HUB.publish(name, sse.Framed(name, sse.frame(text.encode())))
    return "told"


@get("/docs", sync_to_thread=False)
def docs(request: Told) -> Response[str]:
    """The preview's own calls, as the API's are told."""
    document = request.app.openapi_schema.to_schema()
    return html(OPERATOR.render("reference.html", groups=groups(document), shapes=shapes(document), version="0"))


@get("/sorry/{status:int}", sync_to_thread=False)
def sorry(status: FromPath[int], lang: FromQuery[str] = "en") -> Response[str]:
    told = {"status": status, "code": "bank-not-found", "request_id": "01a21e2c-10a1-77b9", "home": "/walls"}
    return html(OPERATOR.render("sorry.html", language=lang, **told))


@get("/sign-in/{how:str}", sync_to_thread=False)
def sign_in(how: FromPath[str], lang: FromQuery[str] = "en") -> Response[str]:
    template, values = samples_people.PAGES[how]
    return html(OPERATOR.render(template, language=lang, zone=ZONE, open_ways=SIGN_IN_WAYS, **values))


def app() -> Litestar:
    clock = SystemClock()
    return create_app(
        [
            static_route(SHELF),
            *(kiosk_page, code, scan, home, help_, visit, kiosk_live, push_kiosk),
            *(banks, wall, wall_css, wall_live, push_wall, ask, send, asked, agree),
            *(docs, sorry, sign_in),
        ],
        clock=clock,
        ids=TimeIds(clock, SystemRng()),
        title="Preview",
        version="0",
    )


if __name__ == "__main__":
    uvicorn.run(app(), port=int(sys.argv[1]), log_level="warning")
