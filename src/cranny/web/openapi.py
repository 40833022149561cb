"""What Litestar's description of the API leaves out: names, problem documents, who needs which header, and where to go
from an answer."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from litestar import Litestar
from litestar.handlers.http_handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import (
    Link,
    OpenAPI,
    OpenAPIHeader,
    OpenAPIMediaType,
    OpenAPIResponse,
    Operation,
    Parameter,
    PathItem,
    Reference,
    Schema,
)
from litestar.openapi.spec.enums import OpenAPIType
from litestar.routes import HTTPRoute

from cranny.web import deprecation, literal
from cranny.web.problems import MEDIA_TYPE, Problem

PUBLIC: Final = "public"
"""`@get(…, opt={PUBLIC: True})` or `public=True`: no API key is asked for. Everything else asks for one."""

PROBLEMS: Final = "problems"
"""`@get(…, problems={"409": "…"})`: what else it may answer than what follows from its address and method."""
MATCHED: Final = "matched"
"""`@put(…, matched=True)`: it is edited with the ETag of what stands at another address."""
KEY: Final = "bearer"
SESSION: Final = "session"
"""The names of the two ways in, in the description."""

__all__ = ["KEY", "PUBLIC", "SESSION", "ResponseSpec", "complete", "operation_id"]

_REF: Final = "#/components/schemas/{name}"
_TEXT: Final = Schema(type=OpenAPIType.STRING)
_KEY: Final = Parameter(
    name="Idempotency-Key",
    param_in="header",
    required=True,
    description="A fresh random value for each deed, the same one when it is tried again. Kept for seven days.",
    schema=Schema(type=OpenAPIType.STRING, min_length=1, max_length=255),
)
_MATCH: Final = Parameter(
    name="If-Match",
    param_in="header",
    required=False,
    description="The ETag that it was read with: edit it only if nobody has changed it since.",
    schema=_TEXT,
)
_LIMITS: Final = {
    "RateLimit-Policy": "How many requests in how many seconds (draft-ietf-httpapi-ratelimit-headers-08).",
    "RateLimit": "How many are left (`r`), and in how many seconds all are again (`t`).",
}
_PARAMETERS: Final = {
    "after": "The cursor `next` of the page before.",
    "limit": "How many at most.",
    "state": "Only those in this state.",
    "bank": "Only of this bank.",
}
"""What parameters of these names mean wherever they stand in a query."""
ABOUT: Final = """Smart lockers: announce what is to be handed over, and see it deposited and collected.

