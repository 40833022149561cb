"""The delivery's table, told as the stories it has to survive."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cranny.core.errors import Refused
from cranny.usecases.deliveries.lifecycle import ASKED, DELIVERY, FACTS, INSIDE, SWEPT, Deed, Delivery


def live(*deeds: Deed, start: Delivery = Delivery.ANNOUNCED) -> tuple[Delivery, list[str]]:
    """Where `deeds` lead, and the events told on the way."""
    state, told = start, []
    for deed in deeds:
        row = DELIVERY.move(state, deed)
        state = row.to
        told += [row.emits.removeprefix("delivery.")] if row.emits else []
    return state, told


@pytest.mark.parametrize(
    ("deeds", "end", "told"),
    [
        ([Deed.DEPOSIT, Deed.COLLECT], "collected", ["stored", "collected"]),
        ([Deed.LAPSE, Deed.DEPOSIT, Deed.COLLECT], "collected", ["lapsed", "stored", "collected"]),
        ([Deed.LAPSE, Deed.GIVE_UP], "cancelled", ["lapsed", "cancelled"]),
        (
            [Deed.DEPOSIT, Deed.FALL_DUE, Deed.EXTEND, Deed.COLLECT],
            "collected",
            ["stored", "overdue", "extended", "collected"],
        ),
        ([Deed.DEPOSIT, Deed.FALL_DUE, Deed.COLLECT], "collected", ["stored", "overdue", "collected"]),
        ([Deed.CANCEL, Deed.CANCEL], "cancelled", ["cancelled"]),
        ([Deed.CANCEL, Deed.DEPOSIT, Deed.TAKE_BACK], "returned", ["cancelled", "recalling", "returned"]),
        ([Deed.DEPOSIT, Deed.CANCEL, Deed.TAKE_BACK], "returned", ["stored", "recalling", "returned"]),
        ([Deed.DEPOSIT, Deed.CANCEL, Deed.COLLECT], "collected", ["stored", "recalling", "collected"]),
        ([Deed.DEPOSIT, Deed.ADOPT, Deed.COLLECT], "collected", ["stored", "adopted", "collected"]),
        ([Deed.COLLECT, Deed.DEPOSIT], "collected", ["collected"]),
        ([Deed.DEPOSIT, Deed.LAPSE, Deed.GIVE_UP, Deed.COLLECT, Deed.FALL_DUE], "collected", ["stored", "collected"]),
        ([Deed.DEPOSIT, Deed.COLLECT, Deed.TAKE_BACK], "collected", ["stored", "collected"]),
    ],
)
def test_a_story(deeds: list[Deed], end: str, told: list[str]) -> None:
    assert live(*deeds) == (Delivery(end), told)


@pytest.mark.parametrize(("state", "fact"), list(product(Delivery, FACTS)))
def test_what_a_bank_reports_always_finds_a_row(state: Delivery, fact: Deed) -> None:
    row = DELIVERY.move(state, fact)
    if fact is not Deed.DEPOSIT:
        assert row.to in DELIVERY.final
    else:
        assert row.to in INSIDE or row.to in DELIVERY.final


def reachable(state: Delivery) -> set[Delivery]:
    seen, todo = {state}, [state]
    while todo:
        here = todo.pop()
        fresh = {row.to for (origin, _), row in DELIVERY.table.items() if origin is here} - seen
        seen |= fresh
        todo += fresh
    return seen


@pytest.mark.parametrize("sweep", SWEPT)
def test_a_sweep_that_comes_too_late_finds_a_row(sweep: Deed) -> None:
    for state, row in DELIVERY.rows(sweep):
        if row.to is not state:
            for later in reachable(row.to):
                assert (later, sweep) in DELIVERY.table, f"{sweep} after {later}"


@pytest.mark.parametrize("deed", ASKED)
@pytest.mark.parametrize("end", [Delivery.COLLECTED, Delivery.RETURNED])
def test_what_is_over_is_refused_to_people_with_a_code(deed: Deed, end: Delivery) -> None:
    with pytest.raises(Refused) as refused:
        DELIVERY.move(end, deed)
    assert refused.value.code == f"delivery-{deed}-when-{end}"


@given(st.lists(st.sampled_from(Deed), max_size=40))
def test_no_order_of_triggers_revives_what_is_over_or_ends_it_twice(deeds: list[Deed]) -> None:
    state, ends = Delivery.ANNOUNCED, 0
    for deed in deeds:
        row = DELIVERY.table.get((state, deed))
        if row is None:
            assert deed not in FACTS
            continue
        if state in DELIVERY.final:
            assert row.to is state
            assert row.emits is None
        ends += row.emits in {"delivery.collected", "delivery.returned"}
        state = row.to
    assert ends == (state in DELIVERY.final)


@given(st.lists(st.sampled_from(FACTS), min_size=1, max_size=10))
def test_a_repeated_fact_tells_nothing_new(facts: list[Deed]) -> None:
    twice = [fact for fact in facts for _ in range(2)]
    assert live(*twice) == live(*facts)
