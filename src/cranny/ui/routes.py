"""The address of the static files."""

from collections.abc import Mapping
from typing import Any

from litestar import Response, get
from litestar.connection import Request
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from cranny.ui.shelf import Shelf

YEAR = "public, max-age=31536000, immutable"


def static_route(shelf: Shelf, opt: Mapping[str, Any] | None = None) -> HTTPRouteHandler:
    """`GET /static/<version>/<name>`. A page of an older version still gets the file, but may not keep it."""

    @get("/static/{version:str}/{name:path}", opt=dict(opt or {}), include_in_schema=False, sync_to_thread=False)
    def static(request: Request[Any, Any, Any], version: FromPath[str], name: FromPath[str]) -> Response[bytes]:
        item = shelf.find(name.removeprefix("/"))
        if item is None:
            raise NotFoundException("There is no such file.")
        headers = {"Cache-Control": YEAR if version == shelf.version else "no-cache", "Vary": "Accept-Encoding"}
        if item.packed is not None and "gzip" in request.headers.get("accept-encoding", ""):
            return Response(item.packed, media_type=item.media_type, headers={**headers, "Content-Encoding": "gzip"})
        return Response(item.body, media_type=item.media_type, headers=headers)

    return static
