"""The engine refuses bad tables, and a good one answers every question or says clearly why not."""

from enum import StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cranny.core.errors import Refused
from cranny.core.lifecycle import BadTable, Lifecycle, Move


class State(StrEnum):
    ASKED = "asked"
    GIVEN = "given"
    BACK_HOME = "back_home"


class Deed(StrEnum):
    GIVE = "give"
    BRING_BACK = "bring_back"


GOOD = {
    (State.ASKED, Deed.GIVE): Move(State.GIVEN, "thing.given"),
    (State.GIVEN, Deed.GIVE): Move(State.GIVEN, why="told twice"),
    (State.GIVEN, Deed.BRING_BACK): Move(State.BACK_HOME, "thing.brought_back"),
}


def lifecycle(table: dict, final: tuple = (State.BACK_HOME,)) -> Lifecycle:
    return Lifecycle("thing", start=State.ASKED, final=final, table=table)


def test_a_good_table_tells_where_a_trigger_leads() -> None:
    thing = lifecycle(GOOD)
    assert thing.move(State.ASKED, Deed.GIVE) == Move(State.GIVEN, "thing.given")
    assert thing.event_types() == {"thing.given", "thing.brought_back"}
    assert [state for state, _ in thing.rows(Deed.GIVE)] == [State.ASKED, State.GIVEN]


def test_a_missing_row_is_a_clear_refusal_with_a_stable_code() -> None:
    with pytest.raises(Refused) as refused:
        lifecycle(GOOD).move(State.ASKED, Deed.BRING_BACK)
    assert refused.value.code == "thing-bring-back-when-asked"
    assert "asked can't bring back" in refused.value.detail


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({(State.BACK_HOME, Deed.GIVE): Move(State.GIVEN)}, "leaves a final state"),
        ({(State.GIVEN, Deed.GIVE): Move(State.GIVEN)}, "does not say why"),
        ({(State.GIVEN, Deed.GIVE): Move(State.ASKED)}, "returns to the start"),
    ],
)
def test_a_bad_row_is_refused_at_import(change: dict, says: str) -> None:
    with pytest.raises(BadTable, match=says):
        lifecycle(GOOD | change)


def test_a_dead_end_is_refused() -> None:
    with pytest.raises(BadTable, match="given is a dead end"):
        lifecycle({(State.ASKED, Deed.GIVE): Move(State.GIVEN)})


def test_a_state_out_of_reach_is_refused() -> None:
    with pytest.raises(BadTable, match="can't be reached: back_home"):
        lifecycle({(State.ASKED, Deed.GIVE): Move(State.GIVEN)}, final=(State.GIVEN, State.BACK_HOME))


rows = st.dictionaries(
    st.tuples(st.sampled_from(State), st.sampled_from(Deed)),
    st.builds(Move, st.sampled_from(State), st.none(), st.sampled_from(["", "a reason"])),
)


@given(rows, st.sets(st.sampled_from(State)))
def test_whatever_table_is_accepted_can_be_left_from_everywhere_and_never_revives(table: dict, final: set) -> None:
    try:
        thing = lifecycle(table, tuple(final))
    except BadTable:
        return
    for (state, _), move in thing.table.items():
        assert state not in thing.final or move.to is state
    for state in State:
        assert state in thing.final or any(s is state and m.to is not state for (s, _), m in thing.table.items())
