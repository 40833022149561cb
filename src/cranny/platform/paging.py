"""Pages of a list. A cursor is opaque and signed: it can be neither read as an offset nor made up."""

import base64
import binascii
import hmac
from collections.abc import Callable, Sequence
from typing import Any, Final, Generic, TypeVar
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from litestar import Request, Response

from cranny.core.errors import Invalid

LIMIT: Final = 50
MOST: Final = 500
_TAG: Final = 12

T = TypeVar("T")


class Page(msgspec.Struct, Generic[T], frozen=True):
    """`next` goes into `?after=` for the following page; null on the last one."""

    items: list[T]
    next: str | None


class Cursors:
    """Makes and reads cursors. `key` is 32 bytes, the keyring's `cursor_key`."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def make(self, tenant: UUID, listing: str, place: Sequence[Any]) -> str:
        """`place` is the sort key of the last row on the page: text, whole numbers, ids as text."""
        body = msgspec.msgpack.encode(list(place))
        return base64.urlsafe_b64encode(self._tag(tenant, listing, body) + body).decode().rstrip("=")

    def read(self, tenant: UUID, listing: str, cursor: str) -> list[Any]:
        """The `place` given to `make`. Raises Invalid, code `cursor-invalid`, for what was not made here for
        this tenant and listing."""
        try:
            raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        except (binascii.Error, ValueError) as error:
            raise _bad() from error
        tag, body = raw[:_TAG], raw[_TAG:]
        if not hmac.compare_digest(tag, self._tag(tenant, listing, body)):
            raise _bad()
        place: list[Any] = msgspec.msgpack.decode(body)
        return place

    def _tag(self, tenant: UUID, listing: str, body: bytes) -> bytes:
        message = tenant.bytes + listing.encode() + b"\x00" + body
        return hmac.digest(self._key, message, "sha256")[:_TAG]


def page(rows: Sequence[T], limit: int, cursor: Callable[[T], str]) -> Page[T]:
    """Cut `rows`, read with `limit + 1`, to a page; `cursor` makes the cursor of a row."""
    items = list(rows[:limit])
    return Page(items, cursor(items[-1]) if len(rows) > limit else None)


def respond(request: Request[Any, Any, Any], found: Page[T]) -> Response[Page[T]]:
    """The page, with a `Link: <…>; rel="next"` header (RFC 8288) while there is more."""
    if found.next is None:
        return Response(content=found)
    kept = [(key, value) for key, value in request.query_params.multi_items() if key != "after"]
    query = urlencode([*kept, ("after", found.next)])
    return Response(content=found, headers={"Link": f'<{request.url.path}?{query}>; rel="next"'})


def _bad() -> Invalid:
    return Invalid("This cursor was not made here. Start again without `after`.", code="cursor-invalid")
