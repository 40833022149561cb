"""From a layout in millimetres to the front as one sees it: rectangles, measured from the upper left corner.

Left and right are physical: a drawing of a wall is never mirrored, whatever way the language runs.
"""

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol

import msgspec

FRAME = 60
"""Metal around all doors, mm."""
GAP = 28
"""Metal between two towers, mm."""
SCREEN_COLUMN = 380
"""Width of a column that holds the panel and no doors, mm."""

Side = Literal["left", "right", "above", "below", "far-left", "middle", "far-right"]
"""The first four as seen from the screen, the others where there is none."""
Level = Literal["above-head", "eye", "chest", "waist", "knee", "floor"]
LEVELS: tuple[tuple[int, Level], ...] = (
    (400, "floor"),
    (700, "knee"),
    (1100, "waist"),
    (1450, "chest"),
    (1700, "eye"),
)
"""A centre lower than so many mm above the floor is at this height; higher than all is above the head."""


class Box(msgspec.Struct, frozen=True):
    """A rectangle, mm. `x` and `y` count from the front's upper left corner."""

    x: int
    y: int
    width: int
    height: int

    @property
    def middle(self) -> float:
        """Of its width, mm from the left."""
        return self.x + self.width / 2


class Front(msgspec.Struct, frozen=True):
    """A bank seen from the front. `doors` are in the layout's order; `screen` is the kiosk's panel, if there is
    one; `columns` counts what stands side by side."""

    width: int
    height: int
    columns: int
    doors: tuple[Box, ...]
    screen: Box | None = None


class Stands(Protocol):
    """What is needed of a compartment: inner size and centre height in mm, and its tower from the left."""

    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...
    @property
    def centre(self) -> int: ...
    @property
    def tower(self) -> int: ...


class Panel(Protocol):
    """Where the kiosk's panel is (see `wire.messages.ScreenGiven`)."""

    @property
    def tower(self) -> int: ...
    @property
    def bottom(self) -> int: ...
    @property
    def top(self) -> int: ...
    @property
    def own(self) -> bool: ...


class _Columns:
    """Columns being set up from left to right. `x` is where the next one begins."""

    def __init__(self, top: int) -> None:
        self.top = top
        self.x = FRAME
        self.count = 0

    def box(self, width: int, bottom: int, top: int) -> Box:
        """From `bottom` to `top`, mm above the floor, in the column that begins at `x`."""
        return Box(self.x, self.top - top + FRAME, width, top - bottom)

    def next(self, width: int) -> None:
        self.x += width + GAP
        self.count += 1


def stand(compartments: Sequence[Stands], panel: Panel | None = None) -> Front:
    """The front of a bank. Doors of one tower that would overlap stand side by side."""
    tops, bottoms = [_top(c) for c in compartments], [_bottom(c) for c in compartments]
    if panel is not None:
        tops.append(panel.top)
        bottoms.append(panel.bottom)
    top, floor = max(tops, default=0), min(bottoms, default=0)
    columns, boxes, screen = _Columns(top), dict[int, Box](), None
    for tower in sorted({c.tower for c in compartments} | ({panel.tower} if panel else set())):
        lanes = _lanes(compartments, tower)
        if panel is not None and panel.tower == tower:
            among = max((c.width for lane in lanes for c in lane.values()), default=SCREEN_COLUMN)
            screen = columns.box(SCREEN_COLUMN if panel.own else among, panel.bottom, panel.top)
            if panel.own:
                columns.next(SCREEN_COLUMN)
        for lane in lanes:
            boxes |= {i: columns.box(c.width, _bottom(c), _top(c)) for i, c in lane.items()}
            columns.next(max(c.width for c in lane.values()))
    return Front(
        width=columns.x - GAP + FRAME,
        height=top - floor + 2 * FRAME,
        columns=max(columns.count, 1),
        doors=tuple(boxes[i] for i in range(len(compartments))),
        screen=screen,
    )


def side(front: Front, index: int) -> Side:
    """Where a door is, as said to someone who stands before the screen, or before the middle."""
    door, screen = front.doors[index], front.screen
    if screen is not None and abs(door.middle - screen.middle) * 2 < screen.width:
        return "above" if door.y < screen.y else "below"
    if screen is not None:
        return "left" if door.middle < screen.middle else "right"
    third = front.width / 3
    return "far-left" if door.middle < third else "middle" if door.middle < 2 * third else "far-right"


def level(centre: int) -> Level:
    """How high a centre of so many mm above the floor is, in words of the body."""
    return next((word for limit, word in LEVELS if centre < limit), "above-head")


def _top(compartment: Stands) -> int:
    return _bottom(compartment) + compartment.height


def _bottom(compartment: Stands) -> int:
    return compartment.centre - compartment.height // 2


def _lanes(compartments: Sequence[Stands], tower: int) -> Sequence[Mapping[int, Stands]]:
    """A tower's doors by index, in as few columns as hold them without overlap, each from the top down."""
    lanes: list[dict[int, Stands]] = []
    lowest: list[int] = []  # of each lane; what comes later begins lower than all that is there
    mine = {i: c for i, c in enumerate(compartments) if c.tower == tower}
    for index, door in sorted(mine.items(), key=lambda item: -_top(item[1])):
        lane = next((n for n, low in enumerate(lowest) if _top(door) <= low), len(lanes))
        if lane == len(lanes):
            lanes.append({})
            lowest.append(0)
        lanes[lane][index] = door
        lowest[lane] = _bottom(door)
    return lanes
