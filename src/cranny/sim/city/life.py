"""The city lives: everything that was drawn beforehand happens when its time comes."""

import asyncio
from collections import defaultdict
from collections.abc import Coroutine, Sequence
from contextlib import AsyncExitStack
from typing import Any

from cranny.sim.city.courier import Courier
from cranny.sim.city.hours import Hours
from cranny.sim.city.kiosk import Kiosk
from cranny.sim.city.ledger import Ledger
from cranny.sim.city.letters import Letter
from cranny.sim.city.line import Line
from cranny.sim.city.model import OUTAGE, Parcel, Plan, Quirk
from cranny.sim.city.recipient import Recipient
from cranny.sim.city.shop import Shop


class City:
    """`deliver` is for the post office: it gets every letter."""

    def __init__(
        self, plan: Plan, hours: Hours, shop: Shop, kiosks: Sequence[Kiosk], ledger: Ledger, *, line: Line | None = None
    ) -> None:
        """`line` is cut for the plan's `OUTAGE`, if there is one."""
        self._plan = plan
        self._line = line
        self._hours = hours
        self._shop = shop
        self._ledger = ledger
        self._kiosks = kiosks
        self._recipients = {
            person.email: Recipient(person, kiosks[person.bank], ledger, hours) for person in plan.persons
        }
        self._announced = {parcel.number: asyncio.Event() for parcel in plan.parcels}
        self._tasks: set[asyncio.Task[None]] = set()
        self._failure: asyncio.Future[None] | None = None

    async def live(self) -> None:
        """Until the plan is over and everybody has finished what they were at. Raises what anybody met that must not
        be met at all."""
        self._failure = asyncio.get_running_loop().create_future()
        async with AsyncExitStack() as stack:
            for kiosk in self._kiosks:
                await stack.enter_async_context(kiosk.watched())
            for parcel in self._plan.parcels:
                self._start(self._announce(parcel))
            for number in range(len(self._kiosks)):
                self._start(self._rounds(number))
            if self._line is not None:
                self._start(self._outage(self._line))
            try:
                await self._until_over()
            finally:
                for task in self._tasks:
                    task.cancel()
                await asyncio.gather(*self._tasks, return_exceptions=True)

    def deliver(self, letter: Letter) -> None:
        """The post brings it. After the plan is over nobody comes any more."""
        recipient = self._recipients.get(letter.to)
        if recipient is not None and self._failure is not None:
            self._start(recipient.read(letter))

    async def _until_over(self) -> None:
        clock = asyncio.create_task(self._hours.until(self._hours.horizon))
        waiting: set[asyncio.Future[Any]] = {clock}
        while waiting:
            failure = self._failure
            if failure is None:
                raise AssertionError("the city does not live")
            await asyncio.wait({*waiting, failure}, return_when=asyncio.FIRST_COMPLETED)
            if failure.done():
                clock.cancel()
                failure.result()
            waiting = {task for task in (clock, *self._tasks) if not task.done()}

    async def _announce(self, parcel: Parcel) -> None:
        await self._hours.until(parcel.announced)
        await self._shop.announce(parcel)
        self._announced[parcel.number].set()

    async def _rounds(self, number: int) -> None:
        """One courier per bank: a round that takes longer holds up the next."""
        courier = Courier(self._kiosks[number], self._shop, self._ledger, self._hours)
        loads: defaultdict[float, list[Parcel]] = defaultdict(list)
        for parcel in self._plan.parcels:
            if parcel.person.bank == number and parcel.quirk is not Quirk.NEVER_BROUGHT:
                loads[parcel.brought].append(parcel)
        for hour in self._plan.rounds[number]:
            await self._hours.until(hour)
            for parcel in loads[hour]:
                if parcel.quirk is not Quirk.NEWS_LATE:
                    await self._announced[parcel.number].wait()
            await courier.round(loads[hour])

    async def _outage(self, line: Line) -> None:
        """The banks are on their own for some hours."""
        begins, ends = OUTAGE
        if ends < self._hours.horizon:
            await self._hours.until(begins)
            line.cut()
            try:
                await self._hours.until(ends)
            finally:
                line.mend()

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None and self._failure is not None and not self._failure.done():
            self._failure.set_exception(error)
