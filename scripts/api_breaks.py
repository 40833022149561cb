"""What of a new description of the API would break a client that was made for the old one.

A break has a name, which docs/api-changes.md must say (in backticks, on a line that begins with `* **Breaks**`) before
it may happen: `listBanks` is gone, `announceDelivery request.items` is asked for, `getBank 200.state` is not there.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from cranny.web.literal import ecma

METHODS: Final = ("get", "put", "post", "patch", "delete")
LOWER: Final = ("minimum", "exclusiveMinimum", "minLength", "minItems")
UPPER: Final = ("maximum", "exclusiveMaximum", "maxLength", "maxItems")
TOLD: Final = frozenset({"description", "examples", "example", "summary", "title", "headers", "links", "tags"})
"""What tells people something and binds no program."""
NAMED: Final = frozenset({"properties", "responses", "content"})
"""Under these stand names."""

Side = Literal["asked", "answered"]
Schema = Mapping[str, Any]


def shape(document: Mapping[str, Any]) -> dict[str, Any]:
    """The description without what binds no program: what a baseline keeps."""
    kept = {"info": {"version": document["info"]["version"]}, "paths": _bare(document["paths"], named=True)}
    return {**kept, "components": {"schemas": _bare(document["components"]["schemas"], named=True)}}


def _bare(value: Any, *, named: bool = False) -> Any:
    """`named`: the keys are names that somebody chose, not words of the specification."""
    if isinstance(value, Mapping):
        return {
            key: _bare(inner, named=not named and key in NAMED)
            for key, inner in value.items()
            if named or key not in TOLD
        }
    return [_bare(one) for one in value] if isinstance(value, list) else value


@dataclass(frozen=True)
class Break:
    """`name` is what has to be said of it, `why` what is different."""

    name: str
    why: str

    def __str__(self) -> str:
        return f"`{self.name}`: {self.why}"


def breaks(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Break]:
    """In the order of the old description."""
    compare = _Comparison(old, new)
    found: list[Break] = []
    for path, item in old["paths"].items():
        for method in METHODS:
            if method in item:
                there = new["paths"].get(path, {}).get(method)
                found += compare.operation(item[method], there, f"{method.upper()} {path}")
    return found


def unsaid(found: Sequence[Break], changes: str) -> list[Break]:
    """Those that the text of docs/api-changes.md does not name."""
    lines = [line for line in changes.splitlines() if line.startswith("* **Breaks**")]
    return [one for one in found if not any(f"`{one.name}`" in line for line in lines)]


@dataclass
class _Comparison:
    old: Mapping[str, Any]
    new: Mapping[str, Any]
    under_way: set[tuple[str, str, Side]] = field(default_factory=set)
    """Pairs of names that are being compared: a schema may hold itself."""

    def operation(self, old: Schema, new: Schema | None, address: str) -> Iterator[Break]:
        name = old["operationId"]
        if new is None:
            yield Break(name, f"{address} is gone")
            return
        if new["operationId"] != name:
            yield Break(name, f"it is called {new['operationId']} now: clients that are generated have another name")
        if old.get("security") == [] and new.get("security") != []:
            yield Break(name, "it asks for a key now")
        yield from self._parameters(old, new, name)
        yield from self._body(old.get("requestBody"), new.get("requestBody"), name)
        yield from self._answers(old["responses"], new["responses"], name)

    def _parameters(self, old: Schema, new: Schema, name: str) -> Iterator[Break]:
        before = {(one["in"], one["name"]): one for one in old.get("parameters", [])}
        after = {(one["in"], one["name"]): one for one in new.get("parameters", [])}
        for key, one in before.items():
            where = f"{name} {key[0]}.{key[1]}"
            if key not in after:
                yield Break(where, "it is gone")
            else:
                yield from self.schema(one.get("schema", {}), after[key].get("schema", {}), where, "asked")
        for key, one in after.items():
            if one.get("required") and not before.get(key, {}).get("required"):
                yield Break(f"{name} {key[0]}.{key[1]}", "it has to be there now")

    def _body(self, old: Schema | None, new: Schema | None, name: str) -> Iterator[Break]:
        where = f"{name} request"
        if new is not None and new.get("required") and not (old or {}).get("required"):
            yield Break(where, "a body has to be there now")
        if old is not None and new is None:
            yield Break(where, "it takes no body any more")
            return
        for kind, content in (old or {}).get("content", {}).items():
            there = (new or {})["content"].get(kind)
            if there is None:
                yield Break(where, f"{kind} is not taken any more")
            else:
                yield from self.schema(content.get("schema", {}), there.get("schema", {}), where, "asked")

    def _answers(self, old: Schema, new: Schema, name: str) -> Iterator[Break]:
        for code, answer in old.items():
            where = f"{name} {code}"
            if code not in new:
                if code.startswith("2"):
                    yield Break(where, "it does not answer so any more")
                continue
            for kind, content in answer.get("content", {}).items():
                there = new[code].get("content", {}).get(kind)
                if there is None:
                    yield Break(where, f"the answer is no {kind} any more")
                else:
                    yield from self.schema(content.get("schema", {}), there.get("schema", {}), where, "answered")

    # ------------------------------------------------------------ schemas

    def schema(self, old: Schema, new: Schema, where: str, side: Side) -> Iterator[Break]:
        pair = (str(_names(old)), str(_names(new)), side)
        if _names(old) and pair in self.under_way:
            return
        self.under_way.add(pair)
        yield from self._kinds(self._variants(self.old, old), self._variants(self.new, new), where, side)
        self.under_way.discard(pair)

    def _kinds(self, old: dict[str, Schema], new: dict[str, Schema], where: str, side: Side) -> Iterator[Break]:
        may, must = (old, new) if side == "asked" else (new, old)
        for kind in may:
            wide = "number" if kind == "integer" else kind
            if "any" not in must and kind not in must and wide not in must:
                yield Break(where, f"{kind} is not taken any more" if side == "asked" else f"it may be {kind} now")
        for kind in old.keys() & new.keys():
            yield from self._same_kind(old[kind], new[kind], where, side)

    def _same_kind(self, old: Schema, new: Schema, where: str, side: Side) -> Iterator[Break]:
        if old.get("format") != new.get("format"):
            yield Break(where, f"the format {old.get('format')} is {new.get('format')} now")
        if side == "asked":
            yield from _narrower(old, new, where)
        if "items" in old and "items" in new:
            yield from self.schema(old["items"], new["items"], f"{where}[]", side)
        yield from self._fields(old, new, where, side)

    def _fields(self, old: Schema, new: Schema, where: str, side: Side) -> Iterator[Break]:
        before, after = old.get("properties", {}), new.get("properties", {})
        for name, inner in before.items():
            here = f"{where}.{name}"
            if name not in after:
                yield Break(here, "it is gone")
            else:
                yield from self.schema(inner, after[name], here, side)
        had, has = set(old.get("required", ())), set(new.get("required", ()))
        if side == "asked":
            yield from (Break(f"{where}.{name}", "it has to be there now") for name in sorted(has - had))
        else:
            gone = sorted((had - has) & after.keys())
            yield from (Break(f"{where}.{name}", "it may be left out now") for name in gone)

    def _variants(self, document: Mapping[str, Any], schema: Schema) -> dict[str, Schema]:
        """By kind: a type of JSON, or `any`. Of several objects the kind has a number."""
        found: dict[str, Schema] = {}
        for one in _flat(document, schema):
            kinds = one.get("type", "object" if "properties" in one else "any")
            for kind in [kinds] if isinstance(kinds, str) else kinds:
                name = kind
                while name in found:
                    name += "'"
                found[name] = one
        return found


def _flat(document: Mapping[str, Any], schema: Schema) -> Iterator[Schema]:
    if "$ref" in schema:
        yield from _flat(document, document["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    elif parts := schema.get("oneOf") or schema.get("anyOf") or schema.get("allOf"):
        for part in parts:
            yield from _flat(document, part)
    elif "const" in schema:
        yield {"enum": [schema["const"]], "type": _TYPES.get(type(schema["const"]), "string"), **schema}
    else:
        yield schema


_TYPES: Final = {bool: "boolean", int: "integer", float: "number", type(None): "null"}


def _names(schema: Schema) -> list[str]:
    """The schemas that it refers to directly."""
    parts = [schema, *schema.get("oneOf", ()), *schema.get("anyOf", ()), *schema.get("allOf", ())]
    return [part["$ref"] for part in parts if "$ref" in part]


def _narrower(old: Schema, new: Schema, where: str) -> Iterator[Break]:
    """What was taken and is not any more."""
    if "enum" in new and (gone := [value for value in old.get("enum", ["anything"]) if value not in new["enum"]]):
        yield Break(where, f"{', '.join(map(str, gone))} is not taken any more")
    for words, tighter in ((LOWER, float.__gt__), (UPPER, float.__lt__)):
        for word in words:
            if word in new and (word not in old or tighter(float(new[word]), float(old[word]))):
                yield Break(where, f"{word} is {new[word]} now")
    if "pattern" in new and new["pattern"] != ecma(old.get("pattern", "")):  # older baselines have Python's
        yield Break(where, f"it has to look like {new['pattern']} now")
    if old.get("additionalProperties", True) is not False and new.get("additionalProperties") is False:
        yield Break(where, "fields that are not known are refused now")
