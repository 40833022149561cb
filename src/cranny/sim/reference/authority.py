"""The server of a simulated world, as the world and its people see it, whatever it is made of."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol, TypeAlias
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cranny.edge.identity import Identity
from cranny.sim.loop import VirtualClock
from cranny.sim.machines.fates import Fates
from cranny.sim.machines.net import Net
from cranny.sim.plan import Plan
from cranny.sim.reference.books import Books, DeliveryKept, GrantKept
from cranny.sim.trace import Trace
from cranny.wire.allocation import Size
from cranny.wire.brokers.memory import Hub
from cranny.wire.commands import Action, Command
from cranny.wire.messages import Layout

NAME: Final = "server"
Unknown = Literal["accept", "refuse"]


@dataclass(frozen=True, slots=True)
class Announced:
    """What somebody wants to send. `owner` is whom it is for; `size` is what they think it measures."""

    bank: UUID
    owner: UUID
    tracking: str
    size: Size


@dataclass(frozen=True, slots=True)
class Lost:
    """What a restore has taken away: how many facts and entries, which deliveries, which grants."""

    facts: int
    entries: int
    deliveries: Mapping[UUID, DeliveryKept]
    grants: frozenset[UUID]


@dataclass(frozen=True, slots=True)
class Order:
    """What an operator asks of a bank. `sent` is told of the command that goes out, and how old, in milliseconds, the
    controller's boot was when it handed the token out."""

    bank: UUID
    action: Action
    door: str
    sent: Callable[[Command, int], None]


class Desk(Protocol):
    """Where operators ask for commands, if the server has such a place."""

    async def order(self, order: Order) -> Sequence[str]:
        """The doors that were seen open then."""
        ...


class Authority(Protocol):
    @property
    def books(self) -> Books:
        """What it has committed."""
        ...

    def listen(self, committed: Callable[[], None]) -> None:
        """`committed` is told of each commit from now on, at once."""
        ...

    async def live(self) -> None:
        """Run, be killed, start again; until cancelled."""
        ...

    def kill(self) -> None:
        """Out of the blue."""
        ...

    async def restore(self) -> Lost:
        """Go back to a backup, when no transaction is under way."""
        ...

    def idle(self) -> bool:
        """Nothing that was committed waits to be followed."""
        ...

    async def announce(self, asked: Announced) -> bool:
        """False when the server was killed or turned it down for now: then nobody knows, and asks again."""
        ...

    async def call_off(self, tracking: str) -> bool:
        """As `announce`."""
        ...

    async def readdress(self, id_: UUID, owner: UUID) -> bool:
        """Let `owner` collect it. True once it was done or turned down."""
        ...

    async def reroute(self, id_: UUID, bank: UUID) -> bool:
        """Let it go through `bank`. Whether it will."""
        ...

    async def set_policy(self, bank: UUID, unknown_tracking: Unknown) -> bool:
        """Take in what nobody announced, or not. As `announce`."""
        ...

    async def inspect(self, bank: UUID, door: str) -> bool:
        """Give the right to look behind a door that is in doubt, once. As `announce`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """The world around it. `flaw` hears of what no table of states has a row for; `tell` gets the message about a grant
    to whoever it is for; with `backs_up` it is restored now and then."""

    seed: int
    plan: Plan
    tenant: UUID
    clock: VirtualClock
    hub: Hub
    net: Net
    fates: Fates
    trace: Trace
    flaw: Callable[[str], None]
    backs_up: bool
    tell: Callable[[GrantKept], None]


@dataclass(frozen=True, slots=True)
class Founded:
    """A server, who its banks are, by name, the key that signs what it gives to them, and its desk for operators."""

    server: Authority
    identities: Mapping[str, Identity]
    key: Ed25519PrivateKey
    desk: Desk | None = None


Found: TypeAlias = Callable[[Setting, Mapping[str, Layout]], Founded]
"""Makes a server that knows a bank for each of these layouts, which are by name."""
