"""Each oracle says what it is there for, and nothing else: told by hand, fact by fact."""

from collections.abc import Sequence
from uuid import UUID

from cranny.fleet import Link
from cranny.sim.oracles.chain import Chain
from cranny.sim.oracles.doors import Doors
from cranny.sim.oracles.given import RightsGiven
from cranny.sim.oracles.openings import Openings
from cranny.sim.oracles.verdicts import Verdicts
from cranny.sim.reference.books import KeptFact
from cranny.sim.reference.ledger import Ledger
from cranny.sim.trace import Trace
from cranny.wire.facts import GENESIS, Fact, digest, encode
from cranny.wire.kinds import (
    Body,
    CodeExhausted,
    CollectFinished,
    DepositAbandoned,
    DepositStored,
    DoorBlocked,
    DoorNotOpened,
    DoorOpened,
    DoorShut,
    OpeningIntended,
)
from cranny.wire.messages import (
    DeliveryGiven,
    DeliveryWithdrawn,
    Entry,
    FactAck,
    Given,
    GrantGiven,
    GrantRevoked,
    Policy,
)
from tests.unit.sim.ids import BANK, BOOT, TENANT

ANNA, BERT = b"a" * 32, b"b" * 32


def n(number: int) -> UUID:
    return UUID(int=number)


class Bench:
    """Oracles of one bank, with two deliveries for Anna and one for Bert given to it."""

    def __init__(self, *more: Given) -> None:
        self.verdicts = Verdicts(Trace(lambda: 0.0))
        self.now = 0.0
        givens = [Policy(), *(_delivery(i, ANNA if i < 3 else BERT) for i in (1, 2, 3)), *map(_grant, (1, 2, 3)), *more]
        entries = [Entry(seq, given, 7) for seq, given in enumerate(givens, 1)]
        self.given = RightsGiven(BANK, Ledger({(BANK, entry.seq, 7): (entry, 7) for entry in entries}))
        assert self.given.advance(len(givens), 7)
        self.doors = Doors("bank", self.given, lambda: self.now, self.verdicts)
        self.openings = Openings("bank", lambda: self.now, self.verdicts)

    def hear(self, *bodies: Body) -> None:
        for body in bodies:
            self.openings.hear(body)
            self.doors.hear(body)

    def happen(self, *bodies: Body) -> None:
        """Only what concerns doors, without the record of each opening."""
        for body in bodies:
            self.doors.hear(body)

    def said(self) -> list[str]:
        return [violation.invariant for violation in self.verdicts.found]

    def stored(self, delivery: int, door: str = "01", generation: int = 1) -> None:
        """A deposit from its intent to its end."""
        opening = n(100 + delivery)
        self.hear(_intent(100 + delivery, door, generation, "deposit", n(10 + delivery)))
        self.openings.pulsed(door)
        self.hear(DoorOpened(opening, door, generation), DoorShut(opening, door, generation))
        self.hear(DepositStored(opening, door, generation, [n(delivery)], n(20 + delivery), "sensed"))


def _delivery(i: int, collector: bytes) -> DeliveryGiven:
    return DeliveryGiven(n(i), n(10 + i), n(20 + i), collector, [], [], seated=False)


def _grant(i: int, door: str = "", generation: int = 0) -> GrantGiven:
    return GrantGiven(n(20 + i), "collect", n(i), i, b"", b"", b"", door, generation)


def _intent(  # noqa: PLR0917 - as a fact lists them
    opening: int, door: str, generation: int, purpose: str, grant: UUID | None, credential: str = "", attempt: int = 1
) -> OpeningIntended:
    how = credential or ("tracking" if purpose == "deposit" else "code")
    return OpeningIntended(n(opening), door, generation, purpose, grant, how, attempt)  # type: ignore[arg-type]


def _finished(opening: int, generation: int, deliveries: Sequence[UUID], grant: int = 21) -> CollectFinished:
    return CollectFinished(n(opening), "01", generation, "collect", n(grant), list(deliveries), "sensed")


# ---------------------------------------------------------------- I3


def test_the_plain_way_says_nothing() -> None:
    bench = Bench()
    bench.stored(1)
    bench.hear(_intent(9, "01", 1, "collect", n(21)))
    bench.openings.pulsed("01")
    bench.hear(DoorOpened(n(9), "01", 1), DoorShut(n(9), "01", 1), _finished(9, 1, [n(1)]))
    bench.stored(3, generation=2)
    bench.openings.close()
    assert bench.said() == []


