"""What the product logs inside a simulation: none of it on the screen, all of it counted."""

import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, NoReturn

import structlog
from structlog.typing import EventDict, WrappedLogger

from cranny.core.errors import CrannyError, Unavailable

EXPECTED: Final = frozenset({"controller stopped"})
"""Lines that tell of an error which is no mistake, when the error is one of ours."""

CUT_OFF: Final = frozenset({"message handler failed"})
"""The same, when the error is that the broker is not there: whoever waits for the answer asks again."""

NEVER: Final = frozenset({"forked"})
"""Lines that tell of something which can't be in a world where no disk is ever replaced."""


@dataclass(frozen=True, slots=True)
class Flaw:
    """`bug` says what went wrong where nothing should; empty for an ordinary line."""

    event: str
    bug: str = ""


@contextmanager
def listening(hear: Callable[[Flaw], None]) -> Iterator[None]:
    """Every line goes to `hear` for as long as the block runs."""

    def take(_: WrappedLogger, __: str, line: EventDict) -> NoReturn:
        error = sys.exc_info()[1] if line.get("exc_info") else None
        event = str(line["event"])
        hear(Flaw(event, "it can't be" if event in NEVER else _bug(event, error)))
        raise structlog.DropEvent

    # Loggers hold on to this very list.
    processors = structlog.get_config()["processors"]
    before = list(processors)
    processors[:] = [take]
    try:
        yield
    finally:
        processors[:] = before


def _bug(event: str, error: BaseException | None) -> str:
    expected = CrannyError if event in EXPECTED else Unavailable if event in CUT_OFF else ()
    if error is None or isinstance(error, expected):
        return ""
    where = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} ({where.name}, line {where.lineno})"
