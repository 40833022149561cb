"""How the bank reaches the server: uplink, downlink and heartbeat share what they know of it."""

import asyncio
from dataclasses import dataclass, field
from uuid import UUID

from cranny.edge.views import Link
from cranny.wire.brokers import Broker


@dataclass(slots=True)
class Line:
    """`reached`: the last exchange with the server succeeded. `up` and `down` wake the two directions, `joined` is set
    by every connection."""

    broker: Broker
    tenant: UUID
    bank: UUID
    reached: bool = False
    forked: bool = False
    refused: str = ""
    up: asyncio.Event = field(default_factory=asyncio.Event)
    down: asyncio.Event = field(default_factory=asyncio.Event)
    joined: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.broker.on_connected(self._join)

    def heard(self) -> None:
        """The server has answered. After a silence the other direction tries again at once, not with the next
        heartbeat: a network that fell silent and came back tells nobody."""
        if not self.reached:
            self.reached = True
            self.up.set()
            self.down.set()

    async def wake(self) -> None:
        """There may be something to send or to fetch."""
        self.up.set()
        self.down.set()

    async def _join(self) -> None:
        self.joined.set()
        await self.wake()

    def offline(self) -> bool:
        return not (self.reached and self.broker.connected)

    def state(self) -> Link:
        if self.forked:
            return "forked"
        if self.refused:
            return "refused"
        return "offline" if self.offline() else "online"
