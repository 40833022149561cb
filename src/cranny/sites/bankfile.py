"""The rules that a bank file must keep, whether it came as YAML or as JSON. Every problem is noted with its
path, none stops the reading."""

import re
from collections.abc import Mapping
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from cranny.sites import sensorfile
from cranny.sites.policy import BankPolicy
from cranny.sites.reading import Path, Reader
from cranny.sites.shapes import (
    ADDRESS,
    CENTRE,
    FEATURES,
    MOST_DOORS,
    MOST_TOWERS,
    SEATED_REACH,
    SIDE,
    BankFile,
    CompartmentFile,
    Console,
    TowerFile,
)
from cranny.wire.allocation import Size

_LABEL: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,7}")
_SIDES: Final = ("width", "height", "depth")


def read(value: object, reader: Reader) -> BankFile:
    """Turn plain values into a BankFile. It is worth something only when `reader` found no problem."""
    top = reader.mapping(value, (), ("name", "timezone", "site", "policy", "sizes", "towers", "sensors"))
    sizes = _sizes(top.get("sizes"), reader)
    towers = tuple(
        _tower(tower, ("towers", place), sizes, reader)
        for place, tower in enumerate(reader.sequence(top, "towers", (), MOST_TOWERS))
    )
    _no_doubles(towers, reader)
    return BankFile(
        name=reader.text(top, "name", (), 80),
        timezone=_timezone(top, reader),
        site=reader.text(top, "site", (), 80),
        towers=towers,
        policy=_policy(top.get("policy"), reader),
        sensors=sensorfile.read(top, towers, reader),
    )


def _timezone(top: Mapping[str, object], reader: Reader) -> str:
    name = reader.text(top, "timezone", (), 64)
    if name and not is_zone(name):
        reader.say(("timezone",), f"`{name}` is no IANA time zone; write one such as `Europe/Prague`")
    return name


def is_zone(name: str) -> bool:
    """Whether this is an IANA time zone that this machine knows."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _policy(value: object, reader: Reader) -> BankPolicy:
    if value is None:
        return BankPolicy()
    good: dict[str, object] = {}
    for key, setting in reader.mapping(value, ("policy",), BankPolicy.__struct_fields__).items():
        try:
            msgspec.convert({key: setting}, BankPolicy)
        except msgspec.ValidationError as error:
            reason = str(error).partition(" - at ")[0]
            reader.say(("policy", key), f"`{key}`: {reason[0].lower()}{reason[1:]}")
        else:
            good[key] = setting
    policy = msgspec.convert(good, BankPolicy)
    if flaw := policy.flaw():
        reader.say(("policy",), flaw)
    return policy


def _sizes(value: object, reader: Reader) -> dict[str, Size]:
    """Names for inner sizes, which compartments of the same file use instead of three numbers."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        reader.say(("sizes",), "`sizes` gives names to inner sizes: `S: {width: 380, height: 80, depth: 640}`")
        return {}
    return {str(name): _sides(sides, ("sizes", str(name)), reader) for name, sides in value.items()}


def _sides(value: object, path: Path, reader: Reader) -> Size:
    group = reader.mapping(value, path, _SIDES)
    width, height, depth = (reader.whole(group, side, path, SIDE, "mm") for side in _SIDES)
    return Size(width, height, depth)


def _tower(value: object, path: Path, sizes: Mapping[str, Size], reader: Reader) -> TowerFile:
    group = reader.mapping(value, path, ("name", "console", "compartments"))
    console = _console(group["console"], (*path, "console"), reader) if "console" in group else None
    alone = console is not None and "compartments" not in group
    doors = [] if alone else reader.sequence(group, "compartments", path, MOST_DOORS)
    return TowerFile(
        name=reader.text(group, "name", path, 20),
        compartments=tuple(
            _compartment(door, (*path, "compartments", place), sizes, reader) for place, door in enumerate(doors)
        ),
        console=console,
    )


