"""What a bank may know of its rights: the entries that the server gave, up to where the bank has applied them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

from cranny.sim.reference.ledger import Ledger
from cranny.wire.messages import DeliveryGiven, DeliveryWithdrawn, Given, GrantGiven, GrantRevoked, Policy


def _nobody(_: GrantGiven) -> None:
    """Nobody listens."""


@dataclass(slots=True)
class RightsGiven:
    """`deposits` finds a delivery, as it was given last, by its deposit grant; `offered` are the collect grants that it
    ever had."""

    bank: UUID
    ledger: Ledger
    applied: int = 0
    policy: Policy = field(default_factory=Policy)
    policies: int = 0
    """How often it has changed."""
    deliveries: dict[UUID, DeliveryGiven] = field(default_factory=dict)
    deposits: dict[UUID, DeliveryGiven] = field(default_factory=dict)
    offered: dict[UUID, set[UUID]] = field(default_factory=dict)
    collectors: dict[UUID, set[bytes]] = field(default_factory=dict)
    """Everybody who was ever to collect it."""
    withdrawn: set[UUID] = field(default_factory=set)
    grants: dict[UUID, GrantGiven] = field(default_factory=dict)
    revoked: set[UUID] = field(default_factory=set)
    told: Callable[[GrantGiven], None] = _nobody
    """Told of each grant."""

    def advance(self, applied: int, tag: int) -> bool:
        """Follow the bank to where it is; `tag` is that of its last entry. False when it claims entries that nobody
        gave, or goes back."""
        path = self.ledger.path(self.bank, self.applied, applied, tag) if applied >= self.applied else None
        if path is None:
            return False
        for given in path:
            self._take(given)
        self.applied = applied
        return True

    def _take(self, given: Given) -> None:
        match given:
            case Policy():
                self.policies += self.policy != given
                self.policy = given
            case DeliveryGiven():
                self.deliveries[given.delivery] = self.deposits[given.deposit_grant] = given
                self.collectors.setdefault(given.delivery, set()).add(given.collector)
                self.offered.setdefault(given.delivery, set()).add(given.collect_grant)
                self.withdrawn.discard(given.delivery)
            case DeliveryWithdrawn():
                self.withdrawn.add(given.delivery)
            case GrantGiven():
                self.grants.setdefault(given.grant, given)
                self.told(given)
            case GrantRevoked():
                self.revoked.add(given.grant)
