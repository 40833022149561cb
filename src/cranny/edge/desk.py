"""Where the kiosk finds the controller, which may just be restarting, and where screens listen."""

from typing import Final

import msgspec

from cranny.core.errors import Unavailable
from cranny.edge.controller import Controller
from cranny.edge.drivers import Driver
from cranny.edge.outcomes import Told
from cranny.web.sse import Framed, Hub, frame

TOPIC: Final = "kiosk"


class Desk:
    def __init__(self, driver: Driver) -> None:
        self.driver = driver
        self.hub: Hub[Told] = Hub()
        self._controller: Controller | None = None

    @property
    def controller(self) -> Controller:
        """Raises Unavailable, code `restarting`."""
        if self._controller is None:
            raise Unavailable("The bank is restarting. Try again in a moment.", code="restarting")
        return self._controller

    def seat(self, controller: Controller | None) -> None:
        self._controller = controller

    def tell(self, told: Told) -> None:
        """To every screen."""
        self.hub.publish(TOPIC, Framed(told, frame(msgspec.json.encode(told), event="told")))