def _console(value: object, path: Path, reader: Reader) -> Console:
    group = reader.mapping(value, path, ("bottom", "top"))
    bottom = reader.whole(group, "bottom", path, (0, CENTRE[1]), "mm")
    top = reader.whole(group, "top", path, (1, CENTRE[1]), "mm")
    if bottom >= top > 0:
        reader.say(path, f"the console's top ({top} mm) must be above its bottom ({bottom} mm)")
    return Console(bottom, top)


def _compartment(value: object, path: Path, sizes: Mapping[str, Size], reader: Reader) -> CompartmentFile:
    group = reader.mapping(value, path, ("label", "size", *_SIDES, "centre", "features", "unit", "channel"))
    width, height, depth = _inner(group, path, sizes, reader)
    centre = reader.whole(group, "centre", path, CENTRE, "mm")
    if 0 < centre < height / 2:
        reader.say(
            (*path, "centre"),
            f"a compartment {height} mm high can't have its centre {centre} mm above the floor",
        )
    return CompartmentFile(
        label=_label(group, path, reader),
        width=width,
        height=height,
        depth=depth,
        centre=centre,
        unit=reader.whole(group, "unit", path, ADDRESS),
        channel=reader.whole(group, "channel", path, ADDRESS),
        features=_features(group.get("features"), (*path, "features"), centre, reader),
    )


def _label(group: Mapping[str, object], path: Path, reader: Reader) -> str:
    label = reader.text(group, "label", path, 8)
    if label and not _LABEL.fullmatch(label):
        reader.say((*path, "label"), f"`{label}`: a label has letters, digits and hyphens only, like `A07`")
    return label


def _inner(group: Mapping[str, object], path: Path, sizes: Mapping[str, Size], reader: Reader) -> Size:
    """By the name of a size or by three numbers."""
    if "size" not in group:
        return _sides({side: group[side] for side in _SIDES if side in group}, path, reader)
    if any(side in group for side in _SIDES):
        reader.say(path, "give either `size` or `width`, `height` and `depth`, not both")
    name = str(group["size"])
    if name not in sizes:
        reader.say((*path, "size"), f"there is no `{name}` under `sizes`; these are: {', '.join(sizes)}")
    return sizes.get(name, Size(0, 0, 0))


def _features(value: object, path: Path, centre: int, reader: Reader) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list):
        reader.say(path, f"`features` is a list such as `[charging]`; these exist: {', '.join(FEATURES)}")
        return ()
    for place, feature in enumerate(value):
        if feature not in FEATURES:
            reader.say((*path, place), f"there is no feature `{feature}`; these are: {', '.join(FEATURES)}")
    low, high = SEATED_REACH
    if "seated" in value and centre and not low <= centre <= high:
        reader.say(
            path,
            f"a door with its centre at {centre} mm is not within seated reach ({low} to {high} mm, after "
            "EN 301 549, 8.3.2); take `seated` away or correct `centre`",
        )
    return tuple(feature for feature in FEATURES if feature in value)


def _no_doubles(towers: tuple[TowerFile, ...], reader: Reader) -> None:
    """No label twice, no lock twice. Doors that could not be read have been told of already."""
    unread = {problem.path[:4] for problem in reader.problems}
    labels: set[str] = set()
    locks: dict[tuple[int, int], str] = {}
    for column, tower in enumerate(towers):
        for place, door in enumerate(tower.compartments):
            path: Path = ("towers", column, "compartments", place)
            if path in unread:
                continue
            if door.label.upper() in labels:
                reader.say((*path, "label"), f"the label `{door.label}` is taken; each door needs its own")
            labels.add(door.label.upper())
            if first := locks.get((door.unit, door.channel)):
                reader.say(
                    (*path, "channel"),
                    f"unit {door.unit}, channel {door.channel} is door {first}'s lock already; "
                    "correct the board's address",
                )
            locks.setdefault((door.unit, door.channel), door.label)
    if len(labels) > MOST_DOORS:
        reader.say(("towers",), f"{len(labels)} doors are too many; a bank has at most {MOST_DOORS}")
    if not labels and not unread:
        reader.say(("towers",), "no tower has a compartment; add at least one")
