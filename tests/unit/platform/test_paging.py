"""Cursors can't be made up, changed, or used elsewhere."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cranny.core.errors import Invalid
from cranny.platform.paging import Cursors, page

CURSORS = Cursors(b"k" * 32)
ME, OTHER = UUID(int=1), UUID(int=2)


@given(st.lists(st.integers(-(2**63), 2**63 - 1) | st.text(max_size=20), max_size=4))
def test_a_cursor_comes_back_as_it_was(place: list[int | str]) -> None:
    cursor = CURSORS.make(ME, "events", place)
    assert CURSORS.read(ME, "events", cursor) == place
    assert cursor.isascii()


def test_a_cursor_is_for_one_tenant_one_listing_one_server() -> None:
    cursor = CURSORS.make(ME, "events", [1])
    for cursors, tenant, listing in (
        (CURSORS, OTHER, "events"),
        (CURSORS, ME, "grants"),
        (Cursors(b"x" * 32), ME, "events"),
    ):
        with pytest.raises(Invalid) as refused:
            cursors.read(tenant, listing, cursor)
        assert refused.value.code == "cursor-invalid"


@given(st.text(max_size=80))
def test_no_text_breaks_it(text: str) -> None:
    with pytest.raises(Invalid):
        CURSORS.read(ME, "events", text)


def test_a_page_says_where_the_next_one_starts() -> None:
    assert page([1, 2, 3], 2, str).next == "2"
    assert page([1, 2], 2, str).next is None
    assert page([1, 2, 3], 2, str).items == [1, 2]