def test_a_pulse_without_an_intent_or_long_after_it() -> None:
    bench = Bench()
    bench.openings.pulsed("01")
    bench.hear(_intent(9, "01", 1, "deposit", n(11)))
    bench.now = 60.0
    bench.openings.pulsed("01")
    bench.openings.pulsed("01")
    assert bench.said() == ["I3", "I3", "I3"]


def test_two_ends_no_end_and_an_opening_out_of_nothing() -> None:
    bench = Bench()
    bench.hear(DoorOpened(n(8), "01", 1))
    bench.hear(_intent(9, "01", 1, "deposit", n(11)), DoorNotOpened(n(9), "01", 1, "late"))
    assert bench.said() == ["I3"]
    bench.hear(DoorNotOpened(n(9), "01", 1, "late"))
    bench.hear(_intent(7, "02", 1, "deposit", n(12)))
    bench.openings.close()
    assert bench.said() == ["I3"] * 4


def test_tries_are_counted() -> None:
    bench = Bench()
    bench.hear(_intent(9, "01", 1, "deposit", n(11)), _intent(9, "01", 1, "deposit", n(11), attempt=3))
    assert bench.said() == ["I3"]


# ---------------------------------------------------------------- I1, I2, I9


def test_a_grant_that_was_never_given_or_is_over() -> None:
    bench = Bench(GrantRevoked(n(23)))
    bench.stored(1)
    bench.happen(_intent(9, "01", 1, "collect", n(99)))
    bench.stored(3, door="02")
    bench.happen(_intent(8, "02", 1, "collect", n(23)))
    bench.happen(_finished(9, 1, [n(1)]), _intent(7, "01", 1, "collect", n(21)))
    assert set(bench.said()) == {"I1"}


def test_a_code_is_for_one_generation() -> None:
    bench = Bench()
    bench.stored(1)
    bench.happen(_finished(9, 1, [n(1)]))
    bench.stored(3, generation=2)
    bench.happen(_intent(8, "01", 2, "collect", n(21)))
    assert "I1" in bench.said()


def test_a_code_that_is_off_and_a_qr_that_is_not() -> None:
    bench = Bench()
    bench.stored(1)
    bench.happen(CodeExhausted(n(21), 10), _intent(8, "01", 1, "collect", n(21), "qr"))
    assert bench.said() == []
    bench.happen(_intent(7, "01", 1, "collect", n(21)))
    assert bench.said() == ["I9"]


def test_the_grace_is_short_and_only_while_nobody_came_since() -> None:
    bench = Bench()
    bench.stored(1)
    bench.happen(_finished(9, 1, [n(1)]), _intent(8, "01", 1, "collect", n(21), "reopen"))
    assert bench.said() == []
    bench.now = 1000.0
    bench.happen(_intent(7, "01", 1, "collect", n(21), "reopen"))
    assert bench.said() == ["I1"]
    bench.stored(3, generation=2)
    bench.happen(_intent(6, "01", 1, "collect", n(21), "reopen"))
    assert bench.said()[1:] == ["I1", "I1"]


def test_one_live_occupancy_under_a_generation_that_grows() -> None:
    bench = Bench()
    bench.stored(1, generation=2)
    bench.happen(_intent(9, "01", 3, "deposit", n(13)))
    assert bench.said() == ["I2"]
    bench.happen(_finished(8, 2, [n(1)]), _intent(7, "01", 2, "deposit", n(13)))
    assert bench.said() == ["I2", "I2"]


def test_together_only_for_one_person_and_while_the_grant_lives() -> None:
    bench = Bench()
    bench.stored(1)
    bench.happen(_intent(9, "01", 1, "deposit", n(12)))
    assert bench.said() == []
    bench.happen(_intent(8, "01", 1, "deposit", n(13)))
    assert bench.said() == ["I1"]


def test_a_blocked_door_takes_nothing_and_what_was_withdrawn_is_not_taken() -> None:
    bench = Bench(DeliveryWithdrawn(n(2)))
    bench.happen(DoorBlocked("01", "forced"), _intent(9, "01", 1, "deposit", n(11)))
    assert bench.said() == ["I2"]
    bench.happen(_intent(8, "02", 1, "deposit", n(12)))
    assert bench.said() == ["I2", "I1"]


