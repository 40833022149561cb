"""The addresses of the guided inventory on the bank's own screen. They name the inventory that is led, never a door."""

from typing import Literal
from uuid import UUID

from litestar import Response, post
from litestar.params import FromPath, FromQuery
from litestar.types import ControllerRouterHandler

from cranny.edge.desk import Desk
from cranny.edge.kiosk.pages import Painter
from cranny.edge.kiosk.screens import BASE, Screens
from cranny.ui.pages import Pages

Found = Literal["there", "not_there", "other"]
AT = f"{BASE}/inventory/{{session:uuid}}"


def counting_routes(desk: Desk, screens: Screens, pages: Pages) -> list[ControllerRouterHandler]:
    painter = Painter(desk, screens, pages)

    @post(f"{AT}/next", status_code=200, include_in_schema=False)
    async def go_on(session: FromPath[UUID], lang: FromQuery[str] = "", easier: FromQuery[str] = "") -> Response[str]:
        return await painter.answer(desk.controller.counter.next(session), painter.asked(lang, easier))

    @post(f"{AT}/found/{{found:str}}", status_code=200, include_in_schema=False)
    async def found_(
        session: FromPath[UUID], found: FromPath[Found], lang: FromQuery[str] = "", easier: FromQuery[str] = ""
    ) -> Response[str]:
        return await painter.answer(desk.controller.counter.answer(session, found), painter.asked(lang, easier))

    @post(f"{AT}/end", status_code=200, include_in_schema=False)
    async def end(session: FromPath[UUID], lang: FromQuery[str] = "", easier: FromQuery[str] = "") -> Response[str]:
        return await painter.answer(desk.controller.counter.end(session), painter.asked(lang, easier))

    return [go_on, found_, end]
