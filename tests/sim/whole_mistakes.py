"""Mistakes in what the first tier tells in words of its own: the server's SQL, its jobs, its reactions."""

from collections.abc import Callable
from importlib import import_module

import pytest

Plant = Callable[[pytest.MonkeyPatch], None]


def a_locator_is_given_out_twice(patch: pytest.MonkeyPatch) -> None:
    """Whoever looks for a free one forgets to ask whether it is free."""
    issue = import_module("cranny.access.issue")
    patch.setattr(issue, "ISSUE", _without(issue.ISSUE, "AND grant_id IS NULL"))


def _without(sql: str, part: str) -> str:
    assert part in sql
    return sql.replace(part, "")


WHOLE_MISTAKES: dict[str, Plant] = {plant.__name__: plant for plant in (a_locator_is_given_out_twice,)}
