"""What docstrings say of a shape and of its fields. Python keeps those of classes only; those of fields are read from
the source."""

import ast
import inspect
import sys
from collections.abc import Iterator, Mapping
from functools import cache

import msgspec


def text(shape: type) -> str:
    """Its docstring, and what it inherits, a line for each paragraph."""
    texts = [inspect.cleandoc(vars(base).get("__doc__") or "") for base in _ours(shape)]
    return "\n\n".join(" ".join(part.split()) for text in texts for part in text.split("\n\n") if part.strip())


def fields(shape: type) -> Mapping[str, str]:
    """What stands right below them, by their names in JSON; nothing for what is no struct."""
    if not issubclass(shape, msgspec.Struct):
        return {}
    said = dict[str, str]()
    for base in reversed(_ours(shape)):
        said |= _docstrings(base.__module__).get(base.__name__, {})
    return {field.encode_name: said[field.name] for field in msgspec.structs.fields(shape) if field.name in said}


def _ours(shape: type) -> list[type]:
    return [base for base in shape.__mro__ if base.__module__.partition(".")[0] == __name__.partition(".")[0]]


@cache
def _docstrings(module: str) -> Mapping[str, Mapping[str, str]]:
    """By class and field. A server that was installed without its sources still starts, and says less."""
    try:
        tree = ast.parse(inspect.getsource(sys.modules[module]))
    except OSError:
        return {}
    return {node.name: dict(_below(node)) for node in tree.body if isinstance(node, ast.ClassDef)}


def _below(node: ast.ClassDef) -> Iterator[tuple[str, str]]:
    """The text right behind each field."""
    for field, text in zip(node.body, node.body[1:], strict=False):
        match field, text:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(said))):
                yield name, " ".join(said.split())
