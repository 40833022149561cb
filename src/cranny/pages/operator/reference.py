"""The API for people: drawn from the same description that programs read at `/schema/openapi.json`."""

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Final

from litestar import Litestar, Response, get
from litestar.types import ControllerRouterHandler

from cranny.pages.operator.desk import HTML, Desk, Told
from cranny.ui.reference import ApiCall, ApiField, ApiGroup
from cranny.web.openapi import PUBLIC

ADDRESS: Final = "/docs"
FIRST: Final = ("deliveries", "banks", "commands", "events", "grants", "notices", "alarms", "anomalies")
LAST: Final = "health"
METHODS: Final = ("get", "post", "put", "patch", "delete")

Json = Mapping[str, Any]


def reference_routes(desk: Desk) -> list[ControllerRouterHandler]:
    @cache
    def page(app: Litestar) -> str:
        document = app.openapi_schema.to_schema()
        values = {"groups": groups(document), "version": document["info"]["version"]}
        return desk.pages.render("reference.html", language="en", **values)

    @get(ADDRESS, opt={PUBLIC: True}, include_in_schema=False, sync_to_thread=False)
    def reference(request: Told) -> Response[str]:
        """In English only, as the description is."""
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
        about=tuple(_paragraphs(operation.get("description", ""))),
        public=operation.get("security") == [],
        fields=tuple(map(_field, [*item.get("parameters", ()), *operation.get("parameters", ())])),
        body=next(_examples(asked), ""),
        answers=tuple((code, said.get("description", "")) for code, said in answers.items()),
        answer=next((shown for said in answers.values() for shown in _examples(_content(said))), ""),
    )


def _field(parameter: Json) -> ApiField:
    schema = parameter.get("schema", {})
    kinds = [kind for one in (schema, *schema.get("oneOf", ())) if (kind := _kind(one)) and kind != "null"]
    return ApiField(
        name=parameter["name"],
        where=parameter["in"],
        kind=" or ".join(kinds),
        required=bool(parameter.get("required")),
        about=tuple(spans(parameter.get("description", ""))),
    )


def _kind(schema: Json) -> str:
    if "enum" in schema:
        return ", ".join(map(str, schema["enum"]))
    kind = schema.get("type", "")
    return str(schema.get("format") or (kind if isinstance(kind, str) else " or ".join(kind)))


def _content(said: Json) -> Json:
    """The first way in which it is written, mostly the only one."""
    return next(iter(said.get("content", {}).values()), {})


def _examples(content: Json) -> Iterator[str]:
    """As JSON to read."""
    values = [example["value"] for example in content.get("examples", {}).values() if "value" in example]
    for value in [*values, *content.get("schema", {}).get("examples", ())]:
        yield value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)


def _paragraphs(text: str) -> Iterator[tuple[tuple[bool, str], ...]]:
    for part in text.split("\n\n"):
        if part.strip():
            yield tuple(spans(" ".join(part.split())))


def spans(text: str) -> Sequence[tuple[bool, str]]:
    """Parts of a sentence, each with whether it stands between backticks."""
    return [(bool(n % 2), part) for n, part in enumerate(text.split("`")) if part]
