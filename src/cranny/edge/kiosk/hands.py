"""Hands at the doors of a simulated cabinet, for a demonstration in a browser. A real bank has no such address."""

from typing import Literal

import msgspec
from litestar import post
from litestar.params import FromPath, JSONBody
from litestar.types import ControllerRouterHandler

from cranny.core.errors import NotFound
from cranny.edge.desk import Desk
from cranny.edge.drivers.simulated import SimulatedBoard


class Act(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    act: Literal["put", "take", "shut"]


class Seen(msgspec.Struct, frozen=True):
    """The door as it physically is afterwards."""

    label: str
    door_open: bool
    things: int


def hands_routes(desk: Desk, board: SimulatedBoard) -> list[ControllerRouterHandler]:
    @post("/hands/doors/{label:str}", status_code=200)
    async def hands(label: FromPath[str], data: JSONBody[Act]) -> Seen:
        """Put a thing in, take all out, or shut the door. Nobody's hands open a locked door."""
        box = desk.controller.journal.state.boxes.get(label)
        if box is None:
            raise NotFound(f"There is no door {label!r}.", code="door-unknown")
        address = (box.unit, box.channel)
        match data.act:
            case "put":
                board.put(address)
            case "take":
                board.take(address)
            case "shut":
                board.shut(address)
        return Seen(label, board.is_open(address), len(board.inside(address)))

    return [hands]
