"""What the code says of a shape in its docstring is said in the description of the API too; and what a field means."""

import inspect
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from enum import Enum
from typing import Any, Final, get_args, get_origin

import msgspec
from litestar import Litestar
from litestar.openapi.spec import OpenAPI, Reference, Schema
from litestar.routes import HTTPRoute

_NAMED: Final = re.compile(r"`(\w+)`")


def tell(app: Litestar, document: OpenAPI, *, meanings: Mapping[str, str]) -> None:
    """Add it. `meanings` of `Shape.field`, and of a `field` wherever the shape's own text does not name it."""
    texts = {shape.__name__: _text(shape) for shape in _shapes(app)}
    schemas: dict[str, Any] = document.components.schemas
    for name, schema in schemas.items():
        shape = name.partition("_")[0]  # of a generic one Litestar writes the arguments behind it
        if isinstance(schema, Schema):
            schemas[name] = _told(schema, shape, texts.get(shape, ""), meanings)
        else:
            _tell_plain(schema, shape, meanings)


def _told(schema: Schema, shape: str, text: str, meanings: Mapping[str, str]) -> Schema:
    fields = {name: _field(part, shape, name, text, meanings) for name, part in (schema.properties or {}).items()}
    return replace(schema, description=text or schema.description, properties=fields or None)


def _field(part: Reference | Schema, shape: str, name: str, text: str, meanings: Mapping[str, str]) -> Any:
    said = part.description or _meaning(shape, name, text, meanings)
    return replace(part, description=said) if said else part


def _tell_plain(schema: dict[str, Any], shape: str, meanings: Mapping[str, str]) -> None:
    """One that msgspec has written: its text is there."""
    for name, part in schema.get("properties", {}).items():
        if said := _meaning(shape, name, schema.get("description", ""), meanings):
            part.setdefault("description", said)


def _meaning(shape: str, name: str, text: str, meanings: Mapping[str, str]) -> str | None:
    own = meanings.get(f"{shape}.{name}")
    return own or (None if name in _NAMED.findall(text) else meanings.get(name))


def _text(shape: type) -> str:
    """The docstring of this very class, a line for each paragraph."""
    text = inspect.cleandoc(vars(shape).get("__doc__") or "")
    return "\n\n".join(" ".join(part.split()) for part in text.split("\n\n"))


def _shapes(app: Litestar) -> Iterator[type]:
    """Every class of ours that is written or read somewhere."""
    seen = set[str]()
    for route in app.routes:
        for handler, _ in route.route_handler_map.values() if isinstance(route, HTTPRoute) else ():
            if handler.resolve_include_in_schema():
                signature = handler.parsed_fn_signature
                answers = [spec.data_container for spec in (handler.responses or {}).values()]
                taken = [one.raw for one in (signature.return_type, *signature.parameters.values())]
                for annotation in (*answers, *taken):
                    yield from _inside(annotation, seen)


def _inside(annotation: Any, seen: set[str]) -> Iterator[type]:
    """The structs and enumerations that a type is made of."""
    key = repr(annotation)
    if key in seen:
        return
    seen.add(key)
    for part in (get_origin(annotation), *get_args(annotation)):
        yield from _inside(part, seen)
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        yield annotation
        for field in msgspec.structs.fields(annotation):
            yield from _inside(field.type, seen)
    elif isinstance(annotation, type) and issubclass(annotation, Enum):
        yield annotation
