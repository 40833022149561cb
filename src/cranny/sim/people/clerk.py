"""Somebody at a desk who changes what was meant: another one collects it, it goes through another bank, this bank takes
in what nobody announced, or does so no more. They see what the server says, which is not always so any more."""

from collections.abc import Callable, Sequence
from typing import Final
from uuid import UUID

from cranny.sim.dice import Dice
from cranny.sim.people.day import Day
from cranny.sim.people.parcels import Parcels
from cranny.sim.plan import Plan
from cranny.sim.reference.authority import Authority
from cranny.sim.reference.books import DeliveryKept
from cranny.sim.trace import Trace
from cranny.usecases.deliveries import Delivery

EVERY_S: Final = 420.0
CHANGEABLE: Final = (Delivery.ANNOUNCED, Delivery.LAPSED, Delivery.STORED, Delivery.OVERDUE)
POLICY: Final = 0.12
READDRESSED: Final = 0.5
UNUSUAL: Final = 0.5
"""So often they look at what is late: there is little of it at a time."""


class Clerk:
    """Of one bank. `banks` are all there are; `sent_on` is told of what goes through another one from now on."""

    def __init__(
        self,
        bank: UUID,
        server: Authority,
        parcels: Parcels,
        plan: Plan,
        *,
        banks: Callable[[], Sequence[UUID]],
        sent_on: Callable[[str, UUID], None],
        day: Day,
        dice: Dice,
        trace: Trace,
    ) -> None:
        self._bank = bank
        self._server = server
        self._parcels = parcels
        self._plan = plan
        self._banks = banks
        self._sent_on = sent_on
        self._day = day
        self._dice = dice
        self._trace = trace

    async def work(self) -> None:
        """Until the evening."""
        while not await self._day.nap(self._dice.soon(EVERY_S * self._plan.pace)):
            if self._dice.chance(POLICY):
                self._trace.count("policy changed")
                await self._server.set_policy(self._bank, "accept" if self._dice.chance(0.5) else "refuse")
                continue
            row = self._one()
            if row is not None:
                await self._change(row)

    def _one(self) -> DeliveryKept | None:
        rows = self._server.books.deliveries.kept.values()
        mine = [row for row in rows if row.bank == self._bank and row.owner and row.state in CHANGEABLE]
        late = [row for row in mine if row.state in (Delivery.LAPSED, Delivery.OVERDUE)]
        found = late if late and self._dice.chance(UNUSUAL) else mine
        return found[self._dice.below(len(found))] if found else None

    async def _change(self, row: DeliveryKept) -> None:
        others = [bank for bank in self._banks() if bank != self._bank]
        if self._dice.chance(READDRESSED) or not others:
            new = UUID(bytes=self._dice.bytes(16), version=4)
            self._parcels.in_place_of(new, row.owner)
            self._trace.say("clerk", f"lets somebody else collect {row.tracking}")
            await self._server.readdress(row.id, new)
            return
        there = others[self._dice.below(len(others))]
        self._trace.say("clerk", f"sends {row.tracking} on")
        if await self._server.reroute(row.id, there):
            self._sent_on(row.tracking, there)
