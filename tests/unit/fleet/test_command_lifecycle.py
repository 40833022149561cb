"""A command's life, row by row where it surprises, and what is said of it."""

from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from cranny.core.errors import Refused
from cranny.core.lifecycle_page import read
from cranny.fleet.commands import shapes
from cranny.fleet.commands.lifecycle import COMMAND, CommandState, CommandTrigger
from cranny.fleet.commands.tables import CommandRow
from cranny.wire.commands import Refusal

DOCS = Path(__file__).parents[3] / "docs" / "lifecycles"
NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)


def test_the_page_in_docs_is_what_the_code_says():
    assert (DOCS / "command.md").read_text(encoding="utf-8") == read("cranny.fleet.commands.lifecycle:COMMAND"), (
        "print it anew: python -m cranny.core.lifecycle_page cranny.fleet.commands.lifecycle:COMMAND "
        "> docs/lifecycles/command.md"
    )


def test_what_nobody_answered_is_settled_by_the_journal_only():
    leaves = {trigger: row.to for (state, trigger), row in COMMAND.table.items() if state is CommandState.UNKNOWN}
    assert leaves == {
        CommandTrigger.EXECUTE: CommandState.EXECUTED,
        CommandTrigger.REFUSE: CommandState.REFUSED,
        CommandTrigger.LOSE: CommandState.UNKNOWN,
    }


@pytest.mark.parametrize("state", [state for state in CommandState if state is not CommandState.AWAITING])
def test_nothing_is_sent_twice(state: CommandState):
    for trigger in (CommandTrigger.ISSUE, CommandTrigger.CONFIRM):
        with pytest.raises(Refused):
            COMMAND.move(state, trigger)


def test_late_words_of_the_bank_never_surprise():
    for state in CommandState:
        for trigger in (CommandTrigger.EXECUTE, CommandTrigger.REFUSE):
            assert COMMAND.move(state, trigger).to in {state, CommandState.EXECUTED, CommandState.REFUSED}


def test_every_answer_of_a_bank_is_said_in_words():
    answers = {*Refusal.__args__, "absent", "never-arrived"}
    unsigned = {"signature-invalid", "message-unreadable", "foreign"}
    assert answers - unsigned == set(shapes._ANSWERS)


@pytest.mark.parametrize("state", CommandState)
@pytest.mark.parametrize("action", ["open", "open_all", "reboot", "take_out", "put_back", "inventory", "token"])
def test_every_state_of_every_command_is_one_sentence_or_two(state: CommandState, action: str):
    row = CommandRow(
        UUID(int=1), UUID(int=2), state, UUID(int=3), action, ["A07"], [1], "because", "count", UUID(int=4), None,  # type: ignore[arg-type]
        NOON, NOON, None, None, 0, 0, 0, None, None, "busy" if state is CommandState.REFUSED else "",
        ["A07"], "key", None,
    )  # fmt: skip
    said = shapes.show(row, {UUID(int=4): "help desk"}).says
    assert said.endswith(".")
    assert "{" not in said
