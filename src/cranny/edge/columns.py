"""Row structs to SQLite's columns and back: ids as text, lists as JSON."""

import functools
import types
import typing
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any, TypeVar
from uuid import UUID

import msgspec

from cranny.edge.rows import Row

R = TypeVar("R", bound=Row)
Reader = Callable[[Any], Any]


def write(row: Row) -> tuple[Any, ...]:
    """The row's columns."""
    return tuple(_plain(value) for value in msgspec.structs.astuple(row))


def read(kind: type[R], columns: Sequence[Any]) -> R:
    """The inverse of `write`."""
    return kind(*(reader(value) for reader, value in zip(_readers(kind), columns, strict=True)))


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return msgspec.json.encode(value).decode()
    if isinstance(value, UUID | StrEnum):
        return str(value)
    return int(value) if isinstance(value, bool) else value


@functools.cache
def _readers(kind: type[Row]) -> tuple[Reader, ...]:
    hints = typing.get_type_hints(kind)
    return tuple(_reader(hints[name]) for name in kind.__struct_fields__)


def _reader(hint: Any) -> Reader:
    if isinstance(hint, types.UnionType):
        inner = _reader(next(part for part in typing.get_args(hint) if part is not type(None)))
        return lambda value: None if value is None else inner(value)
    if typing.get_origin(hint) is list:
        return functools.partial(msgspec.json.decode, type=hint)
    if isinstance(hint, type) and issubclass(hint, UUID | StrEnum | bool):
        return hint
    return _as_is


def _as_is(value: Any) -> Any:
    return value