Begin with `docs/quickstart`; `docs/api.md` says what holds everywhere: keys and scopes, problems, `Idempotency-Key`,
pages, ETags, limits, and what may change. What happens is told by `/v1/events`, live or in pages, and by webhooks."""
TAGS: Final = {
    "alarms": "What a bank's sensors say is not as it should be, and its end.",
    "anomalies": "What does not fit together, with its next step, until somebody settles it.",
    "api keys": "Keys of programs: their scopes, ends and last use.",
    "banks": "Sites, banks and their compartments: what is free, promised, blocked; policies and enrolment.",
    "commands": "Opening from afar, and whatever else a bank is asked to do; some need a second person.",
    "deliveries": "One or several items for one recipient, through one bank, from the announcement to the end.",
    "events": "Everything that has happened, in one order, and where each log stands.",
    "grants": "The right to open, once: its state, its code (read with a reason), its badge.",
    "health": "For supervisors and load balancers.",
    "notices": "Messages to people: what was sent by which channel, and what could not be.",
    "pages": "What the pages of a bank's own screen ask.",
    "people": "Who is what, sessions, other organisations, preferences.",
    "privacy": "How long what is kept, one person's data, erasure.",
    "size classes": "The names that doors' sizes go by.",
    "tokens": "Signed rights for a bank that is offline.",
    "webhooks": "Endpoints of yours that are told of events, and what was sent to them.",
}
"""What belongs together, in a sentence."""
_SENTENCE_END: Final = re.compile(r"(?<=[.:!])\s")


def operation_id(handler: HTTPRouteHandler, _: Any, path: Sequence[Any]) -> str:
    """The handler's name as clients write it: `list_banks` is `listBanks`. A name that other rooms may use too gets the
    last words of its address: `settle` is `settleAnomalies`."""
    first, *others = handler.handler_name.split("_")
    if not others:
        words = [word for word in path if isinstance(word, str) and word not in {"v1", first}]
        others = [word for part in words[:1] for word in part.split("-")]
    return first + "".join(word.capitalize() for word in others)


def complete(app: Litestar, document: OpenAPI, *, bearer: bool) -> None:
    """Add to the description of every operation its summary, the problem documents, what its parameters are, and links;
    and, with `bearer`, that public ones need no key and that the POSTs of others need an Idempotency-Key."""
    _, schemas = msgspec.json.schema_components([Problem], ref_template=_REF)
    components: dict[str, Any] = document.components.schemas
    components.update(schemas)
    for route in app.routes:
        item = (document.paths or {}).get(route.path_format) if isinstance(route, HTTPRoute) else None
        if item is None or not isinstance(route, HTTPRoute):
            continue
        for method, (handler, _) in route.route_handler_map.items():
            operation: Operation | None = getattr(item, method.lower(), None)
            if operation is not None:
                public = bool(handler.opt.get(PUBLIC))
                _describe(operation)
                if (leaves := deprecation.leaving(handler.opt)) is not None:
                    _mark(operation, leaves)
                _add_problems(operation, method, handler.opt.get(PROBLEMS, {}), key=bearer and not public)
                _add_match(operation, method, matched=item.get is not None or bool(handler.opt.get(MATCHED)))
                if bearer:
                    _add_key(operation, method, public=public)
                _link(document, item, route.path_format, operation, method)
        for method, (handler, _) in route.route_handler_map.items():
            operation = getattr(item, method.lower(), None)
            if operation is not None:
                _head(operation, method, item, limited=bearer and not handler.opt.get(PUBLIC))
    literal.spell(document)


def _describe(operation: Operation) -> None:
    said = " ".join((operation.description or "").split())
    operation.summary = _SENTENCE_END.split(said, maxsplit=1)[0].rstrip(".:")
    for parameter in operation.parameters or []:
        if not isinstance(parameter, Parameter) or parameter.description:
            continue
        if parameter.param_in == "path":
            parameter.description = f"Which {parameter.name}."
        else:
            parameter.description = _PARAMETERS.get(parameter.name, f"Only with this {parameter.name}.")


def _mark(operation: Operation, leaves: deprecation.Leaving) -> None:
    """In words, and by the headers of every good answer."""
    operation.description = f"{operation.description or ''}\n\n{leaves.sentence}".strip()
    for code, answer in (operation.responses or {}).items():
        if code.startswith("2") and isinstance(answer, OpenAPIResponse):
            said = {name: OpenAPIHeader(description=leaves.sentence, schema=_TEXT) for name in leaves.headers}
            answer.headers = {**(answer.headers or {}), **said}


def _add_problems(operation: Operation, method: str, own: Mapping[str, str], *, key: bool) -> None:
    """Which there are by HTTP's own rules, and the route's `own`; the `code` in them says more, and `default` covers
    what happens to any request."""
    said: dict[str, str] = {"400": "The request does not fit."}
    if key:
        said |= {"401": "The API key is missing or not good.", "403": "The API key is not good for that."}
        said |= {"429": "Asked too often: see `Retry-After`."}
    named = any(isinstance(one, Parameter) and one.param_in == "path" for one in operation.parameters or [])
    if named or (key and operation.request_body is not None):
        said |= {"404": "There is no such thing."}
    if key and method != "GET":
        said |= {"409": "It contradicts what is."}
    if key and method == "POST":
        said |= {"422": "The Idempotency-Key was used for another request."}
    said |= {**own, "default": "A problem (RFC 9457)."}
    good = {code: answer for code, answer in (operation.responses or {}).items() if code != "400"}
    operation.responses = {**good, **{code: _problem(text) for code, text in said.items()}}


def _problem(description: str) -> OpenAPIResponse:
    schema = Reference(ref=_REF.format(name="Problem"))
    return OpenAPIResponse(description=description, content={MEDIA_TYPE: OpenAPIMediaType(schema=schema)})


def _add_match(operation: Operation, method: str, *, matched: bool) -> None:
    """What stands at an address that can be read is edited with `If-Match`."""
    if method in {"PUT", "PATCH", "DELETE"} and matched:
        operation.parameters = [*(operation.parameters or []), _MATCH]
        answers = dict(operation.responses or {})
        answers["412"] = _problem("Somebody has changed it since it was read.")
        operation.responses = {**answers, "default": answers.pop("default")}


def _add_key(operation: Operation, method: str, *, public: bool) -> None:
    if public:
        operation.security = []
    elif method == "POST":
        operation.parameters = [*(operation.parameters or []), _KEY]


def _head(operation: Operation, method: str, item: PathItem, *, limited: bool) -> None:
    """Headers of good answers that follow from what an operation is."""
    said = dict(_LIMITS) if limited else {}
    if method == "GET" and any(_takes_match(other) for other in (item.put, item.patch, item.delete)):
        said["ETag"] = "What it is like now, for `If-Match`."
    for code, answer in (operation.responses or {}).items():
        if not isinstance(answer, OpenAPIResponse):
            continue
        own = said if code.startswith("2") else {"Retry-After": "Seconds."} if code == "429" else {}
        headers = {name: OpenAPIHeader(description=text, schema=_TEXT) for name, text in own.items()}
        answer.headers = {**(answer.headers or {}), **headers} or None


def _takes_match(operation: Operation | None) -> bool:
    return operation is not None and _MATCH in (operation.parameters or [])


def _link(document: OpenAPI, item: PathItem, path: str, operation: Operation, method: str) -> None:
    """From what was made to where it is read, and from a page to the next one."""
    made = (operation.responses or {}).get("201")
    if method == "POST" and isinstance(made, OpenAPIResponse):
        found = _reader(document.paths or {}, path)
        if found is not None:
            name, reader = found
            made.links = {"get": Link(operation_id=reader.operation_id, parameters={name: "$response.body#/id"})}
            made.headers = {
                **(made.headers or {}),
                "Location": OpenAPIHeader(description="Where it is read.", schema=_TEXT),
            }
    names = {one.name for one in operation.parameters or [] if isinstance(one, Parameter)}
    page = (operation.responses or {}).get("200")
    if item.get is operation and "after" in names and isinstance(page, OpenAPIResponse):
        page.links = {"next": Link(operation_id=operation.operation_id, parameters={"after": "$response.body#/next"})}
        link = OpenAPIHeader(description='The next page, `rel="next"` (RFC 8288).', schema=_TEXT)
        page.headers = {**(page.headers or {}), "Link": link}


def _reader(paths: Mapping[str, PathItem], path: str) -> tuple[str, Operation] | None:
    """The GET at `path/{name}`, and that name."""
    for other, item in paths.items():
        inside = other.removeprefix(f"{path}/")
        if other != inside and re.fullmatch(r"\{\w+\}", inside) and item.get is not None:
            return inside[1:-1], item.get
    return None
