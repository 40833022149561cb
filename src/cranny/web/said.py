"""What the code says of a shape and its fields is said in the description of the API too."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Final, get_args, get_origin

import msgspec
from litestar import Litestar
from litestar.openapi.spec import OpenAPI, Reference, Schema
from litestar.routes import HTTPRoute

from cranny.web import docstrings
from cranny.web.problems import Problem

_NAMED: Final = re.compile(r"`(\w+)`")


@dataclass(frozen=True, slots=True)
class _Said:
    """Of one shape: its text, and what its fields mean, by their names in JSON."""

    text: str
    fields: Mapping[str, str]

    def of(self, name: str, part: str | None, meanings: Mapping[str, str]) -> str | None:
        """What stands at the field, or nothing where the text names it, or what it means everywhere."""
        return part or self.fields.get(name) or (None if name in _NAMED.findall(self.text) else meanings.get(name))


def tell(app: Litestar, document: OpenAPI, *, meanings: Mapping[str, str]) -> None:
    """Add it. `meanings` of fields wherever nothing else is said of them."""
    said = {shape.__name__: _Said(docstrings.text(shape), docstrings.fields(shape)) for shape in _shapes(app)}
    schemas: dict[str, Any] = document.components.schemas
    for name, schema in schemas.items():
        # Of a generic one Litestar writes the arguments behind it.
        shape = said.get(name.partition("_")[0], _Said("", {}))
        if isinstance(schema, Schema):
            schemas[name] = _told(schema, shape, meanings)
        else:
            _tell_plain(schema, shape, meanings)


def _told(schema: Schema, said: _Said, meanings: Mapping[str, str]) -> Schema:
    fields = {name: _field(part, said.of(name, part.description, meanings)) for name, part in _properties(schema)}
    return replace(schema, description=said.text or schema.description, properties=fields or None)


def _properties(schema: Schema) -> Iterator[tuple[str, Reference | Schema]]:
    yield from (schema.properties or {}).items()


def _field(part: Reference | Schema, text: str | None) -> Reference | Schema:
    return replace(part, description=text) if text else part


def _tell_plain(schema: dict[str, Any], said: _Said, meanings: Mapping[str, str]) -> None:
    """One that msgspec has written: its text is there."""
    for name, part in schema.get("properties", {}).items():
        if text := said.of(name, part.get("description"), meanings):
            part["description"] = text


def _shapes(app: Litestar) -> Iterator[type]:
    """Every class of ours that is written or read somewhere."""
    seen = set[str]()
    yield from _inside(Problem, seen)
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
