"""Do the oracles bite? Each of these is found within 200 lives, by the oracle whose matter it is: a life that ends
earlier, because the product itself stumbles, has not asked that oracle.
Simpler ones are planted in every test run: tests/sim/test_mistakes.py."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from cranny.sim import Report, run, usual
from tests.sim.protocol_mistakes import PROTOCOL_MISTAKES

pytestmark = pytest.mark.prove
SEEDS = range(1, 201)
BROKEN = {
    "rights_are_believed_unsigned": "I7",
    "the_last_writer_wins": "I7",
    "the_dead_revive": "I11",
    "any_door_is_free": "I2",
    "nobody_looks_for_rot": "I7",
    "what_was_acknowledged_is_held_for_ever": "I4",
    "a_number_says_where_a_bank_stands": "I7",
    "a_locator_may_be_two_people_s": "I9",
    "a_refusal_is_noted": "I7",
    "a_bank_that_is_alone_trusts_nobody": "I14",
}


def test_every_mistake_has_its_oracle() -> None:
    assert BROKEN.keys() == PROTOCOL_MISTAKES.keys()


@pytest.mark.parametrize("mistake", BROKEN)
def test_a_mistake_is_found(
    mistake: str, monkeypatch: pytest.MonkeyPatch, record_property: Callable[[str, object], None]
) -> None:
    PROTOCOL_MISTAKES[mistake](monkeypatch)
    found = (seed for seed in SEEDS if BROKEN[mistake] in _broken(run(seed, replace(usual(seed), hasty=True))))
    seed = next(found, None)
    assert seed is not None, "no seed has found it"
    record_property("figure", f"planted: {mistake.replace('_', ' ')}: found by seed {seed}")


def _broken(life: Report) -> set[str]:
    return {violation.invariant for violation in life.violations}
