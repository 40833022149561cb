"""The kiosk's API. What comes in is a credential, a tracking number or a visit; it never names a door."""

from collections.abc import AsyncIterator
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import get, post
from litestar.params import FromPath, JSONBody
from litestar.response import Stream
from litestar.types import ControllerRouterHandler

from cranny.edge.desk import TOPIC, Desk
from cranny.edge.outcomes import Changed, Opened, Refusal, ShutFirst, VisitDone
from cranny.edge.views import KioskState
from cranny.web.sse import frame, raw, stream
from cranny.wire.allocation import Size

Short = Annotated[str, msgspec.Meta(max_length=500)]


class Scanned(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a scanner read: a QR of ours, or a tracking number."""

    text: Short


class Typed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    digits: Short


class TooSmall(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`emptied`: the courier says that nothing stays inside."""

    emptied: bool = False


Side = Annotated[int, msgspec.Meta(ge=0, le=3000)]


class Own(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How big it is, in mm; 0 where nobody measured."""

    width: Side = 0
    height: Side = 0
    depth: Side = 0


class CodeShown(msgspec.Struct, frozen=True):
    """What opens it: the only time that anybody sees it. Empty when there is nothing (more) to show."""

    code: str
    qr: str


def kiosk_routes(desk: Desk) -> list[ControllerRouterHandler]:
    @post("/kiosk/scan", status_code=200)
    async def scan(data: JSONBody[Scanned]) -> Opened | Refusal:
        """A QR opens the door of its grant; a tracking number opens a door for its delivery."""
        return await desk.controller.scan(data.text)

    @post("/kiosk/code", status_code=200)
    async def code(data: JSONBody[Typed]) -> Opened | Refusal:
        """A code opens the door of its grant. Wrong ones make the keypad slower."""
        return await desk.controller.type_code(data.digits)

    @post("/kiosk/own", status_code=200)
    async def own(data: JSONBody[Own]) -> Opened | Refusal:
        """Store something of one's own, where the bank's policy lets people. Once its door is shut,
        `POST /kiosk/visits/{visit}/code` shows the code that opens it."""
        return await desk.controller.store_own(Size(data.width, data.height, data.depth))

    @post("/kiosk/visits/{visit:uuid}/code", status_code=200)
    async def own_code(visit: FromPath[UUID]) -> CodeShown:
        """The code of something of one's own that was stored in this visit: once, then it is forgotten."""
        minted = desk.controller.take_code(visit)
        return CodeShown(minted.code, minted.qr) if minted else CodeShown("", "")

    @post("/kiosk/visits/{visit:uuid}/too-small", status_code=200)
    async def too_small(visit: FromPath[UUID], data: JSONBody[TooSmall]) -> ShutFirst | Refusal:
        """The parcel does not fit: once the door is shut, a larger one opens."""
        return await desk.controller.too_small(visit, emptied=data.emptied)

    @post("/kiosk/visits/{visit:uuid}/done", status_code=200)
    async def done(visit: FromPath[UUID]) -> VisitDone | Refusal:
        """The courier is done."""
        return desk.controller.done(visit)

    @get("/kiosk/state")
    async def state() -> KioskState:
        """The wall, and how the bank is."""
        return desk.controller.state()

    @get("/kiosk/live", include_in_schema=False)
    async def live() -> Stream:
        """What happens after an answer was given, as server-sent events."""
        return stream(_frames(desk))

    return [scan, code, own, own_code, too_small, done, state, live]


async def _frames(desk: Desk) -> AsyncIterator[bytes]:
    with desk.hub.join(TOPIC, lambda _: True) as client:
        yield frame(msgspec.json.encode(Changed()), event="told")  # whoever comes (back) reads the state first
        async for message in client.messages():
            yield raw(message)
