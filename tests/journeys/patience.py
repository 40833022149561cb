"""Waiting for what will be so, and no longer."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx2

PATIENCE_S = 60


async def eventually(question: Callable[[], Awaitable[Any]], *, within: float = PATIENCE_S, every: float = 0.1) -> Any:
    """The first answer that is not None and not False."""
    async with asyncio.timeout(within):
        while True:
            try:
                answer = await question()
            except httpx2.TransportError:
                answer = None
            if answer not in (None, False):
                return answer
            await asyncio.sleep(every)
