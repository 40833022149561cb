"""The day in a simulated world: it ends for everybody at once, and whoever naps wakes up."""

import asyncio


class Day:
    def __init__(self) -> None:
        self._evening = asyncio.Event()
        self._late_at = 0.0

    @property
    def over(self) -> bool:
        """Nobody sends or brings anything any more, and everybody wants what is theirs."""
        return self._evening.is_set()

    def end(self, *, late_s: float) -> None:
        """`late_s` later whatever was on its way has arrived."""
        self._late_at = asyncio.get_running_loop().time() + late_s
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

    async def late(self) -> None:
        """Until it is late in the evening."""
        await self._evening.wait()
        await asyncio.sleep(self._late_at - asyncio.get_running_loop().time())
