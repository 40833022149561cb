"""A page for the hands at a simulated cabinet: whoever tries the kiosk in a browser has to shut a door somehow.
A real bank has no such page."""

from typing import Final, Literal

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.types import ControllerRouterHandler

from cranny.core.errors import NotFound
from cranny.edge.desk import Desk
from cranny.edge.drivers.simulated import SimulatedBoard
from cranny.edge.kiosk.pages import HTML
from cranny.edge.kiosk.screens import BASE
from cranny.ui.pages import Pages
from cranny.ui.words import choose

Act = Literal["put", "take", "shut"]
HANDS: Final = f"{BASE}/hands"


class OpenDoor(msgspec.Struct, frozen=True):
    """A door that stands open, and how many things lie in it."""

    label: str
    things: int


def hands_pages(desk: Desk, board: SimulatedBoard, pages: Pages) -> list[ControllerRouterHandler]:
    def doors() -> list[OpenDoor]:
        boxes = desk.controller.journal.state.boxes.values()
        seen = {box.label: (box.unit, box.channel) for box in boxes if (box.unit, box.channel) in board.boxes}
        return [OpenDoor(label, len(board.inside(at))) for label, at in seen.items() if board.is_open(at)]

    def send(template: str, lang: str) -> Response[str]:
        language = choose(lang, pages.words)
        text = pages.render(template, language=language, doors=doors(), base=HANDS, query=f"?lang={language}")
        return Response(text, media_type=HTML)

    @get(HANDS, include_in_schema=False, sync_to_thread=False)
    def page(lang: FromQuery[str] = "") -> Response[str]:
        return send("hands.html", lang)

    @get(f"{HANDS}/now", include_in_schema=False, sync_to_thread=False)
    def now(lang: FromQuery[str] = "") -> Response[str]:
        return send("hands_now.html", lang)

    @post(f"{HANDS}/doors/{{label:str}}/{{act:str}}", status_code=200, include_in_schema=False, sync_to_thread=False)
    def do(label: FromPath[str], act: FromPath[Act], lang: FromQuery[str] = "") -> Response[str]:
        box = desk.controller.journal.state.boxes.get(label)
        if box is None:
            raise NotFound(f"There is no door {label!r}.", code="door-unknown")
        address = (box.unit, box.channel)
        match act:
            case "put":
                board.put(address)
            case "take":
                board.take(address)
            case "shut":
                board.shut(address)
        return send("hands_now.html", lang)

    return [page, now, do]
