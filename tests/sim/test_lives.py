"""Simulated lives: twenty seeds without a violation, each the same in every process, and planted mistakes found."""

import os
import subprocess
import sys
from collections import Counter

import pytest

from cranny.sim import Plan, run

from .mistakes import MISTAKES

SMALL = Plan(banks=1, hours=0.7, deliveries=8)
SEEDS = range(1, 21)
HASTY = Plan(banks=1, hours=1.0, deliveries=12, hasty=True)
WITHIN = 40
SURE = ("ack_before_commit", "numbers_start_again", "a_code_is_for_a_door", "what_was_sent_counts_as_held")


@pytest.mark.parametrize("seed", SEEDS)
def test_no_oracle_finds_anything(seed: int) -> None:
    report = run(seed, SMALL)
    assert not report.violations, "\n".join(map(str, report.violations))
    assert report.counts["pulses"] > 0


def test_the_twenty_lives_met_every_kind_of_trouble() -> None:
    met: Counter[str] = Counter()
    for seed in SEEDS[:8]:
        met.update(run(seed, SMALL).counts)
    for trouble in (
        "deposits",
        "collects",
        "messages lost",
        "messages late",
        "messages repeated",
        "partitions",
        "struck: power cut inside a transaction",
        "struck: power cut behind a commit",
        "struck: lock pulsed, result not written",
        "struck: server killed before a commit",
        "struck: server killed between commit and answer",
    ):
        assert met[trouble] > 0, trouble


def test_the_same_seed_lives_the_same_life_in_another_process() -> None:
    digests = {run(7, SMALL).digest}
    code = "from cranny.sim import Plan, run; print(run(7, Plan(banks=1, hours=0.7, deliveries=8)).digest)"
    for hash_seed in ("0", "4711"):
        env = {**os.environ, "PYTHONHASHSEED": hash_seed}
        told = subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True
        )
        digests.add(told.stdout.strip().splitlines()[-1])
    assert len(digests) == 1
    assert run(8, SMALL).digest not in digests


@pytest.mark.parametrize("name", SURE)
def test_a_planted_mistake_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    MISTAKES[name](monkeypatch)
    assert any(broken(seed) for seed in range(1, WITHIN + 1))


def broken(seed: int) -> bool:
    """A life that ends in an error has found something, too."""
    try:
        return bool(run(seed, HASTY).violations)
    except (AssertionError, RuntimeError):
        return True
