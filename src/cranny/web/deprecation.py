"""Routes that are to go: `@get("/v1/old", **deprecated(since, sunset, instead="GET /v1/new"))`.

That marks the operation `deprecated` in the description, says there until when it stays and what takes its place, and
every answer of it has the headers `Deprecation` (RFC 9745) and `Sunset` (RFC 8594).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from email.utils import format_datetime
from typing import Any, Final

from litestar.datastructures import MutableScopeHeaders
from litestar.types import Message, Scope

LEAVES: Final = "leaves"
STAYS: Final = timedelta(days=365)
"""What is deprecated stays for so long, at least."""


@dataclass(frozen=True, slots=True)
class Leaving:
    """Deprecated from the beginning of the day `since`, gone from that of `sunset` (UTC)."""

    since: date
    sunset: date
    instead: str

    @property
    def sentence(self) -> str:
        return f"Deprecated since {self.since}, and gone from {self.sunset} on: use {self.instead}."

    @property
    def headers(self) -> dict[str, str]:
        return {
            "Deprecation": f"@{int(_begins(self.since).timestamp())}",
            "Sunset": format_datetime(_begins(self.sunset), usegmt=True),
        }


def deprecated(since: date, sunset: date, *, instead: str) -> dict[str, Any]:
    """The arguments of a route that say so. `instead` is what to use, such as ``GET /v1/new``. Raises ValueError where
    the two days are nearer than a year."""
    if sunset - since < STAYS:
        raise ValueError(f"What is deprecated on {since} stays until {since + STAYS} at least, not {sunset}.")
    return {"deprecated": True, LEAVES: Leaving(since, sunset, instead)}


def leaving(opt: Mapping[str, Any]) -> Leaving | None:
    """What the options of a route say."""
    found = opt.get(LEAVES)
    return found if isinstance(found, Leaving) else None


async def tell(message: Message, scope: Scope) -> None:
    """A `before_send` hook: the headers of what is to go, on refusals too."""
    plain: Any = scope
    handler = plain.get("route_handler")  # none where there is nothing at the address
    said = None if handler is None else leaving(handler.opt)
    if said is not None and message["type"] == "http.response.start":
        headers = MutableScopeHeaders.from_message(message)
        for name, value in said.headers.items():
            headers[name] = value


def _begins(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
