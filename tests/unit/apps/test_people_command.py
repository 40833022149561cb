"""`cranny people import`: what it takes, and what it shows."""

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from cranny.apps.cli import people as command
from cranny.core.errors import Invalid
from cranny.people import ListReport
from cranny.people.lists.planning import Deed
from cranny.people.lists.reading import Flaw

PLAIN: dict[str, Any] = {
    "name": "default",
    "apply": False,
    "full": False,
    "invite": False,
    "role": "clerk",
    "site": None,
    "encoding": "cp1250",
    "ending": None,
    "admins": True,
}


def test_what_is_asked_is_what_the_house_knows() -> None:
    asked = command._asked(PLAIN)
    assert (asked.role, asked.encoding, asked.apply) == ("clerk", "cp1250", False)


@pytest.mark.parametrize("wrong", [{"role": "boss"}, {"encoding": "ebcdic"}, {"site": "Hall"}])
def test_what_nobody_knows_is_refused_with_its_name(wrong: dict[str, Any]) -> None:
    with pytest.raises(Invalid, match=next(iter(wrong))) as refused:
        command._asked(PLAIN | wrong)
    assert refused.value.code == "list-options"


def test_a_file_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="can't be read"):
        command._read(tmp_path / "nobody.csv")


def report(**more: Any) -> ListReport:
    plain: dict[str, Any] = {"done": False, "name": "default", "lines": 30, "encoding": "cp1252"}
    plain |= {"encoding_guessed": True, "delimiter": ";", "columns": ["email"], "ignored": ["Parking [x]"]}
    plain |= {"created": 25, "changed": 0, "ended": 1, "unchanged": 4, "wrong": 0, "flaws": []}
    gone = Deed(None, "ended", UUID(int=1))
    people = [gone, *(Deed(n, "created", UUID(int=n)) for n in range(2, 27))]
    return ListReport(**plain | {"people": people} | more)


def test_a_look_says_what_would_be(capsys: pytest.CaptureFixture[str]) -> None:
    command._show(report())
    shown = capsys.readouterr().out
    for said in ("a guess", "not read: Parking [x]", "missing: out", "and 6 more", "Nothing was done: --apply does it"):
        assert said in " ".join(shown.split()), shown


def test_mistakes_stand_by_their_lines(capsys: pytest.CaptureFixture[str]) -> None:
    flaw = Flaw(7, "role", "role-unknown", "There is no such role [boss].")
    command._show(report(wrong=1, flaws=[flaw]))
    shown = capsys.readouterr().out
    assert "line 7, role role-unknown: There is no such role [boss]." in shown
    assert "Nothing was done." in shown
