"""Reading plain values (of YAML or JSON) into typed ones, noting every problem and the path where it is.

A reader never stops at the first mistake: whoever writes a file of 128 doors wants the whole list.
"""

import difflib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

Path = tuple[str | int, ...]
"""Keys and places from the top, as in `("towers", 0, "compartments", 3, "width")`."""

MISSING: Final = object()


@dataclass(frozen=True, slots=True)
class Problem:
    """`text` says what is wrong and what to do."""

    path: Path
    text: str

    def where(self) -> str:
        """`towers[0].compartments[3].width`; empty for the whole."""
        steps = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.path)
        return steps.removeprefix(".")


@dataclass(slots=True)
class Reader:
    problems: list[Problem] = field(default_factory=list)

    def say(self, path: Path, text: str) -> None:
        self.problems.append(Problem(path, text))

    def mapping(self, value: object, path: Path, known: Collection[str]) -> Mapping[str, object]:
        """`value` without the keys that are not in `known`; empty when it is no mapping at all."""
        if not isinstance(value, Mapping):
            self.say(path, f"here belongs a group of `key: value` pairs ({', '.join(known)})")
            return {}
        for key in value:
            if key not in known:
                self.say((*path, str(key)), f"there is no key `{key}`{_instead(str(key), known)}")
        return {key: value[key] for key in known if key in value}

    def sequence(self, group: Mapping[str, object], key: str, path: Path, most: int) -> list[object]:
        """The list under `key`, of 1 to `most` entries."""
        value = self._get(group, key, path, MISSING)
        if value is MISSING:
            return []
        if not isinstance(value, list) or not 1 <= len(value) <= most:
            self.say((*path, key), f"`{key}` must be a list of 1 to {most} entries")
            return []
        return value

    def text(self, group: Mapping[str, object], key: str, path: Path, longest: int, default: object = MISSING) -> str:
        """The text under `key`, trimmed, of 1 to `longest` characters. A whole number counts as text."""
        value = self._get(group, key, path, default)
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if value is MISSING:
            return ""
        if not isinstance(value, str) or not 1 <= len(value.strip()) <= longest or not value.isprintable():
            self.say((*path, key), f"`{key}` must be a text of 1 to {longest} characters")
            return ""
        return value.strip()

    def whole(self, group: Mapping[str, object], key: str, path: Path, limits: tuple[int, int], unit: str = "") -> int:
        """The whole number under `key`, `limits` included. 0 where it can't be read."""
        value = self._get(group, key, path, MISSING)
        low, high = limits
        if value is MISSING:
            return 0
        if not isinstance(value, int) or isinstance(value, bool):
            self.say((*path, key), f"`{key}` must be a whole number{unit and f' of {unit}'}, not {value!r:.40}")
            return 0
        if not low <= value <= high:
            self.say((*path, key), f"`{key}` is {value}; it must be {low} to {high}{unit and f' {unit}'}")
            return 0
        return value

    def _get(self, group: Mapping[str, object], key: str, path: Path, default: object) -> object:
        value = group.get(key)
        if value is not None:
            return value
        if default is MISSING:
            self.say(path, f"`{key}` is missing; add it")
        return default


def _instead(key: str, known: Collection[str]) -> str:
    close = difflib.get_close_matches(key, known, n=1)
    return f"; did you mean `{close[0]}`?" if close else f"; these are: {', '.join(known)}"
