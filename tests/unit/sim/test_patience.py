"""A screen that says nothing has refused nobody: seed 77 once blamed a bank for it."""

from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from cranny.edge.outcomes import Answer, Opened, Refusal
from cranny.sim.dice import Dice
from cranny.sim.loop import VirtualLoop, live
from cranny.sim.oracles.witness import Taker
from cranny.sim.people.collector import TRIES, Collector, Ticket
from cranny.sim.people.day import Day
from cranny.sim.trace import Trace

DEAD = 3 * TRIES


class Screen:
    """Answers like this, one after the other."""

    bank = SimpleNamespace(address={"01": None})
    sees_inside = False

    def __init__(self, *answers: Answer | None) -> None:
        self.answers = list(answers)

    async def scan(self, *_: Any) -> Answer | None:
        return self.answers.pop(0)

    def open_doors(self) -> list[str]:
        return []

    def is_open(self, _: str) -> bool:
        return True

    def standing_at(self, _: str) -> Any:
        return nullcontext()

    def take(self, *_: Any, **__: Any) -> list[Any]:
        return []

    def shut(self, *_: Any) -> None:
        """Nothing to see."""


def somebody(loop: VirtualLoop, screen: Any, day: Day) -> Collector:
    taker, ticket = Taker("recipient", lambda _: True), Ticket(UUID(int=1), "", "", "")
    collector = Collector(taker, ticket, screen, dice=Dice(1), trace=Trace(loop.time), day=day)
    collector._scans = True
    return collector


def test_a_dead_screen_costs_no_try() -> None:
    loop = VirtualLoop()

    async def story() -> None:
        day = Day()
        day.end(late_s=0)
        collector = somebody(
            loop, Screen(*[None] * DEAD, Opened("01", 0, 900, "collect", UUID(int=2), None, [], 1, together=False)), day
        )
        await collector._try()
        assert collector.done
        refused = Screen(*[Refusal("nothing_here")] * DEAD)
        await (left := somebody(loop, refused, day))._try()
        assert not left.done
        assert len(refused.answers) == DEAD - TRIES

    live(story(), loop)
