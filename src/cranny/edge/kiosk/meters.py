"""How the lines to the lock boards do, for a collector on this machine: a bad cable shows here long before a door
stays shut. Prometheus's text format, on the kiosk's port."""

from collections.abc import Iterator
from typing import Final

from litestar import Response, get
from litestar.types import ControllerRouterHandler

from cranny.edge.desk import Desk
from cranny.edge.drivers import Meters

TEXT: Final = "text/plain; version=0.0.4; charset=utf-8"
COUNTS: Final = {
    "requests": "Requests sent to this lock board.",
    "timeouts": "Requests that it did not answer in time.",
    "checksum_errors": "Frames with a wrong checksum, on their way from it.",
    "noise_bytes": "Bytes that belong to no frame.",
    "late_bytes": "Bytes that came when nobody waited for them any more.",
    "echoes": "Requests that came back to us.",
}
"""By field of a tally."""


def metric_routes(desk: Desk) -> list[ControllerRouterHandler]:
    @get("/metrics", sync_to_thread=False)
    def metrics() -> Response[str]:
        """Counters of the lines to the lock boards, since the program started."""
        return Response("".join(_lines(desk.driver.meters)), media_type=TEXT)

    return [metrics]


def _lines(meters: Meters) -> Iterator[str]:
    yield from _head("cranny_board_line_connected", "gauge", "Whether the line to the lock boards is open.")
    yield f"cranny_board_line_connected {int(meters.connected)}\n"
    yield from _head("cranny_board_line_connections_total", "counter", "How often it was opened.")
    yield f"cranny_board_line_connections_total {meters.connections}\n"
    for field, says in COUNTS.items():
        name = f"cranny_board_{field}_total"
        yield from _head(name, "counter", says)
        for unit, tally in sorted(meters.boards.items()):
            yield f'{name}{{unit="{unit}"}} {getattr(tally, field)}\n'


def _head(name: str, kind: str, says: str) -> Iterator[str]:
    yield f"# HELP {name} {says}\n"
    yield f"# TYPE {name} {kind}\n"
