"""What the description of the API has to say to the letter, and Litestar does not: the nulls of examples, which it
leaves out, and patterns, which everybody but Python reads as ECMA-262 has them."""

from dataclasses import dataclass, is_dataclass
from typing import Any, Final

import msgspec
from litestar.openapi.spec import Example, Schema
from litestar.openapi.spec.base import BaseSchemaObject

_END: Final = r"\Z"


@dataclass
class _Literal(BaseSchemaObject):
    value: Any

    def to_schema(self) -> Any:
        return self.value


def ecma(pattern: str) -> str:
    r"""Python's `\Z` is the end of a text, which is `$` there. Python's own `$` also lets a last newline pass, so ours
    end in `\Z`."""
    return f"{pattern.removesuffix(_END)}$" if pattern.endswith(_END) else pattern


def spell(part: object) -> None:
    """Of all that is inside the description."""
    if isinstance(part, Example):
        part.value = _literal(part.value)
    elif isinstance(part, dict):
        for inner in part.values():
            spell(inner)
    elif isinstance(part, list):
        for inner in part:
            spell(inner)
    elif is_dataclass(part):
        if isinstance(part, Schema):
            part.examples = part.examples and [_literal(one) for one in part.examples]
            part.pattern = part.pattern and ecma(part.pattern)
        for inner in vars(part).values():
            if inner is not None:
                spell(inner)


def _literal(value: object) -> _Literal:
    """Some parts stand in several descriptions: what is literal already stays."""
    return value if isinstance(value, _Literal) else _Literal(msgspec.to_builtins(value))
