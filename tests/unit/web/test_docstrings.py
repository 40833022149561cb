"""What is said of a shape in the code."""

import inspect
from enum import Enum
from typing import Any

import msgspec
import pytest

from cranny.web import docstrings, problems
from cranny.wire.messages import Layout


class Plain(Enum):
    """Not ours: a test's."""


def test_a_shape_says_what_it_inherits_and_a_field_what_stands_below_it() -> None:
    assert docstrings.text(problems.Problem).startswith("An RFC 9457 problem document.")
    said = docstrings.fields(problems.Problem)
    assert said["retry"] == "Whether the same request can succeed later."
    assert said.keys() <= {field.encode_name for field in msgspec.structs.fields(problems.Problem)}


def test_only_what_we_wrote_is_read() -> None:
    assert (docstrings.text(Plain), docstrings.fields(Plain)) == ("", {})


def test_without_sources_less_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_: Any) -> str:
        raise OSError

    docstrings._docstrings.cache_clear()
    monkeypatch.setattr(inspect, "getsource", missing)
    assert docstrings.fields(Layout) == {}
    docstrings._docstrings.cache_clear()
