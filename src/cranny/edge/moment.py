"""A moment as a bank can tell it: by the edge's own time, which a clock that was wrong once holds fast for long, and by
what nobody can set, how long this run of the controller has lasted."""

from dataclasses import dataclass

import msgspec


@dataclass(frozen=True, slots=True)
class Moment:
    """`edge_ms` since 1970 UTC and never before what was shown once, `mono_ms` since the start of the run `boot`."""

    edge_ms: int
    boot: bytes = b""
    mono_ms: int = 0


NEVER = Moment(0)


def pack(at: Moment) -> bytes:
    """MessagePack."""
    return msgspec.msgpack.encode((at.edge_ms, at.boot, at.mono_ms))


def unpack(packed: bytes) -> Moment:
    """The inverse of `pack`; an older controller wrote the edge's time alone."""
    read = msgspec.msgpack.decode(packed, type=int | tuple[int, bytes, int])
    return Moment(read) if isinstance(read, int) else Moment(*read)
