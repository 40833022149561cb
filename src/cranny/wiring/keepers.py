"""Gathers what every feature says of the personal data that it holds."""

from dataclasses import replace

from cranny.platform.feature import Parts
from cranny.platform.personal import Keepers
from cranny.wiring.features import features


def gathered() -> Keepers:
    """Of every feature of this installation. Raises RuntimeError where two have the same name for something."""
    found = features()
    personal = [one.personal for one in found if one.personal is not None]
    kept = [kept for one in found for kept in one.kept]
    for names in ([one.section for one in personal], [one.kind for one in kept]):
        if len(set(names)) != len(names):
            raise RuntimeError(f"two keepers have the same name: {sorted(names)}")
    return Keepers(tuple(personal), tuple(kept))


def informed(parts: Parts) -> Parts:
    """`parts` with what all features hold."""
    return replace(parts, keepers=gathered())
