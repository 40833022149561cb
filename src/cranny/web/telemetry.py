"""Logs: one structured line for each thing that happened, JSON in production, readable on a terminal.

Secrets never get into them: values under telling names are blotted out at any depth, whoever logged them.
"""

import logging
import re
import sys
from collections.abc import Mapping
from typing import Any, Final, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

SECRET: Final = frozenset(
    {"authorization", "claim", "code", "cookie", "password", "pepper", "pin", "qr", "secret", "seed", "token"}
)
"""Names whose values are never logged."""
PART: Final = frozenset({"authorization", "password", "pepper", "secret", "seed", "token"})
"""The same, also as a part of a name (`api_token`, `x-secret`)."""
BLOT: Final = "[redacted]"
_DEEPEST: Final = 6
_DETAIL: Final = re.compile(r"(DETAIL:\s+)[^\n]*")


def set_up(*, json: bool, level: str = "INFO", to: TextIO | None = None) -> None:
    """Send our own lines and those of the libraries the same way, to `to` (standard error)."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        redact,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    # Without the local variables, which may be anything.
    tracebacks = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
    last: list[Processor] = (
        [
            structlog.processors.ExceptionRenderer(tracebacks),
            drop_details,
            structlog.processors.JSONRenderer(),
        ]
        if json
        else [structlog.processors.format_exc_info, drop_details, structlog.dev.ConsoleRenderer()]
    )
    handler = logging.StreamHandler(to or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    # uvicorn's own access lines hold addresses; ours name the route only.
    logging.getLogger("uvicorn.access").disabled = True


def drop_details(_: WrappedLogger, __: str, line: EventDict) -> EventDict:
    """A structlog processor, after the exception was made text or plain values: PostgreSQL's DETAIL quotes
    whole rows, with names and addresses of people."""
    return {key: _without_details(value) if key == "exception" else value for key, value in line.items()}


def _without_details(value: Any) -> Any:
    if isinstance(value, str):
        return _DETAIL.sub(rf"\1{BLOT}", value)
    if isinstance(value, Mapping):
        return {key: _without_details(inner) for key, inner in value.items()}
    return [_without_details(inner) for inner in value] if isinstance(value, list) else value


def redact(_: WrappedLogger, __: str, line: EventDict) -> EventDict:
    """A structlog processor: blot out what stands under a telling name."""
    return {key: _blot(key, value, _DEEPEST) for key, value in line.items()}


def _blot(name: object, value: Any, depth: int) -> Any:
    if isinstance(name, str) and _tells(name):
        return BLOT
    if depth == 0:
        return BLOT
    if isinstance(value, Mapping):
        return {key: _blot(key, inner, depth - 1) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_blot("", inner, depth - 1) for inner in value]
    return value


def _tells(name: str) -> bool:
    low = name.lower().replace("-", "_")
    return low in SECRET or not PART.isdisjoint(low.split("_"))
