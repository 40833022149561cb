"""A write that is stuck: the disk has it, an oracle is told at once, and the controller not before the disk answers.
Seeds 233, 249 and 373 once blamed a bank for refusing what it could not know of yet."""

import asyncio
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import msgspec
import pytest

from cranny.edge.change import Change
from cranny.edge.journal import load
from cranny.edge.outcomes import Refusal
from cranny.sim.dice import Dice
from cranny.sim.loop import VirtualClock, VirtualLoop, live
from cranny.sim.machines import disk
from cranny.sim.machines.disk import Platter, SimDisk
from cranny.sim.machines.fates import Fates, Life
from cranny.sim.oracles.custody import Custody
from cranny.sim.oracles.verdicts import Verdicts
from cranny.sim.oracles.witness import Witness
from cranny.sim.people.lobby import Lobby
from cranny.sim.reference.ledger import Ledger
from cranny.sim.trace import Trace
from cranny.sim.world import START
from cranny.wire.messages import Entry, GrantGiven
from tests.unit.sim.ids import BANK, BOOT, TENANT

LOOK = UUID(int=1)
GIVEN = Entry(1, GrantGiven(LOOK, "inspect", None, 7, bytes(16), bytes(32), bytes(32), "01", 0), 0)


class Kiosk:
    """Knows of no grant."""

    async def type_code(self, _: str) -> Refusal:
        return Refusal("nothing_here")

    async def scan(self, _: str) -> Refusal:
        return Refusal("nothing_here")


def learnt(state: Any) -> Any:
    """The bank applies its first right."""
    return Change(rows=[msgspec.structs.replace(state.mark, applied=1)]), None


def test_what_the_disk_has_not_answered_for_opens_nothing_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = VirtualLoop()
    trace = Trace(loop.time)
    verdicts = Verdicts(trace)
    books: Any = SimpleNamespace(
        ledger=Ledger({(BANK, 1, 0): (GIVEN, 0)}), facts=SimpleNamespace(kept={}), uplinks=SimpleNamespace(kept={})
    )
    witness = Witness("bank", BANK, books, now=loop.time, trace=trace, verdicts=verdicts, custody=Custody(verdicts))
    platter = Platter(None, witness.written)
    bank: Any = SimpleNamespace(name="bank", platter=platter, screen=SimpleNamespace(controller=Kiosk()))
    lobby = Lobby(bank, witness, trace, pace=1.0)

    async def refused() -> list[str]:
        await lobby.type_code("inspector", "007 000 000", LOOK)
        await lobby.scan("inspector", "L" * 33, LOOK)
        return [found.invariant for found in verdicts.found]

    async def story() -> None:
        slow = SimDisk(platter, Life(), Fates("bank", {}, Dice(1), trace), Dice(2))
        journal = await load(slow, TENANT, BANK, clock=VirtualClock(loop, START), boot=BOOT, offline=lambda: True)
        monkeypatch.setattr(disk, "STUCK_ODDS", 1.0)
        commit = asyncio.ensure_future(journal.commit(learnt))
        await asyncio.sleep(3)
        assert platter.stuck
        assert witness.doors.opens(LOOK, "code")
        assert journal.state.mark.applied == 0
        assert await refused() == []
        await commit
        assert not platter.stuck
        assert journal.state.mark.applied == 1
        assert await refused() == ["I14", "I14"]
        await platter.close()

    live(story(), loop)
