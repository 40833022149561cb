"""The courier: one round after the other to one bank, with what is in the van, and back with what nobody fetched."""

import asyncio
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from cranny.edge.outcomes import Answer, Opened, Refusal
from cranny.sim.city.hours import Hours
from cranny.sim.city.kiosk import Kiosk
from cranny.sim.city.ledger import Fate, Ledger
from cranny.sim.city.model import Parcel, Quirk
from cranny.sim.city.shop import Shop

TRIES: Final = 4
PAUSE_S: Final = 0.4
ON_ITS_WAY_S: Final = 1.0
"""A right that the server gave a moment ago is not at the bank yet."""
PASSING: Final = frozenset({"busy", "unknown_tracking", "not_ready"})
"""Worth another scan in a moment: the door is just being shut, the news is still on its way."""
OVER: Final = frozenset({"already_stored", "withdrawn"})
"""Not worth another round."""


class Courier:
    def __init__(self, kiosk: Kiosk, shop: Shop, ledger: Ledger, hours: Hours) -> None:
        self._kiosk = kiosk
        self._shop = shop
        self._ledger = ledger
        self._hours = hours
        self._van: list[Parcel] = []
        self._open: str | None = None
        """The door that stands open for us."""
        self._recalls: list[UUID] = []
        """Grants to take back what nobody fetched."""

    async def round(self, parcels: Sequence[Parcel]) -> None:
        """Bring `parcels` and whatever did not go in before; take back what is overdue."""
        load, self._van = [*self._van, *parcels], []
        load = [parcel for parcel in load if self._ledger.fate(parcel) is not Fate.REFUSED]
        # All for one person together: then they may go behind one door.
        load.sort(key=lambda parcel: (parcel.person.number, parcel.number))
        async with self._kiosk.round:
            self._recalls += await self._call_off()
            visit: UUID | None = None
            for place, parcel in enumerate(load):
                follows = place + 1 < len(load) and load[place + 1].person == parcel.person
                visit = await self._bring(parcel, stay=follows) or visit
            if visit is not None:
                await self._kiosk.done(visit)
            self._recalls = [grant for grant in self._recalls if not await self._take_back(grant)]

    async def _bring(self, parcel: Parcel, *, stay: bool) -> UUID | None:
        """`stay` at the open door: the next one is for the same person. Returns the visit."""
        if self._open is not None:
            opened = await self._place(parcel)
        else:
            await self._kiosk.screen.acquire()
            opened = await self._place(parcel)
        if self._open is not None and not (stay and opened is not None):
            await self._shut()
        if self._open is None:
            self._kiosk.screen.release()
        return opened.visit if opened else None

    async def _place(self, parcel: Parcel) -> Opened | None:
        began = self._hours.real()
        answer = await self._scan(parcel)
        if isinstance(answer, Opened) and answer.door != self._open:
            self._ledger.to_place.append(self._hours.real() - began)
            await self._shut()
            self._open = answer.door
            if parcel.quirk is Quirk.TOO_SMALL:
                answer = await self._larger(answer)
        if isinstance(answer, Refusal):
            self._refused(parcel, answer)
            return None
        seen = await self._kiosk.hands(answer.door, "put")
        self._ledger.put((self._kiosk.number, answer.door), parcel, self._hours.now(), seen.things)
        return answer

    async def _scan(self, parcel: Parcel) -> Answer:
        for _ in range(TRIES):
            answer = await self._kiosk.scan(parcel.tracking)
            early = parcel.quirk is Quirk.NEWS_LATE
            if not isinstance(answer, Refusal) or answer.reason not in PASSING or early:
                break
            await asyncio.sleep(PAUSE_S)
        return answer

    async def _larger(self, opened: Opened) -> Answer:
        self._ledger.deeds["larger door asked for"] += 1
        answer = await self._kiosk.larger(opened)
        self._open = answer.door if isinstance(answer, Opened) else None
        return answer

    def _refused(self, parcel: Parcel, answer: Refusal) -> None:
        self._ledger.refusals["deposit", answer.reason] += 1
        if answer.reason not in OVER:
            self._van.append(parcel)

    async def _shut(self) -> None:
        if self._open is not None:
            await self._kiosk.hands(self._open, "shut")
            self._open = None

    # ------------------------------------------------------------ taking back

    async def _call_off(self) -> list[UUID]:
        late = await self._shop.overdue(self._kiosk.number)
        return [grant for delivery in late if (grant := await self._shop.call_off(delivery))]

    async def _take_back(self, grant: UUID) -> bool:
        """False when the bank does not know of it yet: then in another round."""
        code = await self._shop.reveal(grant)
        if code is None:
            return True
        await asyncio.sleep(ON_ITS_WAY_S)
        async with self._kiosk.screen:
            for _ in range(TRIES):
                answer = await self._kiosk.code(code)
                if isinstance(answer, Opened):
                    await self._kiosk.hands(answer.door, "take")
                    self._ledger.take((self._kiosk.number, answer.door), by=None)
                    await self._kiosk.hands(answer.door, "shut")
                    return True
                self._ledger.refusals["taking back", answer.reason] += 1
                await asyncio.sleep(max(PAUSE_S, answer.wait_s))
        return False
