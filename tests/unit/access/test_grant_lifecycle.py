"""The grant's table: every fact and every job finds a row, whatever it meets."""

from itertools import permutations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cranny.access.lifecycle import GRANT, LIVE, Deed, Grant


def live(state: Grant, *deeds: Deed) -> tuple[Grant, list[str]]:
    """Where `deeds` lead from `state`, and the events told on the way."""
    told = []
    for deed in deeds:
        row = GRANT.move(state, deed)
        state = row.to
        told += [row.emits] if row.emits else []
    return state, told


def test_a_collect_grant_is_told_active_once_it_is_bound_and_verified_in_either_order() -> None:
    for order in permutations([Deed.VERIFY, Deed.BIND]):
        assert live(Grant.UNBOUND, *order) == (Grant.ACTIVE, ["grant.activated"])


def test_a_deposit_grant_is_used_without_ever_being_bound() -> None:
    assert live(Grant.UNBOUND, Deed.USE) == (Grant.USED, ["grant.used"])


@pytest.mark.parametrize(("state", "deed"), list(product(Grant, Deed)))
def test_there_is_a_row_for_everything(state: Grant, deed: Deed) -> None:
    assert (state, deed) in GRANT.table


@pytest.mark.parametrize("end", [Deed.REVOKE, Deed.SUPERSEDE])
def test_a_use_after_the_end_is_told_and_revives_nothing(end: Deed) -> None:
    state, told = live(Grant.ACTIVE, end, Deed.USE)
    assert state not in LIVE
    assert told[-1] == "grant.used_after_end"


def test_an_exhausted_code_leaves_the_grant_alive_for_its_qr() -> None:
    assert live(Grant.ACTIVE, Deed.EXHAUST, Deed.USE) == (Grant.USED, ["grant.code_off", "grant.used"])


@given(st.lists(st.sampled_from(Deed), max_size=30))
def test_no_order_of_events_activates_twice_or_revives_the_dead(deeds: list[Deed]) -> None:
    state, told, ended = Grant.UNBOUND, [], False
    for deed in deeds:
        state, more = live(state, deed)
        told += more
        assert not (ended and state in LIVE)
        ended = state in GRANT.final
    assert told.count("grant.activated") <= 1
    assert told.count("grant.used") <= 1
    if ended:
        assert sum(told.count(f"grant.{end}") for end in ("used", "revoked", "superseded")) == 1


@pytest.mark.slow
@given(st.lists(st.sampled_from([Deed.VERIFY, Deed.BIND]), min_size=1, max_size=8))
def test_repeats_change_nothing(deeds: list[Deed]) -> None:
    once = list(dict.fromkeys(deeds))
    assert live(Grant.UNBOUND, *deeds) == live(Grant.UNBOUND, *once)
