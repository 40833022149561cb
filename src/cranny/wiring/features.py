"""The features, found by listing: each room of the floors 1 to 6 whose front door exports a `FEATURE`."""

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Final

import cranny
from cranny.platform.feature import Feature

NOT_FEATURES: Final = frozenset({"apps", "core", "edge", "sim", "web", "wire", "wiring", "ui"})
"""Rooms that no server process collects from; importing some of them here would break the floors."""
FLOORS_OF_FEATURES: Final = ("usecases", "integrations", "pages")
"""Folders whose every folder is a feature."""


def _names() -> Iterator[str]:
    for room in pkgutil.iter_modules(cranny.__path__):
        if room.name in NOT_FEATURES or not room.ispkg:
            continue
        if room.name in FLOORS_OF_FEATURES:
            floor = importlib.import_module(f"cranny.{room.name}")
            yield from (f"cranny.{room.name}.{inner.name}" for inner in pkgutil.iter_modules(floor.__path__))
        else:
            yield f"cranny.{room.name}"


def features() -> tuple[Feature, ...]:
    """Every feature of this installation, in a stable order."""
    found = [importlib.import_module(name).FEATURE for name in sorted(_names())]
    names = [feature.name for feature in found]
    if len(set(names)) != len(names):
        raise RuntimeError(f"two features have the same name: {names}")
    return tuple(found)
