"""Lives that have failed once, lived again; and how a failing one is made small."""

import pytest

from cranny.sim import Plan, run
from cranny.sim.__main__ import main
from cranny.sim.plan import MORNING
from cranny.sim.regressions import REGRESSIONS, Regression
from cranny.sim.shrink import shrink, told
from cranny.sim.story import tell
from tests.sim.mistakes import MISTAKES


@pytest.mark.parametrize(
    "kept", [one for one in REGRESSIONS if one.tier == 1], ids=lambda kept: f"{kept.seed}: {kept.why}"
)
def test_it_does_not_fail_again(kept: Regression) -> None:
    report = run(kept.seed, kept.plan)
    assert not report.violations, "\n".join(tell(report))
    assert not kept.meets or report.counts[kept.meets]


@pytest.mark.prove
def test_a_failing_life_is_made_small(monkeypatch: pytest.MonkeyPatch) -> None:
    MISTAKES["a_restart_opens_the_door_again"](monkeypatch)
    said: list[str] = []
    found = shrink(7, MORNING, said.append)
    assert found is not None
    plan, report = found
    assert report.violations
    assert plan.deliveries < MORNING.deliveries
    assert plan.without
    assert len(report.trace) < 400
    assert said
    assert told(plan).startswith("Plan(")


def test_a_life_that_does_not_fail_is_left_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert shrink(7, Plan(hours=0.3, deliveries=4), lambda _: None) is None
    assert main(["--seed", "7", "--hours", "0.3", "--deliveries", "4"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "0 violations"
