"""Pauses, and the circuit."""

from datetime import timedelta
from pathlib import Path

import pytest

from cranny.core.lifecycle_page import read
from cranny.core.rng import SeededRng
from cranny.webhooks import trying

DOCS = Path(__file__).parents[3] / "docs" / "lifecycles"


def test_pauses_grow_to_an_hour_and_never_fall_together() -> None:
    rng = SeededRng(1)
    pauses = [trying.pause(tries, rng) for tries in range(1, 30)]
    assert timedelta(seconds=5) <= pauses[0] <= timedelta(seconds=6)
    assert timedelta(hours=1) <= pauses[-1] <= timedelta(minutes=72)
    assert len(set(pauses[15:])) > 10
    # Three days are enough for tries that a person can still do something about.
    total, tries = timedelta(), 0
    while total < trying.GIVE_UP_AFTER:
        tries += 1
        total += trying.pause(tries, rng)
    assert 60 < tries < 100


def test_the_circuit_opens_rests_longer_each_time_and_closes() -> None:
    failures, rests, told = 0, [], []
    for _ in range(14):
        health = trying.after(failures, well=False)
        failures = health.failures
        rests.append(health.rest and health.rest.total_seconds())
        told.append(health.tells)
    assert rests[:7] == [None, None, None, None, 30, 60, 120]
    assert rests[-1] == 1800
    assert told.count(True) == 1
    assert told[4]
    assert [trying.at_once(n, 4) for n in (0, 4, 5, 40)] == [4, 4, 1, 1]
    assert trying.after(14, well=True) == trying.Health(0, None, tells=True)
    assert trying.after(4, well=True) == trying.Health(0, None)


@pytest.mark.parametrize(("name", "file"), [("ENDPOINT", "endpoint.md"), ("MESSAGE", "message.md")])
def test_the_page_in_docs_is_what_the_code_says(name: str, file: str) -> None:
    address = f"cranny.webhooks.lifecycle:{name}"
    assert (DOCS / file).read_text(encoding="utf-8") == read(address), (
        f"print it anew: python -m cranny.core.lifecycle_page {address} > docs/lifecycles/{file}"
    )