def test_what_nobody_announced_needs_a_bank_that_takes_it() -> None:
    bench = Bench()
    bench.happen(_intent(9, "01", 1, "deposit", None))
    assert bench.said() == ["I1"]
    willing = Bench(Policy(unknown_tracking="accept"))
    willing.happen(_intent(9, "01", 1, "deposit", None))
    assert willing.said() == []


def test_stored_twice_and_emptied_of_something_else() -> None:
    bench = Bench()
    bench.stored(1)
    bench.stored(1, door="02")
    assert "I2" in bench.said()
    before = len(bench.said())
    bench.happen(_finished(9, 1, [n(3)]))
    assert bench.said()[before:] == ["I2"]


# ---------------------------------------------------------------- I4, I8


def facts(count: int) -> list[bytes]:
    """A chain."""
    stored, head = list[bytes](), GENESIS
    for seq in range(1, count + 1):
        body = {"version": "1", "applied": 0}
        stored.append(encode(Fact(1, TENANT, BANK, 1, seq, head, "bank.started", body, BOOT, 0, 0, "good", False)))
        head = digest(stored[-1])
    return stored


def kept(stored: bytes, seq: int) -> KeptFact:
    return KeptFact(Link(1, seq, digest(stored), stored, None, None), projected=True)


def test_an_acknowledgement_of_what_is_not_committed() -> None:
    verdicts, held = Verdicts(Trace(lambda: 0.0)), dict[tuple[UUID, int, int], KeptFact]()
    chain = Chain("bank", BANK, held, verdicts)
    stored = facts(2)
    for one in stored:
        assert chain.hear(one)
    held[BANK, 1, 1] = kept(stored[0], 1)
    chain.heard(FactAck(1, 1))
    assert verdicts.found == []
    chain.heard(FactAck(1, 2))
    chain.close()
    assert {violation.invariant for violation in verdicts.found} == {"I4"}


def test_an_acknowledgement_that_a_restored_server_has_overtaken() -> None:
    verdicts, held = Verdicts(Trace(lambda: 0.0)), dict[tuple[UUID, int, int], KeptFact]()
    chain = Chain("bank", BANK, held, verdicts)
    chain.hear(facts(1)[0])
    before = chain.asked()
    chain.restored()
    before(FactAck(1, 1))
    assert verdicts.found == []
    chain.asked()(FactAck(1, 1))
    assert [violation.invariant for violation in verdicts.found] == ["I4"]


def test_a_fork_a_gap_and_another_history() -> None:
    verdicts, held = Verdicts(Trace(lambda: 0.0)), dict[tuple[UUID, int, int], KeptFact]()
    chain = Chain("bank", BANK, held, verdicts)
    first, _, third = facts(3)
    chain.hear(first)
    chain.hear(third)
    chain.hear(b"nonsense")
    chain.heard(FactAck(1, 1, forked=True))
    held[BANK, 1, 1] = kept(third, 1)
    chain.heard(FactAck(1, 1))
    assert [violation.invariant for violation in verdicts.found] == ["I8"] * 4


def test_what_nobody_announced_gets_no_more_than_its_larger_door() -> None:
    for then, said in ((9, []), (8, ["I1"])):
        bench = Bench()
        bench.given.policy = Policy(unknown_tracking="accept")
        bench.happen(_intent(1, "01", 1, "deposit", None))
        bench.given.policy = Policy()
        bench.happen(DepositAbandoned(n(1), "01", 1, [n(9)], "too-small"), _intent(2, "02", 1, "deposit", None))
        assert bench.said() == []
        bench.happen(DepositAbandoned(n(2), "02", 1, [n(then)], "empty"))
        assert bench.said() == said
        bench.happen(_intent(3, "03", 1, "deposit", None))
        assert bench.said()[-1:] == ["I1"]


def test_rights_that_nobody_gave() -> None:
    first, other = Entry(1, Policy(), 5), Entry(2, Policy(visit_idle_s=5), 8)
    given = RightsGiven(BANK, Ledger({(BANK, 1, 5): (first, 0), (BANK, 2, 8): (other, 6)}))
    assert given.advance(1, 5)
    assert not given.advance(2, 7)
    assert not given.advance(0, 0)
    assert given.advance(2, 8)  # what it stood at is another history's by now: it went on from there all the same
    assert given.policy.visit_idle_s == 5
