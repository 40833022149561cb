"""The page of event types names every one that a state table emits and every fact of a bank, with the fields it has."""

import importlib
import pkgutil
import re
from pathlib import Path
from typing import Final

import pytest

import cranny
from cranny.core.lifecycle import Lifecycle
from cranny.wire.kinds import NAMES

PAGE: Final = (Path(__file__).parents[2] / "docs/events.md").read_text(encoding="utf-8")
ROOMS: Final = ("access", "fleet", "outreach", "sites", "usecases", "webhooks")


def emitted() -> set[str]:
    """By the tables of the server's features."""
    found: set[str] = set()
    for room in ROOMS:
        for module in pkgutil.walk_packages([str(Path(cranny.__path__[0]) / room)], f"cranny.{room}."):
            if "migrations" not in module.name:
                values = vars(importlib.import_module(module.name)).values()
                found |= {type_ for value in values if isinstance(value, Lifecycle) for type_ in value.event_types()}
    return found


def test_every_type_that_a_state_table_emits_is_named() -> None:
    types = emitted()
    assert {"delivery.stored", "grant.used", "command.executed"} <= types
    assert sorted(type_ for type_ in types if f"`{type_}`" not in PAGE) == []


@pytest.mark.parametrize(("body", "name"), sorted(NAMES.items(), key=lambda item: item[1]), ids=str)
def test_every_fact_is_named_with_its_fields(body: type, name: str) -> None:
    (row,) = re.findall(rf"^\| `{re.escape(name)}` \|.*\|(.*)\|$", PAGE, re.MULTILINE)
    assert re.findall(r"`(\w+)`", row) == list(body.__struct_fields__)  # type: ignore[attr-defined]
