"""What everybody around all banks knows of the parcels that are under way: labels can be read, and people talk."""

from dataclasses import dataclass, field
from uuid import UUID

from cranny.sim.things import Thing
from cranny.wire.allocation import Size


@dataclass(slots=True)
class Parcels:
    """By tracking number `sizes` are what senders say, `bound_for` the bank that one was sent on to. `households`:
    whoever collects in somebody's place is of their household, and takes what is the other's, too."""

    sizes: dict[str, Size] = field(default_factory=dict)
    bound_for: dict[str, UUID] = field(default_factory=dict)
    households: dict[str, str] = field(default_factory=dict)

    def in_place_of(self, new: UUID, old: str) -> None:
        self.households[str(new)] = self.households.get(old, old)

    def may_take(self, person: str, thing: Thing) -> bool:
        return str(thing.owner) in (person, self.households.get(person, person))
