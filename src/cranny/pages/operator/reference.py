"""The API for people: drawn from the same description that programs read at `/schema/openapi.json`."""

import json
from collections.abc import Iterator
from functools import cache
from typing import Final

from litestar import Litestar, Response, get
from litestar.types import ControllerRouterHandler

from cranny.pages.operator.desk import HTML, Desk, Told
from cranny.pages.operator.reference_shapes import Json, made, paragraphs, shapes, spans
from cranny.ui.reference import ApiCall, ApiField, ApiGroup, Made
from cranny.web.openapi import PUBLIC

ADDRESS: Final = "/docs"
FIRST: Final = ("deliveries", "banks", "commands", "events", "grants", "notices", "alarms", "anomalies")
LAST: Final = "health"
METHODS: Final = ("get", "post", "put", "patch", "delete")


def reference_routes(desk: Desk) -> list[ControllerRouterHandler]:
    @cache
    def page(app: Litestar) -> str:
        document = app.openapi_schema.to_schema()
        values = {"groups": groups(document), "shapes": shapes(document), "version": document["info"]["version"]}
        return desk.pages.render("reference.html", language="en", **values)

    @get(ADDRESS, opt={PUBLIC: True}, include_in_schema=False, sync_to_thread=True)
    def reference(request: Told) -> Response[str]:
        """In English only, as the description is. The first time it takes a second to draw."""
        return Response(page(request.app), media_type=HTML)

    return [reference]


def groups(document: Json) -> tuple[ApiGroup, ...]:
    """Every operation of an OpenAPI document, by its first tag."""
    found: dict[str, list[ApiCall]] = {}
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                found.setdefault((item[method].get("tags") or ["other"])[0], []).append(_call(path, method, item))
    return tuple(ApiGroup(name=name, calls=tuple(found[name])) for name in sorted(found, key=_place))


def _place(name: str) -> tuple[bool, int, str]:
    return name == LAST, FIRST.index(name) if name in FIRST else len(FIRST), name


def _call(path: str, method: str, item: Json) -> ApiCall:
    operation = item[method]
    asked = _content(operation.get("requestBody", {}))
    answers = {code: said for code, said in operation["responses"].items() if code != "default"}
    return ApiCall(
        id=operation["operationId"],
        method=method.upper(),
        path=path,
        about=paragraphs(operation.get("description", "")),
        public=operation.get("security") == [],
        fields=tuple(map(_field, [*item.get("parameters", ()), *operation.get("parameters", ())])),
        takes=made(asked.get("schema", {})),
        gives=next((of for said in answers.values() if (of := made(_content(said).get("schema", {}))).shape), Made()),
        body=next(_examples(asked), ""),
        answers=tuple((code, tuple(spans(said.get("description", "")))) for code, said in answers.items()),
        answer=next((shown for said in answers.values() for shown in _examples(_content(said))), ""),
    )


def _field(parameter: Json) -> ApiField:
    return ApiField(
        name=parameter["name"],
        where=parameter["in"],
        made=made(parameter.get("schema", {})),
        required=bool(parameter.get("required")),
        about=tuple(spans(parameter.get("description", ""))),
    )


def _content(said: Json) -> Json:
    """The first way in which it is written, mostly the only one."""
    return next(iter(said.get("content", {}).values()), {})


def _examples(content: Json) -> Iterator[str]:
    """As JSON to read."""
    values = [example["value"] for example in content.get("examples", {}).values() if "value" in example]
    for value in [*values, *content.get("schema", {}).get("examples", ())]:
        yield value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)
