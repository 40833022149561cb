"""Reads the facts that banks write all day, quicker than a reader of all CBOR can, and only in their one form.

Each byte is looked at once: a number, a length or a text that could be written in fewer bytes, or a key out of order,
ends the reading. So whatever is read here would be written in the same bytes again, and need not be. Everything that
is unusual is left to the careful reader, which knows all of CBOR and says what is wrong: see `facts.decode`.
"""

import re
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

_UUID: Final = b"\xd8\x25\x50"
"""Tag 37 and a string of 16 bytes."""
_HEAD: Final = b"\x8d\x01" + _UUID
"""An array of 13, version 1, an id."""
_HASH: Final = b"\x58\x20"
_KIND: Final = re.compile(r"[a-z0-9_.]{1,64}")
_QUALITIES: Final = {b"\x64good": "good", b"\x68doubtful": "doubtful"}
_PLAIN: Final[dict[int, bool | None]] = {0xF4: False, 0xF5: True, 0xF6: None}
_SHORT, _ONE_BYTE, _EIGHT_BYTES = 24, 24, 27
"""Numbers below 24 are their own head; the heads 24 to 27 announce 1, 2, 4 and 8 bytes."""
_TEXT, _ARRAY, _MAP, _TAG = 0x60, 0x80, 0xA0, 0xD8
_LONGEST_TEXT_HEAD: Final = 0x78
_LAST: Final = 2**63 - 1
_YEAR_9999: Final = 253_402_300_799_999


class Unusual(ValueError):
    """Not for this reader."""


def read(raw: bytes) -> list[Any]:
    """The fields of a fact, in order. Raises ValueError or IndexError for what it does not know, whether it is a fact
    or not."""
    if raw[:5] != _HEAD or raw[21:24] != _UUID:
        raise Unusual
    epoch, at = _number(raw, 40)
    seq, at = _number(raw, at)
    before = raw[at + 2 : at + 34]
    kind, end = _text(raw, at + 34)
    if raw[at : at + 2] != _HASH or not seq or not _KIND.fullmatch(kind):
        raise Unusual
    body, at = _body(raw, end)
    if raw[at : at + 3] != _UUID:
        raise Unusual
    boot = _id(raw[at + 3 : at + 19])
    mono, at = _number(raw, at + 19)
    wall, at = _number(raw, at)
    quality, offline = _QUALITIES.get(raw[at:-1]), _PLAIN.get(raw[-1])
    if quality is None or offline is None or wall > _YEAR_9999:
        raise Unusual
    return [1, _id(raw[5:21]), _id(raw[24:40]), epoch, seq, before, kind, body, boot, mono, wall, quality, offline]


def _body(raw: bytes, at: int) -> tuple[dict[str, Any], int]:
    """A map of few and plain values; its keys in order, each once."""
    count = raw[at] - _MAP
    if not 0 <= count < _SHORT:
        raise Unusual
    at += 1
    body: dict[str, Any] = {}
    last = b""
    for _ in range(count):
        key, end = _text(raw, at)
        if raw[at:end] <= last:
            raise Unusual
        last = raw[at:end]
        body[key], at = _value(raw, end)
    return body, at


def _value(raw: bytes, at: int) -> tuple[Any, int]:
    head = raw[at]
    if head == _TAG:
        if raw[at : at + 3] != _UUID:
            raise Unusual
        return _id(raw[at + 3 : at + 19]), at + 19
    if head <= _EIGHT_BYTES:
        return _number(raw, at)
    if _TEXT <= head <= _LONGEST_TEXT_HEAD:
        return _text(raw, at)
    if head in _PLAIN:
        return _PLAIN[head], at + 1
    if _ARRAY <= head < _ARRAY + _SHORT:
        return _ids(raw, at + 1, head - _ARRAY)
    raise Unusual


def _ids(raw: bytes, at: int, count: int) -> tuple[list[UUID], int]:
    found: list[UUID] = []
    for _ in range(count):
        if raw[at : at + 3] != _UUID:
            raise Unusual
        found.append(_id(raw[at + 3 : at + 19]))
        at += 19
    return found, at


def _number(raw: bytes, at: int) -> tuple[int, int]:
    """From 0 to 2**63 - 1, in as few bytes as it takes."""
    head = raw[at]
    if head < _SHORT:
        return head, at + 1
    if head > _EIGHT_BYTES:
        raise Unusual
    size = 1 << (head - _ONE_BYTE)
    end = at + 1 + size
    value = int.from_bytes(raw[at + 1 : end], "big")
    least = _SHORT if size == 1 else 1 << 4 * size
    if not least <= value <= _LAST or end > len(raw):
        raise Unusual
    return value, end


def _text(raw: bytes, at: int) -> tuple[str, int]:
    """Of up to 255 bytes."""
    size = raw[at] - _TEXT
    start = at + 1
    if size == _ONE_BYTE:
        size, start = raw[start], at + 2
        if size < _SHORT:
            raise Unusual
    elif not 0 <= size < _SHORT:
        raise Unusual
    end = start + size
    return raw[start:end].decode(), end


@lru_cache(maxsize=4096)
def _id(raw: bytes) -> UUID:
    """The same few ids come again and again: tenant, bank and boot in every fact, an opening in four."""
    return UUID(bytes=raw)
