"""A thousand ways to tamper with a log, and the first link that each of them breaks."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest

from cranny.core.ids import TimeIds
from cranny.core.rng import SeededRng
from cranny.platform import sequencer
from cranny.platform.chain import GENESIS, Break, Walk

Row = dict[str, Any]
LENGTH = 60
EDITS = 250
"""Of each of the four kinds."""


class Clock:
    def now(self) -> datetime:
        return datetime(2026, 3, 2, 9, tzinfo=UTC)

    def monotonic(self) -> float:
        return 0.0


def written(seed: int) -> list[Row]:
    return list(_written(seed))


@cache
def _written(seed: int) -> list[Row]:
    rng, clock = SeededRng(seed), Clock()
    ids = TimeIds(clock, rng)
    rows: list[Row] = []
    chain = GENESIS
    for position in range(1, LENGTH + 1):
        row: Row = {
            "id": ids.new(),
            "type": ("audit.reveal_grant", "delivery.stored")[rng.below(2)],
            "subject": f"things/{rng.below(9)}",
            "time": clock.now() + timedelta(seconds=position),
            "recorded": clock.now() + timedelta(seconds=position, microseconds=7),
            "data": {"by": f"keys/{rng.below(3)}", "n": rng.below(100)},
        }
        chain = sequencer.link(chain, sequencer.canonical(position, row))
        rows.append({**row, "position": position, "chain": chain})
    return rows


def first_break(rows: list[Row], head: tuple[int, bytes]) -> Break | None:
    walk = Walk()
    for row in rows:
        if broken := walk.step(row):
            return broken
    return walk.end(*head)


def edited(rows: list[Row], rng: SeededRng) -> int:
    at, what = rng.below(LENGTH), rng.below(7)
    row = dict(rows[at])
    other = written(99)[at]
    match what:
        case 0:
            row["id"] = other["id"]
        case 1:
            row["type"] += "x"
        case 2:
            row["subject"] = "things/elsewhere"
        case 3:
            row["time"] += timedelta(microseconds=1)
        case 4:
            row["recorded"] -= timedelta(days=1)
        case 5:
            row["data"] = {**row["data"], "by": "keys/somebody"}
        case _:
            row["chain"] = bytes([row["chain"][0] ^ 1 << rng.below(8)]) + row["chain"][1:]
    rows[at] = row
    return at + 1


def dropped(rows: list[Row], rng: SeededRng) -> int:
    """Some in a row; in half of the cases those behind are numbered anew, so that there is no gap."""
    at, many = rng.below(LENGTH), 1 + rng.below(3)
    del rows[at : at + many]
    if rng.below(2):
        renumber(rows)
    return at + 1


def reordered(rows: list[Row], rng: SeededRng) -> int:
    """Two change places, and their numbers."""
    first, second = sorted((rng.below(LENGTH - 1), LENGTH - 1 - rng.below(3)))
    if first == second:
        first -= 1
    rows[first], rows[second] = rows[second], rows[first]
    renumber(rows)
    return first + 1


def put_in(rows: list[Row], rng: SeededRng) -> int:
    """One that is like the others, with a link that fits what is before it or is made up."""
    at = rng.below(LENGTH)
    new = dict(written(77)[at])
    before = rows[at - 1]["chain"] if at else GENESIS
    fits = bool(rng.below(2))
    new["chain"] = sequencer.link(before, sequencer.canonical(at + 1, new)) if fits else rng.bytes(32)
    rows.insert(at, new)
    renumber(rows)
    return at + 1 + fits


def renumber(rows: list[Row]) -> None:
    rows[:] = [{**row, "position": position} for position, row in enumerate(rows, 1)]


@pytest.mark.slow
@pytest.mark.parametrize("tamper", [edited, dropped, reordered, put_in])
def test_whatever_is_done_to_it_the_first_broken_link_is_named(tamper: Callable[[list[Row], SeededRng], int]) -> None:
    """A link that was put in and fits is no broken one: the next is, which does not fit it."""
    whole = written(1)
    head = (whole[-1]["position"], whole[-1]["chain"])
    assert first_break(whole, head) is None
    rng, named = SeededRng(tamper.__name__), set()
    for _ in range(EDITS):
        rows = list(whole)
        wanted = tamper(rows, rng)
        broken = first_break(rows, head)
        assert broken is not None
        assert broken.position == wanted, (tamper.__name__, broken)
        named.add(broken.position)
    assert len(named) > LENGTH // 3


def test_what_was_added_behind_the_head_is_found_too() -> None:
    whole = written(1)
    shorter = (whole[-3]["position"], whole[-3]["chain"])
    assert first_break(whole, shorter) == Break(LENGTH, "it is behind the log's head: it was added past the server")
    assert first_break([], (0, GENESIS)) is None
    assert first_break([], (3, GENESIS)) == Break(1, "it is missing: the log's end was cut off")
