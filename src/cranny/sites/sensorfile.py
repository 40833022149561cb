"""The `sensors:` of a bank file: what is measured, where it is read, and which doors it is about."""

from collections.abc import Mapping, Sequence
from typing import Final, cast

from cranny.core.errors import Invalid
from cranny.sites.reading import Path, Reader
from cranny.sites.shapes import SensorFile, TowerFile
from cranny.wire.allocation import COLD
from cranny.wire.sensors import LIMITED, MEASURES, PLAUSIBLE, SOURCES, Measure, check_address

MOST: Final = 128
EVERY_S: Final = (5, 3600)
USUAL_S: Final = 30
_KEYS: Final = ("name", "kind", "source", "address", "tower", "compartments", "low", "high", "every_s")


def read(top: Mapping[str, object], towers: Sequence[TowerFile], reader: Reader) -> tuple[SensorFile, ...]:
    """All of them. `towers` are the file's, as far as they could be read."""
    if top.get("sensors") is None:
        return ()
    found = [
        _sensor(value, ("sensors", place), towers, reader)
        for place, value in enumerate(reader.sequence(top, "sensors", (), MOST))
    ]
    seen: set[str] = set()
    for place, sensor in enumerate(found):
        if sensor.name and sensor.name in seen:
            reader.say(("sensors", place, "name"), f"the name `{sensor.name}` is taken; each sensor needs its own")
        seen.add(sensor.name)
    return tuple(found)


def _sensor(value: object, path: Path, towers: Sequence[TowerFile], reader: Reader) -> SensorFile:
    group = reader.mapping(value, path, _KEYS)
    kind = _word(group, "kind", path, MEASURES, reader)
    source = _word(group, "source", path, SOURCES, reader)
    address = reader.text(group, "address", path, 200)
    if source and address:
        try:
            check_address(source, address)
        except Invalid as invalid:
            reader.say((*path, "address"), invalid.detail)
    doors = _doors(group, path, towers, reader)
    measure = cast("Measure", kind or "temperature")
    low, high = (_limit(group, side, path, measure, reader) for side in ("low", "high"))
    if low is not None and high is not None and low >= high:
        reader.say((*path, "low"), f"`low` ({low}) must be below `high` ({high})")
    if measure == "battery" and high is not None:
        reader.say((*path, "high"), "a battery can't be too full; take `high` away")
    every_s = reader.whole(group, "every_s", path, EVERY_S, "s") if group.get("every_s") is not None else USUAL_S
    return SensorFile(
        name=reader.text(group, "name", path, 32),
        kind=measure,
        source=source,
        address=address,
        doors=doors,
        every_s=every_s,
        low=low,
        high=high,
    )


def _word(group: Mapping[str, object], key: str, path: Path, known: Sequence[str], reader: Reader) -> str:
    word = reader.text(group, key, path, 32)
    if word and word not in known:
        reader.say((*path, key), f"there is no {key} `{word}`; these are: {', '.join(known)}")
        return ""
    return word


def _limit(group: Mapping[str, object], side: str, path: Path, measure: Measure, reader: Reader) -> int | None:
    if group.get(side) is None:
        return None
    if measure not in LIMITED:
        reader.say((*path, side), f"`{measure}` is on or off; take `{side}` away")
        return None
    return reader.whole(group, side, path, PLAUSIBLE[measure])


def _doors(group: Mapping[str, object], path: Path, towers: Sequence[TowerFile], reader: Reader) -> tuple[str, ...]:
    """Those of a tower, or some by label; none when it is about the whole bank."""
    if "tower" in group and "compartments" in group:
        reader.say(path, "give either `tower` or `compartments`, not both")
    features = {door.label: frozenset(door.features) for tower in towers for door in tower.compartments}
    if group.get("tower") is not None:
        name = reader.text(group, "tower", path, 20)
        labels = [door.label for tower in towers if tower.name == name for door in tower.compartments]
        if name and not labels:
            reader.say((*path, "tower"), f"no tower `{name}` with compartments; these are: {_names(towers)}")
    elif group.get("compartments") is not None:
        named = reader.sequence(group, "compartments", path, len(features) or 1)
        labels = [str(label) for label in named]
        for place, label in enumerate(labels):
            if label not in features:
                reader.say((*path, "compartments", place), f"there is no compartment `{label}`")
    else:
        return ()
    kinds = {feature for label in labels for feature in features.get(label, frozenset()) & COLD}
    if len(kinds) > 1 and group.get("low") is None and group.get("high") is None:
        reader.say(path, "one sensor can't be about chilled and frozen compartments; give each its own")
    return tuple(dict.fromkeys(labels))


def _names(towers: Sequence[TowerFile]) -> str:
    return ", ".join(tower.name for tower in towers if tower.compartments)
