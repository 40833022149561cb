"""Every error that leaves over HTTP is a problem document (RFC 9457, `application/problem+json`).

Beside the standard members it has `code` (stable, never changes once published), `retry` (whether the same
request can succeed later), `request` (the id to quote when asking for help) and, when the input does not fit,
`errors` with a path and a sentence each. What went wrong inside is told to the log, never to the client.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.serialization import decode_json
from litestar.types import ExceptionHandlersMap

from cranny.core.errors import CrannyError, Invalid

MEDIA_TYPE: Final = "application/problem+json"
_AT: Final = re.compile(r"^(?P<message>.*?) - at `\$\.?(?P<path>.*)`$", re.DOTALL)
_CODES: Final = {
    400: "invalid",
    401: "unauthenticated",
    403: "forbidden",
    404: "not-found",
    405: "method-not-allowed",
    413: "too-large",
    415: "unsupported-media-type",
    429: "too-many-requests",
    503: "unavailable",
}
_SENTENCES: Final = {
    404: "There is nothing at this address.",
    405: "This address does not take this method.",
    413: "The request is too large.",
}

Sorry = Callable[[Request[Any, Any, Any], Exception], Response[Any]]
"""What answers a request that went wrong."""

log = structlog.get_logger(__name__)


class FieldError(msgspec.Struct, frozen=True):
    """`path` leads to the value (`items[0].width`); `source` is body, query, path, header or cookie."""

    path: str
    message: str
    """What is wrong there."""
    source: str = "body"


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """An RFC 9457 problem document."""

    type: str
    """`urn:cranny:problem:` and the `code`."""
    title: str
    """The words of the status."""
    status: int
    """The HTTP status."""
    detail: str
    """What is wrong and what to do, in a sentence."""
    code: str
    """A stable word for it, for programs."""
    retry: bool
    """Whether the same request can succeed later."""
    request: str = ""
    """The id to quote when asking for help."""
    errors: list[FieldError] = []
    """What does not fit, one by one."""


def handlers(sorry: Sorry | None = None) -> ExceptionHandlersMap:
    """For `Litestar(exception_handlers=…)`: nothing gets past them. `sorry` says it instead, in a form of its own."""
    if sorry is not None:
        kinds = (CrannyError, HTTPException, RecursionError, UnicodeDecodeError, Exception)
        return {**dict.fromkeys(kinds, sorry), HTTPStatus.INTERNAL_SERVER_ERROR: sorry}
    return {
        CrannyError: _cranny,
        ValidationException: _validation,
        HTTPException: _http,
        RecursionError: _too_deep,
        UnicodeDecodeError: _no_text,
        HTTPStatus.INTERNAL_SERVER_ERROR: _unforeseen,
        Exception: _unforeseen,
    }


def answer(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """What the handlers make of `error`, for those who say the same in another form."""
    match error:
        case CrannyError():
            return _cranny(request, error)
        case ValidationException():
            return _validation(request, error)
        case HTTPException():
            return _http(request, error)
        case RecursionError():
            return _too_deep(request, error)
        case UnicodeDecodeError():
            return _no_text(request, error)
        case _:
            return _unforeseen(request, error)


def problem(
    request: Request[Any, Any, Any],
    status: int,
    code: str,
    detail: str,
    *,
    retry: bool = False,
    errors: Sequence[FieldError] = (),
    extra: Mapping[str, object] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response[bytes]:
    """The response that says so. `extra` members never replace the standard ones."""
    document = Problem(
        type=f"urn:cranny:problem:{code}",
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        code=code,
        retry=retry,
        request=str(request.scope.get("state", {}).get("request_id", "")),
        errors=list(errors),
    )
    body = {**(extra or {}), **msgspec.to_builtins(document)}
    more = {"WWW-Authenticate": "Bearer"} if status == HTTPStatus.UNAUTHORIZED else {}
    return Response(
        content=msgspec.json.encode(body),
        status_code=status,
        media_type=MEDIA_TYPE,
        headers={**more, **(headers or {}), "Cache-Control": "no-store"},
    )


def _cranny(request: Request[Any, Any, Any], error: CrannyError) -> Response[bytes]:
    if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.error("request failed", problem=error.code, exc_info=error)
    if error.status == HTTPStatus.INTERNAL_SERVER_ERROR:
        return _unforeseen(request, error)
    extra = dict(error.extra)
    after = extra.pop("retry_after_s", None)
    headers = {} if after is None else {"Retry-After": str(after)}
    return problem(request, error.status, error.code, error.detail, retry=error.retry, extra=extra, headers=headers)


def _validation(request: Request[Any, Any, Any], error: ValidationException) -> Response[bytes]:
    errors = [_field(item) for item in error.extra or [] if isinstance(item, Mapping)]
    where = ", ".join(item.path for item in errors if item.path) or "the request"
    return problem(request, error.status_code, Invalid.code, f"This does not fit: {where}.", errors=errors)


def _http(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    status = error.status_code
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR and status != HTTPStatus.SERVICE_UNAVAILABLE:
        return _unforeseen(request, error)
    code = _CODES.get(status, HTTPStatus(status).name.lower().replace("_", "-"))
    errors, detail = [], _SENTENCES.get(status, error.detail)
    if found := _AT.match(error.detail):
        errors = [FieldError(found["path"], found["message"])]
        detail = f"This does not fit: {found['path'] or 'the body'}."
    return problem(request, status, code, detail, errors=errors, headers=error.headers)


def _too_deep(request: Request[Any, Any, Any], error: RecursionError) -> Response[bytes]:
    if "deserializing" not in str(error):  # not the body's depth, but a mistake of ours
        return _unforeseen(request, error)
    return problem(request, 400, Invalid.code, "The body is nested too deeply.")


def _no_text(request: Request[Any, Any, Any], error: UnicodeDecodeError) -> Response[bytes]:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None or trace.tb_frame.f_globals.get("__name__") != decode_json.__module__:
        return _unforeseen(request, error)  # not the body's text, but a mistake of ours
    return problem(request, 400, Invalid.code, "The body is no UTF-8.")


def _unforeseen(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    log.error("request failed", exc_info=error)
    return problem(
        request,
        500,
        "internal",
        "Something went wrong on our side. Try again, and quote the request id if it stays.",
        retry=True,
    )


def _field(item: Mapping[str, Any]) -> FieldError:
    source = item.get("source", "body")
    return FieldError(str(item.get("key", "")), str(item.get("message", "")), str(getattr(source, "value", source)))
