"""ETags: whoever was slower overwrites nothing."""

from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from cranny.platform import etags


class Thing(msgspec.Struct, frozen=True):
    size: int


def asking(match: str | None) -> Any:
    return SimpleNamespace(headers={} if match is None else {"If-Match": match})


def test_an_edit_goes_through_when_it_names_what_is() -> None:
    tag = etags.etag(Thing(1))
    for match in (None, "*", tag, f'"other", {tag}'):
        etags.insist(asking(match), Thing(1))
    assert tag == etags.etag(Thing(1)) != etags.etag(Thing(2))
    etags.insist(asking(None), None)


@pytest.mark.parametrize("match", ['"other"', "", "W/", etags.etag(Thing(2)).strip('"')])
def test_an_edit_of_what_was_changed_meanwhile_is_refused(match: str) -> None:
    with pytest.raises(etags.Changed) as refused:
        etags.insist(asking(match), Thing(1))
    assert (refused.value.status, refused.value.code) == (412, "changed-meanwhile")


def test_there_is_nothing_to_match_where_nothing_is() -> None:
    with pytest.raises(etags.Changed):
        etags.insist(asking("*"), None)
