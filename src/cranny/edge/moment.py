"""A moment as a bank can tell it: by the edge's own time, which a clock that was wrong once holds fast for long, and by
what nobody can set, how long this run of the controller has lasted."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Moment:
    """`edge_ms` since 1970 UTC and never before what was shown once, `mono_ms` since the start of the run `boot`."""

    edge_ms: int
    boot: bytes = b""
    mono_ms: int = 0


NEVER = Moment(0)
