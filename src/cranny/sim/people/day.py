"""The day in a simulated world: it ends for everybody at once, and whoever naps wakes up."""

import asyncio


class Day:
    def __init__(self) -> None:
        self._evening = asyncio.Event()

    @property
    def over(self) -> bool:
        """Nobody sends or brings anything any more, and everybody wants what is theirs."""
        return self._evening.is_set()

    def end(self) -> None:
        self._evening.set()

    async def nap(self, seconds: float) -> bool:
        """Wait so long, or until the day is over. Whether it is."""
        try:
            async with asyncio.timeout(seconds):
                await self._evening.wait()
        except TimeoutError:
            return False
        return True

    async def evening(self) -> None:
        await self._evening.wait()
