"""The same seed lives the same life: in one process and in another, with the journals in memory and in files."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cranny.sim import Plan, Report, run
from cranny.sim.__main__ import main
from cranny.sim.story import tell
from tests.sim.mistakes import MISTAKES

SHORT = Plan(hours=0.6, deliveries=12)
PROGRAM = "import sys; from cranny.sim import Plan, run; print(run(7, Plan(hours=0.6, deliveries=12)).digest)"


@pytest.fixture(scope="module")
def life() -> Report:
    return run(7, SHORT)


def test_in_another_process_with_other_hashes(life: Report) -> None:
    other = {"0": "1"}.get(os.environ.get("PYTHONHASHSEED", ""), "0")
    told = subprocess.run(  # noqa: S603
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, "PYTHONHASHSEED": other},
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.strip() == life.digest


def test_with_journals_in_files(life: Report, tmp_path: Path) -> None:
    report = run(7, Plan(hours=0.6, deliveries=12, folder=tmp_path))
    assert report.digest == life.digest
    assert report.trace == life.trace
    assert sorted(file.suffix for file in tmp_path.iterdir())[:2] == [".db", ".db"]


def test_another_seed_lives_another_life(life: Report) -> None:
    assert run(8, SHORT).digest != life.digest


def test_the_command_line_says_what_was_found(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    short = ["--seeds", "1", "--first", "9", "--hours", "0.6", "--deliveries", "12"]
    assert main(short) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "0 violations"
    MISTAKES["a_restart_opens_the_door_again"](monkeypatch)
    assert main(short) == 1
    told = capsys.readouterr().out
    assert "I3" in told
    assert "was released" in told


def test_the_story_ends_where_the_oracle_speaks(monkeypatch: pytest.MonkeyPatch) -> None:
    MISTAKES["a_restart_opens_the_door_again"](monkeypatch)
    report = run(9, Plan(hours=0.6, deliveries=12, hasty=True))
    *_, last = tell(report)
    first = report.violations[0]
    assert last.endswith(f"!!! {first.invariant} {first.subject}: {first.detail}")


def test_a_good_life_has_a_short_story(life: Report) -> None:
    assert list(tell(life)) == ["seed 7: 0 violations"]
