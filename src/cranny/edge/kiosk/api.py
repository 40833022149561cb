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

Short = Annotated[str, msgspec.Meta(max_length=500)]


class Scanned(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a scanner read: a QR of ours, or a tracking number."""

    text: Short


class Typed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    digits: Short


class TooSmall(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`emptied`: the courier says that nothing stays inside."""

    emptied: bool = False


def kiosk_routes(desk: Desk) -> list[ControllerRouterHandler]:
    @post("/kiosk/scan", status_code=200)
    async def scan(data: JSONBody[Scanned]) -> Opened | Refusal:
        """A QR opens the door of its grant; a tracking number opens a door for its delivery."""
        return await desk.controller.scan(data.text)

    @post("/kiosk/code", status_code=200)
    async def code(data: JSONBody[Typed]) -> Opened | Refusal:
        """A code opens the door of its grant. Wrong ones make the keypad slower."""
        return await desk.controller.type_code(data.digits)

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

    return [scan, code, too_small, done, state, live]


async def _frames(desk: Desk) -> AsyncIterator[bytes]:
    with desk.hub.join(TOPIC, lambda _: True) as client:
        yield frame(msgspec.json.encode(Changed()), event="told")  # whoever comes (back) reads the state first
        async for message in client.messages():
            yield raw(message)
