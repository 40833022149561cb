"""From a database record to a typed row."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final, TypeVar
from uuid import UUID

import msgspec

T = TypeVar("T", bound=msgspec.Struct)

_AS_THEY_ARE: Final = (UUID, bytes, datetime, date, time, timedelta, Decimal)


def to(kind: type[T], record: Mapping[str, Any]) -> T:
    """`record` as a `kind`: columns by name, text to enums, jsonb to structs; columns that `kind` does not
    have are passed over. Raises msgspec.ValidationError when a value does not fit: the schema and the struct
    have parted."""
    return msgspec.convert(dict(record), kind, builtin_types=_AS_THEY_ARE)


def every(kind: type[T], records: Iterable[Mapping[str, Any]]) -> list[T]:
    """`to` for each."""
    return [to(kind, record) for record in records]
