"""What goes in and comes out of the API, shape by shape, out of its description."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from cranny.ui.reference import ApiField, ApiShape, Made, Spans

Json = Mapping[str, Any]
PAGE: Final = "Page_"


def shapes(document: Json) -> tuple[ApiShape, ...]:
    """All of them by name, but for the pages of lists, which are all alike."""
    found = document.get("components", {}).get("schemas", {})
    return tuple(_shape(name, found[name]) for name in sorted(found) if not name.startswith(PAGE))


def _shape(name: str, schema: Json) -> ApiShape:
    wanted = schema.get("required", ())
    fields = (
        ApiField(name=field, made=made(part), required=field in wanted, about=tuple(spans(part.get("description", ""))))
        for field, part in schema.get("properties", {}).items()
    )
    return ApiShape(
        name=name, about=paragraphs(schema.get("description", "")), values=_values(schema), fields=tuple(fields)
    )


def _values(schema: Json) -> tuple[str, ...]:
    return tuple(map(str, schema.get("enum", ())))


def made(schema: Json) -> Made:
    """In words, and which shape it is or is made of."""
    if "allOf" in schema:
        return made(schema["allOf"][0])
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return Made("a page of", name.rpartition(".")[2].rstrip("_")) if name.startswith(PAGE) else Made("", name)
    if "oneOf" in schema:
        return _one_of(schema["oneOf"])
    for key, words in (("items", "a list of"), ("additionalProperties", "by name")):
        if isinstance(inner := schema.get(key), Mapping):
            of = made(inner)
            return Made(f"{words} {of.words}".strip(), of.shape)
    return Made(_plain(schema))


def _one_of(ways: Sequence[Json]) -> Made:
    found = [made(way) for way in ways if way.get("type") != "null"]
    words = dict.fromkeys(way.words for way in found if way.words)
    return Made(" or ".join(words), next((way.shape for way in found if way.shape), ""), null=len(found) < len(ways))


def _plain(schema: Json) -> str:
    if "enum" in schema:
        return ", ".join(_values(schema))
    kind = schema.get("type", "")
    words = str(schema.get("format") or (kind if isinstance(kind, str) else " or ".join(kind)))
    return f"{words} from {schema['minimum']} to {schema['maximum']}" if "minimum" in schema else words


def paragraphs(text: str) -> tuple[Spans, ...]:
    return tuple(tuple(spans(" ".join(part.split()))) for part in text.split("\n\n") if part.strip())


def spans(text: str) -> Iterator[tuple[bool, str]]:
    """Parts of a sentence, each with whether it stands between backticks."""
    yield from ((bool(n % 2), part) for n, part in enumerate(text.split("`")) if part)
