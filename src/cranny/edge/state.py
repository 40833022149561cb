"""What the bank knows, in memory: exactly what the journal holds, arranged for the questions that are asked."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, TypeVar
from uuid import UUID

import msgspec

from cranny.edge import lifecycle, moment
from cranny.edge.moment import NEVER, Moment
from cranny.edge.rows import (
    Again,
    Badge,
    Command,
    Compartment,
    Delivery,
    GivenMeanwhile,
    Grant,
    Inventory,
    Mark,
    Occupancy,
    Opening,
    Order,
    Pad,
    Past,
    Row,
    Sensing,
    Setting,
    Tracking,
    UsedToken,
    Warmth,
)
from cranny.wire.messages import CompartmentGiven, Layout, Policy, Pull

K = TypeVar("K")
V = TypeVar("V")


GENERATIONS: Final = 2**32
"""More than one box ever gives out at a door."""


@dataclass(slots=True)
class State:
    """`openings` holds those under way, `occupancies` the live ones by door; `in_step` is when the
    bank was last in step with the server; `unknown` is the allowance's, `begin` the carried file's; `tag`
    is that of the last downlink entry. Only the journal calls `put`."""

    mark: Mark
    layout: Layout | None = None
    policy: Policy = field(default_factory=Policy)
    in_step: Moment = NEVER
    unknown: bytes = b""
    begin: bytes = b""
    tag: int = 0
    boxes: dict[str, CompartmentGiven] = field(default_factory=dict)
    compartments: dict[str, Compartment] = field(default_factory=dict)
    occupancies: dict[str, Occupancy] = field(default_factory=dict)
    deliveries: dict[UUID, Delivery] = field(default_factory=dict)
    gone: set[UUID] = field(default_factory=set)
    grants: dict[UUID, Grant] = field(default_factory=dict)
    openings: dict[UUID, Opening] = field(default_factory=dict)
    agains: dict[int, Again] = field(default_factory=dict)
    """By locator, the last one used."""
    inventory: Inventory | None = None
    """The one that has not ended."""
    past: Past | None = None
    """The last epoch that was given up."""
    disk_full: bool = False
    """As far as it was told."""
    pad_steps: int = 0
    texts: dict[UUID, str] = field(default_factory=dict)
    meanwhile: dict[UUID, bytes] = field(default_factory=dict)
    commands: dict[UUID, Command] = field(default_factory=dict)
    orders: dict[UUID, UUID] = field(default_factory=dict)
    """The command that asked for an opening whose result is not known yet."""
    sensing: bytes = b""
    warmth: dict[str, Warmth] = field(default_factory=dict)
    used_tokens: set[UUID] = field(default_factory=set)
    by_tracking: dict[bytes, set[UUID]] = field(default_factory=dict)
    by_locator: dict[int, set[UUID]] = field(default_factory=dict)
    badges: dict[UUID, bytes] = field(default_factory=dict)
    """By grant; of live grants only."""
    by_badge: dict[bytes, set[UUID]] = field(default_factory=dict)

    def put(self, row: Row) -> None:
        """Take in one row that is now on the disk."""
        match row:
            case Mark():
                self.mark = row
            case Setting():
                self._set(row)
            case Compartment():
                self.compartments[row.label] = row
            case Occupancy():
                _keep(self.occupancies, row.label, row, live=not row.ended)
            case Delivery():
                self._put_delivery(row)
            case Grant():
                self._put_grant(row)
            case Opening():
                _keep(self.openings, row.opening, row, live=row.state is not lifecycle.Opening.ENDED)
            case _:
                self._put_further(row)

    def compartment(self, label: str) -> Compartment:
        """A box that takes over does not know the generations that were given out before it: it begins above them."""
        return self.compartments.get(label) or Compartment(label, (self.mark.epoch - 1) * GENERATIONS)

    def inherited(self, label: str) -> bool:
        """Facts were told of this bank that are not known here, and nobody has looked behind this door since."""
        return self.mark.epoch > 1 and label not in self.compartments

    def under_way(self, door: str) -> Opening | None:
        """The opening of this door that has not ended."""
        return next((opening for opening in self.openings.values() if opening.door == door), None)

    def being_stored(self, delivery: UUID) -> Opening | None:
        """The opening that is meant to store this delivery."""
        return next((opening for opening in self.openings.values() if delivery in opening.deliveries), None)

    def where(self, delivery: UUID) -> Occupancy | None:
        """The live occupancy that this delivery lies in."""
        return next((place for place in self.occupancies.values() if delivery in place.deliveries), None)

    def tracked(self, digest: bytes) -> Iterator[Delivery]:
        """Deliveries that have an item with this tracking digest, the oldest first."""
        for delivery in sorted(self.by_tracking.get(digest, ())):
            yield self.deliveries[delivery]

    def pull(self) -> Pull:
        """What asks for the rights that come after those held here."""
        return Pull(applied=self.mark.applied, tag=self.tag if self.mark.applied else 0)

    def located(self, locator: int) -> Iterator[Grant]:
        """Live grants with this locator; the server gives each to one, so more is its mistake."""
        for grant in sorted(self.by_locator.get(locator, ())):
            yield self.grants[grant]

    def spoiled(self, place: Occupancy) -> bool:
        """What lies there was beyond its limits for too long."""
        known = self.warmth.get(place.label)
        return known is not None and known.generation == place.generation and known.spoiled

    def badged(self, verifier: bytes) -> Iterator[Grant]:
        """Live grants that this badge opens, the oldest first."""
        for grant in sorted(self.by_badge.get(verifier, ())):
            yield self.grants[grant]

    def handed_in(self, rows: Iterable[Row]) -> list[Badge]:
        """What `rows` mean for badges: they go with the grants that end."""
        ended = [row.grant for row in rows if isinstance(row, Grant) and row.state is not lifecycle.Grant.LIVE]
        return [Badge(grant, b"") for grant in ended if grant in self.badges]

    def lies_behind(self, grant: Grant) -> Occupancy | None:
        """The live occupancy that this grant opens."""
        if not grant.door:
            return next((place for place in self.occupancies.values() if place.grant == grant.grant), None)
        place = self.occupancies.get(grant.door)
        return place if place is not None and place.generation == grant.generation else None

    def _put_command(self, row: Command | Order) -> None:
        if isinstance(row, Command):
            self.commands[row.command] = row
        else:
            _keep(self.orders, row.opening, row.command, live=not row.told)

    def _set(self, row: Setting) -> None:
        if row.name == "policy":
            self.policy = msgspec.msgpack.decode(row.body, type=Policy)
            return
        if row.name == "tag":
            self.tag = msgspec.msgpack.decode(row.body, type=int)
            return
        if row.name == "in_step":
            self.in_step = moment.unpack(row.body)
            return
        if row.name == "unknown":
            self.unknown = row.body
            return
        if row.name == "begin":
            self.begin = row.body
            return
        if row.name == "disk":
            self.disk_full = bool(row.body)
            return
        self.layout = msgspec.msgpack.decode(row.body, type=Layout)
        self.boxes = {box.label: box for box in self.layout.compartments}

    def _put_further(self, row: Row) -> None:
        match row:
            case Command() | Order():
                self._put_command(row)
            case Sensing():
                self.sensing = row.body
            case Warmth():
                self.warmth[row.label] = row
            case Tracking():
                _keep(self.texts, row.delivery, row.text, live=bool(row.text))
            case GivenMeanwhile():
                _keep(self.meanwhile, row.delivery, row.given, live=bool(row.given))
            case Inventory() | Past() | Pad():
                self._put_own(row)
            case UsedToken():
                self.used_tokens.add(row.token_id)
            case Again():
                self._put_again(row)
            case Badge():
                self._put_badge(row)

    def _put_own(self, row: Inventory | Past | Pad) -> None:
        """What there is one of."""
        match row:
            case Inventory():
                self.inventory = None if row.ended else row
            case Past():
                self.past = row
            case Pad():
                self.pad_steps = row.steps

    def _put_again(self, row: Again) -> None:
        last = self.agains.get(row.locator)
        if row.times > 0:
            self.agains[row.locator] = row
        elif last is not None and last.grant == row.grant:
            del self.agains[row.locator]

    def _put_delivery(self, row: Delivery) -> None:
        if row.state is lifecycle.Delivery.GONE:
            self.gone.add(row.delivery)
            self.deliveries.pop(row.delivery, None)
            _unlist(self.by_tracking, (item.tracking for item in row.items), row.delivery)
            return
        self.deliveries[row.delivery] = row
        for item in row.items:
            self.by_tracking.setdefault(item.tracking, set()).add(row.delivery)

    def _put_grant(self, row: Grant) -> None:
        self.grants[row.grant] = row
        if row.state is lifecycle.Grant.LIVE:
            self.by_locator.setdefault(row.locator, set()).add(row.grant)
        else:
            _unlist(self.by_locator, (row.locator,), row.grant)
            self._put_badge(Badge(row.grant, b""))

    def _put_badge(self, row: Badge) -> None:
        before = self.badges.pop(row.grant, None)
        if before is not None:
            _unlist(self.by_badge, (before,), row.grant)
        known = self.grants.get(row.grant)
        if row.verifier and known is not None and known.state is lifecycle.Grant.LIVE:
            self.badges[row.grant] = row.verifier
            self.by_badge.setdefault(row.verifier, set()).add(row.grant)


def _keep(table: dict[K, V], key: K, value: V, *, live: bool) -> None:
    if live:
        table[key] = value
    else:
        table.pop(key, None)


def _unlist(index: dict[K, set[UUID]], keys: Iterable[K], entry: UUID) -> None:
    for key in keys:
        entries = index.get(key, set())
        entries.discard(entry)
        if not entries:
            index.pop(key, None)
