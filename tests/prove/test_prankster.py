"""A prankster who types codes for a day without a stop turns no honest person away: the keypad slows down for
everybody, half a minute at most, and never locks."""

from collections.abc import Callable

import pytest

from cranny.sim import Plan, run

pytestmark = pytest.mark.prove
DAY = Plan(banks=1, hours=24, deliveries=60, pace=6, beat_s=300, prankster=True, gentle=True)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_nobody_is_turned_away(seed: int, record_property: Callable[[str, object], None]) -> None:
    report = run(seed, DAY)
    assert not report.violations
    counts = report.counts
    honest, turned_away = counts["proofs at the keypad"], counts["turned away at the keypad"]
    longest = report.longest["wait at the keypad"]
    record_property(
        "figure",
        f"prankster: {counts['pranks']:,} codes typed in 24 h, {counts['collects']} collects, "
        f"{turned_away} of {honest} honest people turned away, the longest wait {longest:.0f} s",
    )
    assert counts["pranks"] > 2000
    assert counts["collects"] > 10
    assert turned_away == 0
    assert longest <= 33
