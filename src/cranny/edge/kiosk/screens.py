"""What the bank's own screen shows, from what the controller says and what its doors do. It works with the server
gone: nothing here asks anybody else."""

from math import ceil
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from cranny.core.clock import Clock
from cranny.core.errors import Unavailable
from cranny.edge import outcomes as said
from cranny.edge import rows
from cranny.edge.controller import Controller
from cranny.edge.desk import TOPIC, Desk
from cranny.edge.kiosk.counting import count
from cranny.edge.kiosk.stage import Stage
from cranny.edge.views import opened
from cranny.ui.geometry import Front, level, side, stand
from cranny.ui.models import Closed, Home, KioskView, Open, Opening, Place, Scanner, Screen
from cranny.web.sse import Framed
from cranny.wire.messages import Layout

BASE: Final = "/screen"
CHANGED: Final = "screen"
"""The hub's topic on which screens hear that they have to be drawn anew."""
DAYLIGHT: Final = range(6, 20)
"""Hours in which the screen is light: at night a dark one does not dazzle."""
IDLE_S: Final = 90
"""Until the controller has told how long a visit may be idle."""
_NOWHERE: Final = Front(width=1, height=1, columns=1, doors=())


class Look(msgspec.Struct, frozen=True):
    """How this kiosk presents itself. `languages`: the first is its own. `phone` is whom to call, `site` the place
    under the bank's name; each may be empty. `hands`: there is a page for the hands of a simulated cabinet."""

    languages: tuple[str, ...]
    phone: str = ""
    site: str = ""
    scanner: Scanner = "below"
    hands: bool = False


class Asked(msgspec.Struct, frozen=True):
    """How the reader wants to be spoken to: kept in every address, so that the kiosk itself remembers nobody."""

    language: str
    easier: bool


class Screens:
    def __init__(self, desk: Desk, *, clock: Clock, boot: UUID, look: Look) -> None:
        """`boot` tells this start from the one before."""
        self.look = look
        self._desk = desk
        self._clock = clock
        self._boot = boot.hex[-8:]
        self._drawn: tuple[Layout | None, Front] = (None, _NOWHERE)
        self._wait_until = 0.0
        self._fresh = True
        self._stage = Stage(self._find, self._idle_s, self._visiting)

    async def follow(self) -> None:
        """Turn what the controller tells into screens, until cancelled."""
        with self._desk.hub.join(TOPIC, lambda _: True) as client:
            async for message in client.messages():
                if message is not None:
                    self.hear(message.about, scanned=True)  # whoever types gets the answer from their own request

    def hear(self, told: said.Told, *, scanned: bool = False) -> None:
        """Something was told, or answered to a scan or to typed digits."""
        if isinstance(told, said.Refusal) and told.wait_s:
            self._wait_until = self._clock.monotonic() + told.wait_s
        self._stage.hear(told, scanned=scanned)
        self._desk.hub.publish(CHANGED, Framed(told, b""))

    def show(self, screen: Screen) -> None:
        """Go home, or say that nothing came of it."""
        self._stage.show(screen)

    def view(self, asked: Asked, screen: Screen | None = None) -> KioskView:
        """What is now; or `screen` instead, for the one who asked for it."""
        controller = self._controller()
        layout = controller.journal.state.layout if controller else None
        moment = self._clock.now().astimezone(ZoneInfo(layout.timezone if layout else "UTC"))
        shown = screen or self._true(controller)
        return KioskView(
            screen=shown,
            bank=layout.name if layout else "",
            site=self.look.site,
            front=self._front(layout),
            language=asked.language,
            languages=self.look.languages,
            base=BASE,
            turn=f"{self._boot}:{self._stage.turn}",
            easier=asked.easier,
            dark=moment.hour not in DAYLIGHT,
            offline=controller is not None and controller.state().link != "online",
            phone=self.look.phone,
            scanner=self.look.scanner,
            hands=self.look.hands,
        )

    @property
    def shown(self) -> Screen:
        """What was shown last."""
        return self._stage.screen

    @property
    def zone(self) -> str:
        """Where the bank's clock hangs."""
        controller = self._controller()
        layout = controller.journal.state.layout if controller else None
        return layout.timezone if layout else "UTC"

    def _true(self, controller: Controller | None) -> Screen:
        """The stage's screen, put right where the doors say otherwise: told or not, they are what is."""
        if controller is None:
            return Closed()
        state, screen = controller.journal.state, self._stage.screen
        if state.layout is None:
            return Closed(new=True)
        if not isinstance(screen, Opening):
            counting = count(controller, self._find, screen)
            if counting is not None:
                self._stage.show(counting)
                return counting
        if isinstance(screen, Open | Opening):
            self._follow_door(controller, screen)
        elif self._fresh and isinstance(screen, Home):
            for opening in state.openings.values():  # after a start: a door that stands open is shown, as before
                self._if_open(controller, opening)
        self._fresh = False
        return self._paused(self._stage.screen)

    def _follow_door(self, controller: Controller, screen: Open | Opening) -> None:
        opening = controller.journal.state.under_way(screen.place.label)
        if opening is None:
            self._stage.show(Home())
        elif isinstance(screen, Opening):
            self._if_open(controller, opening)  # somebody else got the answer

    def _if_open(self, controller: Controller, opening: rows.Opening) -> None:
        if controller.wall.stands_open(opening.door):
            self._stage.hear(opened(controller.journal.state, opening, []))

    def _paused(self, screen: Screen) -> Screen:
        """The keypad's pause holds for everybody, and is as long as it is now."""
        if not isinstance(screen, Home):
            return screen
        left = ceil(self._wait_until - self._clock.monotonic())
        return Home(problem=screen.problem, wait_s=max(left, 0))

    def _controller(self) -> Controller | None:
        """None while it is restarting."""
        try:
            return self._desk.controller
        except Unavailable:
            return None

    def _front(self, layout: Layout | None) -> Front:
        """Drawn once for a layout."""
        if layout is not None and layout is not self._drawn[0]:
            self._drawn = (layout, stand(layout.compartments, layout.screen))
        return _NOWHERE if layout is None else self._drawn[1]

    def _find(self, label: str) -> Place:
        controller = self._controller()
        layout = controller.journal.state.layout if controller else None
        boxes = [] if layout is None else layout.compartments
        index = next((index for index, box in enumerate(boxes) if box.label == label), -1)
        if index < 0:
            return Place(label=label, index=-1, side="middle", level="chest")
        front = self._front(layout)
        return Place(label=label, index=index, side=side(front, index), level=level(boxes[index].centre))

    def _idle_s(self) -> int:
        controller = self._controller()
        return controller.journal.state.policy.visit_idle_s if controller else IDLE_S

    def _visiting(self) -> bool:
        controller = self._controller()
        return controller is not None and controller.visiting
