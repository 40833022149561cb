"""Everything has exactly one custodian at any time (I12): whoever brings it, the bank, whoever takes it. Told by the
facts of all banks together, and by what hands really do."""

from collections.abc import Iterable
from uuid import UUID

from cranny.sim.oracles.verdicts import Verdicts
from cranny.sim.things import Thing


class Custody:
    """Of a whole world."""

    def __init__(self, verdicts: Verdicts) -> None:
        self._verdicts = verdicts
        self._held: dict[UUID, str] = {}
        self._behind: dict[str, str] = {}

    # ------------------------------------------------------------ as the facts tell

    def stored(self, bank: str, deliveries: Iterable[UUID]) -> None:
        for delivery in deliveries:
            holder = self._held.get(delivery)
            if holder is not None:
                self._say(f"deliveries/{delivery}", f"{bank} has it, and {holder} says the same")
            self._held[delivery] = bank

    def handed_over(self, bank: str, deliveries: Iterable[UUID]) -> None:
        for delivery in deliveries:
            holder = self._held.pop(delivery, None)
            if holder != bank:
                self._say(f"deliveries/{delivery}", f"{bank} hands it over, and {holder or 'nobody'} had it")

    # ------------------------------------------------------------ as hands do

    def put(self, bank: str, door: str, thing: Thing) -> None:
        where = self._behind.get(thing.tracking)
        if where is not None:
            self._say(f"things/{thing}", f"it is put behind door {door} of {bank}, and lies behind {where}")
        self._behind[thing.tracking] = f"{bank}/{door}"

    def taken(self, bank: str, door: str, things: Iterable[Thing]) -> None:
        for thing in things:
            if self._behind.pop(thing.tracking, None) != f"{bank}/{door}":
                self._say(f"things/{thing}", f"it is taken from door {door} of {bank}, and was never put there")

    def _say(self, about: str, detail: str) -> None:
        self._verdicts.say("I12", about, detail)
