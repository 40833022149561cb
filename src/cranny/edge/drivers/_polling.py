"""A line that speaks only when it is asked: who is in use on it, and what changed since the last round."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Final

from cranny.core.clock import Clock
from cranny.core.rng import Rng
from cranny.edge.backoff import Backoff
from cranny.edge.drivers import Address, BoardSilent, Changed, Reading

EVERY_S: Final = 0.1
"""Between two rounds. A door that is opened and shut again takes longer than that."""
SHY_S: Final = 10.0
"""The longest that a board which does not answer is left alone: asking it costs the others the time of its silence."""

AskUnit = Callable[[int], Awaitable[Mapping[Address, Reading]]]
"""Every channel in use of one board. Raises BoardSilent when that board does not answer."""


class Poller:
    """Boards fall silent one by one: the doors of the others stay in sight."""

    def __init__(self, ask: AskUnit, *, clock: Clock, rng: Rng, every_s: float = EVERY_S) -> None:
        self._ask = ask
        self._clock = clock
        self._rng = rng
        self._every_s = every_s
        self._fitted: dict[Address, None] = {}  # in order, so that a round is always the same
        self._news = asyncio.Event()

    def fit(self, addresses: Collection[Address]) -> None:
        self._fitted = dict.fromkeys(sorted(addresses))
        self.nudge()

    def fitted(self, unit: int) -> list[int]:
        """The channels in use of one board, in order."""
        return [channel for its, channel in self._fitted if its == unit]

    def __contains__(self, address: Address) -> bool:
        return address in self._fitted

    def nudge(self) -> None:
        """Something has just happened: look now."""
        self._news.set()
        self._news = asyncio.Event()

    async def read(self) -> Mapping[Address, Reading]:
        """Every channel in use of every board that answers. Raises BoardSilent when not one does."""
        found: dict[Address, Reading] = {}
        silent: BoardSilent | None = None
        for unit in self._units():
            try:
                found.update(await self._ask(unit))
            except BoardSilent as error:
                silent = error
        if silent is not None and not found:
            raise silent
        return found

    async def watch(self, changed: Changed) -> None:
        """As `Driver.watch`."""
        views: dict[int, _View] = {}
        while True:
            news, units = self._news, self._units()
            for unit in units:
                view = views.get(unit)
                if view is None:
                    view = views[unit] = _View(Backoff(self._rng, longest_s=SHY_S))
                if view.due <= self._clock.monotonic():
                    await self._look(unit, view, changed)
            if units and all(views[unit].silent for unit in units):
                raise views[units[0]].silent or BoardSilent("No lock board on this line answers.")
            try:
                async with asyncio.timeout(self._every_s):
                    await news.wait()
            except TimeoutError:
                pass

    async def _look(self, unit: int, view: "_View", changed: Changed) -> None:
        try:
            found = await self._ask(unit)
        except BoardSilent as silent:
            view.silent = silent
            view.due = self._clock.monotonic() + view.backoff.failure()
            for address in view.told:
                changed(address, None)
            view.told.clear()
            return
        view.silent = None
        view.backoff.success()
        for address, reading in found.items():
            if view.told.get(address) != reading:
                view.told[address] = reading
                changed(address, reading)

    def _units(self) -> list[int]:
        return list(dict.fromkeys(unit for unit, _ in self._fitted))


class Careful:
    """Where news may be wrong it has to be said twice, or is not yet so: after a silence, when an answer may be one
    that came too late even for the quiet that followed, and always where frames have no checksum. `timeouts` says
    how often a board did not answer so far."""

    def __init__(self, look: AskUnit, timeouts: Callable[[int], int], *, checked: bool = True) -> None:
        self._look = look
        self._timeouts = timeouts
        self._checked = checked
        self._calm: dict[int, int] = {}
        self._believed: dict[int, Mapping[Address, Reading]] = {}

    async def ask(self, unit: int) -> Mapping[Address, Reading]:
        """As AskUnit."""
        before = self._believed.pop(unit, {})
        found = await self._look(unit)
        timeouts = self._timeouts(unit)
        if found != before and (not self._checked or timeouts != self._calm.get(unit, 0)):
            found = _agreed(before, found, await self._look(unit))
        self._calm[unit] = timeouts
        self._believed[unit] = found
        return found


def _agreed(
    before: Mapping[Address, Reading], found: Mapping[Address, Reading], again: Mapping[Address, Reading]
) -> Mapping[Address, Reading]:
    """What was so before, or was now said twice."""
    sure = {at: reading for at, reading in found.items() if reading in (before.get(at), again.get(at))}
    return {**{at: before[at] for at in found if at in before}, **sure}


class _View:
    """What one watch has told of one board. `due` is when to ask it again."""

    def __init__(self, backoff: Backoff) -> None:
        self.told: dict[Address, Reading] = {}
        self.backoff = backoff
        self.silent: BoardSilent | None = None
        self.due = 0.0
