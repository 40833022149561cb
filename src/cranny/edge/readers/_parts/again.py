"""A device that comes and goes: listen to it, and when it is gone, wait until it is back."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from typing import Final, TypeVar

import structlog

from cranny.core.rng import Rng
from cranny.edge.backoff import Backoff

LONGEST_S: Final = 5.0
"""Somebody stands there who has just put the plug in again."""

T = TypeVar("T")

log = structlog.get_logger(__name__)


async def again(listen: Callable[[], AsyncIterator[T]], *, name: str, rng: Rng) -> AsyncIterator[T]:
    """What `listen` hears, for ever: it is begun anew when it ends or raises OSError. Told once when it goes, and once
    when it is back."""
    backoff, gone = Backoff(rng, longest_s=LONGEST_S), False
    while True:
        why = "it ended"
        try:
            async with aclosing(listen()) as hearing:  # type: ignore[type-var] # what is heard comes from a generator
                async for heard in hearing:
                    backoff.success()
                    if gone:
                        log.info("a reader is back", reader=name)
                        gone = False
                    yield heard
        except OSError as error:
            why = str(error)
        if not gone:
            log.warning("a reader is gone", reader=name, why=why)
            gone = True
        await asyncio.sleep(backoff.failure())
