"""What Litestar's description of the API leaves out: problem documents, and who needs which header."""

from typing import Any, Final

import msgspec
from litestar import Litestar
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import (
    OpenAPIMediaType,
    OpenAPIResponse,
    Operation,
    Parameter,
    Reference,
    Schema,
)
from litestar.openapi.spec.enums import OpenAPIType
from litestar.routes import HTTPRoute

from cranny.web.problems import MEDIA_TYPE, Problem

PUBLIC: Final = "public"
"""`@get(…, opt={PUBLIC: True})` or `public=True`: no API key is asked for. Everything else asks for one."""

__all__ = ["PUBLIC", "ResponseSpec", "complete"]

_REF: Final = "#/components/schemas/{name}"
_KEY: Final = Parameter(
    name="Idempotency-Key",
    param_in="header",
    required=True,
    description="A fresh random value for each deed, the same one when it is tried again. Kept for seven days.",
    schema=Schema(type=OpenAPIType.STRING, min_length=1, max_length=255),
)


def complete(app: Litestar, *, bearer: bool) -> None:
    """Add to the description of every operation the problem document, and, with `bearer`, that public ones
    need no key and that the POSTs of others need an Idempotency-Key."""
    document = app.openapi_schema
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
                _complete_operation(
                    operation, public=bool(handler.opt.get(PUBLIC)), post=method == "POST", bearer=bearer
                )


def _complete_operation(operation: Operation, *, public: bool, post: bool, bearer: bool) -> None:
    operation.responses = {
        **{code: r for code, r in (operation.responses or {}).items() if code != "400"},
        "default": OpenAPIResponse(
            description="A problem (RFC 9457)",
            content={MEDIA_TYPE: OpenAPIMediaType(schema=Reference(ref=_REF.format(name="Problem")))},
        ),
    }
    if not bearer:
        return
    if public:
        operation.security = []
    elif post:
        operation.parameters = [*(operation.parameters or []), _KEY]
