"""Backups that never lack a right: one is made when somebody means to go back, and made anew whenever a right was given
to any bank since. As soon as facts were taken behind it, the next right is what it goes back for: its transaction never
comes through, the server dies there, and starts with the copy.

So everything can be lost that came of facts, and what happens when rights are lost as well is not looked at here.
"""

import asyncio

from cranny.sim.whole.homestead import Homestead
from cranny.sim.whole.line import LinePool
from cranny.sim.whole.mirror import Mirror


class Backups:
    def __init__(self, homestead: Homestead, pool: LinePool, mirror: Mirror) -> None:
        self._homestead = homestead
        self._pool = pool
        self._mirror = mirror
        self._meant: asyncio.Future[int] | None = None
        """Somebody waits for how many facts will be lost."""
        self._due = False
        self._held = 0

    async def lose(self) -> int:
        """Go back some time from now on. How many facts were lost."""
        self._meant = asyncio.get_running_loop().create_future()
        try:
            async with self._pool.alone():
                self._back_up()
            return await self._meant
        finally:
            self._meant, self._due = None, False

    def gives(self) -> bool:
        """A right is about to be given: whether it never is."""
        self._due = self._meant is not None and len(self._mirror.books.facts.kept) > self._held
        return self._due

    def gave(self) -> None:
        """One was."""
        if self._meant is not None:
            self._pool.hang_up()
            self._back_up()

    async def go_back(self) -> None:
        """If it is time. Called while the server is down."""
        if not self._due or self._meant is None:
            return
        async with self._pool.alone():
            lost = len(self._mirror.books.facts.kept) - self._held
            self._mirror.hang_up()
            self._homestead.go_back()
            self._mirror.look_anew()
        self._due = False
        self._meant.set_result(lost)

    def _back_up(self) -> None:
        self._mirror.hang_up()
        self._homestead.back_up()
        self._held = len(self._mirror.books.facts.kept)
