"""A bad network: it loses, repeats, delays and reorders, and falls apart for minutes. Seeded."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from cranny.sim.dice import Dice
from cranny.sim.machines.adversary import Adversary, TappedWire
from cranny.sim.trace import Trace
from cranny.sim.troubles import Troubles, pause
from cranny.wire.brokers.memory import Hub

LOSS: Final = 0.04
TWICE: Final = 0.06
LATE: Final = 0.03
"""So many messages take seconds, or even longer than anybody waits for an answer."""
PARTED_S: Final = (8.0, 60.0, 400.0, 1500.0)
"""How long a partition lasts, at most."""
RESTART_S: Final = 4000.0
RESTARTS_S: Final = (0.2, 20.0)
"""How long the broker takes."""
WHOLE_S: Final = 500.0
"""How long it is whole between two partitions, on average."""


def _nobody(_: str, __: str) -> None:
    """Nobody listens."""


class Net:
    """The `Faults` of the hub. `calm`: everything arrives, once, quickly and in order."""

    def __init__(self, dice: Dice, troubles: Troubles, trace: Trace, *, pace: float = 1.0) -> None:
        self.calm = False
        self.heard: Callable[[str, str], None] = _nobody
        """Told of each fault, and of whom it parts; empty for everybody."""
        self.spoilt: Callable[[str, str], None] = _nobody
        """Told of what happens to single messages, and of their subject (`coverage.FAULTS`)."""
        self._last: dict[tuple[str, str], float] = {}
        """When the last of those that are under way arrives, by (sender, receiver)."""
        self._pace = pace
        self._messages = troubles.messages
        self._partitions = troubles.partitions
        self._dice = dice
        self._trace = trace
        self._deaf: set[tuple[str, str]] = set()
        """(sender, receiver) between whom nothing gets through, and neither notices."""
        self._cut: set[str] = set()
        self._broker = troubles.broker
        self.adversary = Adversary(Dice.beside(dice, "adversary"), troubles.broker, trace, pace=pace)

    def fate(self, sender: str, receiver: str, subject: str) -> Sequence[float]:
        if self.calm:
            return (0.01,)
        dice = self._dice
        parted = (sender, receiver) in self._deaf
        if parted or dice.chance(LOSS * self._messages):
            self._trace.count("messages lost")
            if not parted:
                self.spoilt("lost message", subject)
            return ()
        delays: tuple[float, ...]
        if dice.chance(TWICE * self._messages):
            self._trace.count("messages repeated")
            self.spoilt("repeated message", subject)
            delays = (self._delay(), self._delay() + dice.soon(4.0))
        else:
            delays = (self._delay(),)
        self._look_for_overtaking((sender, receiver), subject, delays)
        return delays

    def _look_for_overtaking(self, way: tuple[str, str], subject: str, delays: Sequence[float]) -> None:
        """Does this message arrive before one that was sent earlier?"""
        now = self._trace.now()
        if now + min(delays) < self._last.get(way, 0.0):
            self.spoilt("overtaken message", subject)
        self._last[way] = max(now + max(delays), self._last.get(way, 0.0))

    def join(self, hub: Hub, name: str) -> TappedWire:
        """A connection for a program that starts, perhaps in the middle of a storm."""
        broker = hub.join(name)
        if name in self._cut:
            broker.lose()
        return TappedWire(broker, self.adversary)

    async def restarts(self, hub: Hub, names: Sequence[str]) -> None:
        """The broker goes away and comes back, again and again, until cancelled: what was under way is gone."""
        while True:
            await pause(self._dice, RESTART_S * self._pace, self._broker)
            await self.restart(hub, names)

    async def restart(self, hub: Hub, names: Sequence[str]) -> None:
        self._trace.count("broker restarts")
        self.heard("broker restart", "")
        self._trace.say("broker", "... restarts")
        down = [name for name in names if name not in self._cut]
        self._cut.update(down)
        for name in down:
            hub.cut(name)
        try:
            await asyncio.sleep(self._dice.between(*RESTARTS_S))
        finally:
            for name in down:
                self._cut.discard(name)
                hub.mend(name)

    async def part(self, hub: Hub, bank: str, server: str) -> None:
        """Once, in any way."""
        await self._part(hub, bank, server)

    async def storms(self, hub: Hub, bank: str, server: str) -> None:
        """Part `bank` from the server, again and again, until cancelled."""
        try:
            while True:
                await pause(self._dice, WHOLE_S * self._pace, self._partitions)
                await self._part(hub, bank, server)
        finally:
            self._mend(hub, bank, server)

    async def alone(self, hub: Hub, banks: Sequence[str], *, after: float, length: float) -> None:
        """All `banks` without a network, once, for `length` seconds."""
        await asyncio.sleep(after)
        self._trace.say("world", f"... no bank has a network for {length / 3600:.0f} h")
        try:
            for bank in banks:
                self._cut.add(bank)
                hub.cut(bank)
            await asyncio.sleep(length)
        finally:
            for bank in banks:
                self._cut.discard(bank)
                hub.mend(bank)
            self._trace.say("world", "... whole again")

    async def _part(self, hub: Hub, bank: str, server: str) -> None:
        kind = ("cut", "silent", "deaf", "mute")[self._dice.below(4)]
        length = self._dice.between(2.0, self._pace * PARTED_S[self._dice.below(len(PARTED_S))])
        self._trace.count("partitions")
        self.heard("partition", bank)
        self._trace.count(f"partitions: {kind}")
        self._trace.say(bank, f"... {kind} for {length:.0f} s")
        if kind == "cut":
            self._cut.add(bank)
            hub.cut(bank)
        if kind in ("silent", "deaf"):
            self._deaf.add((server, bank))
        if kind in ("silent", "mute"):
            self._deaf.add((bank, server))
        await asyncio.sleep(length)
        self._mend(hub, bank, server)
        self._trace.say(bank, "... whole again")

    def _mend(self, hub: Hub, bank: str, server: str) -> None:
        self._deaf -= {(server, bank), (bank, server)}
        self._cut.discard(bank)
        hub.mend(bank)

    def _delay(self) -> float:
        dice = self._dice
        if dice.chance(LATE * self._messages):
            self._trace.count("messages late")
            return dice.soon(6.0)
        return dice.between(0.005, 0.12)
