"""Why there is no page, for people; everybody else gets the problem document."""

from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

import msgspec
from litestar import Request, Response

from cranny.pages.operator.shown import HOME
from cranny.platform.feature import Parts
from cranny.ui.pages import Pages
from cranny.ui.shelf import Shelf
from cranny.ui.words import choose
from cranny.web import problems

_HTML: Final = "text/html"
TEMPLATES: Final = Path(__file__).parent / "templates"
_PROGRAMS: Final = ("/v1/", "/schema", "/health")
"""Addresses of programs: what goes wrong there is told to programs."""


@cache
def pages() -> Pages:
    """The operator's pages, read once. Raises Unavailable, code `assets-missing`."""
    return Pages([TEMPLATES], Shelf())


class Sorry:
    """What is said where no page can be shown, in the reader's language."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    def __call__(self, request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
        """A page, or where a page asked for a part of itself, that part. It says no more than the problem document,
        which everybody else gets."""
        told = problems.answer(request, error)
        fragment = bool(request.headers.get("hx-request"))
        if not fragment and _HTML not in request.headers.get("accept", ""):
            return told
        said = msgspec.json.decode(told.content, type=problems.Problem)
        language = choose(request.headers.get("accept-language", ""), self._pages.words)
        template = "sorry_said.html" if fragment else "sorry.html"
        drawn = self._pages.render(
            template, language=language, status=said.status, code=said.code, request_id=said.request, home=HOME
        )
        headers = {"Cache-Control": "no-store"}
        if after := told.headers.get("Retry-After"):
            headers["Retry-After"] = after
        return Response(drawn, media_type=_HTML, status_code=said.status, headers=headers)

    def elsewhere(self, request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
        """The same for addresses that lead nowhere, and what no page of ours has let happen."""
        if (
            request.url.path.startswith(_PROGRAMS)
            or problems.answer(request, error).status_code == HTTPStatus.UNAUTHORIZED
        ):
            return problems.answer(request, error)
        return self(request, error)


def elsewhere(_: Parts) -> Any:
    """For `Feature.sorry`."""
    return Sorry(pages()).elsewhere
