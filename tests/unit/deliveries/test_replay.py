"""The auditor's replay of the log (I11): a life that the table allows is passed over, any other is told."""

from datetime import UTC, datetime
from itertools import count
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from cranny.core.events import Event
from cranny.usecases.deliveries.audit import replay
from cranny.usecases.deliveries.lifecycle import DELIVERY, Deed, Delivery

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
ONE = "deliveries/1"


def log(*told: tuple[str, str, str]) -> list[Event]:
    places = count(1)
    return [
        Event(UUID(int=1), UUID(int=2), f"delivery.{kind}", ONE, NOON, NOON, {"from": origin, "to": to}, next(places))
        for kind, origin, to in told
    ]


ANNOUNCED = ("announced", "", "")


@given(st.lists(st.sampled_from(Deed), max_size=30))
def test_what_the_table_allows_is_no_violation(deeds: list[Deed]) -> None:
    state, told = Delivery.ANNOUNCED, [ANNOUNCED]
    for deed in deeds:
        row = DELIVERY.table.get((state, deed))
        if row is not None and row.emits:
            told.append((row.emits.removeprefix("delivery."), state, row.to))
            state = row.to
    states: dict[str, Delivery] = {}
    assert list(replay(states, log(*told))) == []
    assert states == {ONE: state}


def test_a_revival_a_gap_and_a_second_beginning_are_told() -> None:
    revived = log(ANNOUNCED, ("collected", "announced", "collected"), ("stored", "collected", "stored"))
    assert ["revives" in one.detail for one in replay({}, revived)] == [True]
    gap = log(ANNOUNCED, ("collected", "stored", "collected"))
    assert ["finds it announced" in one.detail for one in replay({}, gap)] == [True]
    assert ["announced again" in one.detail for one in replay({}, log(ANNOUNCED, ANNOUNCED))] == [True]
