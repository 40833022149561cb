"""What a face may decide, when two are the same, and when a picture is good enough to tell. Pure."""

import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

SIZE: Final = 128
"""Numbers in a template."""
MOST_APART: Final = 0.5
"""Two templates are of one person up to this distance. The network's author proposes 0.6, for which he gives 99.38 % on
LFW; here who is wrongly taken for the collector costs more than who is not recognized, as their code opens anyway."""
SMALLEST: Final = 80
"""Width of a face in pixels below which nothing is said about it; the network is shown 150."""
DARKEST: Final = 40
"""Mean brightness of a face (0 to 255) below which nothing is said about it."""
_PACKED: Final = struct.Struct(f"<{SIZE}f")

Template = tuple[float, ...]
"""What is kept of a face: 128 numbers, not larger than about 0.5 each. No picture can be made of it by us; that nobody
can is not claimed."""


class Outcome(StrEnum):
    """What came of looking. Only SAME says anything about who stands there."""

    SAME = "same"
    OTHER = "other"
    NOT_LIVE = "not_live"
    NO_FACE = "no_face"
    MANY_FACES = "many_faces"
    SMALL = "small"
    DARK = "dark"
    UNREADABLE = "unreadable"
    NOT_ENROLLED = "not_enrolled"
    OFF = "off"
    FAILED = "failed"


class Face(NamedTuple):
    """As it was found in a picture: its width in pixels and its mean brightness, 0 to 255."""

    width: int
    light: float


@dataclass(frozen=True, slots=True)
class Release:
    """Whether a door opens; `seconded`: a face said the same as the code."""

    opens: bool
    seconded: bool


def release(code: bool, face: Outcome | None) -> Release:
    """A door opens by its code: with any face, with none, and where nobody could look. No face opens it without."""
    return Release(opens=code, seconded=code and face is Outcome.SAME)


def flaw(faces: Sequence[Face]) -> Outcome | None:
    """Why nothing can be said by this picture, or None. Two faces are one too many: which of them has the code?"""
    if len(faces) != 1:
        return Outcome.MANY_FACES if faces else Outcome.NO_FACE
    if faces[0].width < SMALLEST:
        return Outcome.SMALL
    return Outcome.DARK if faces[0].light < DARKEST else None


def same(one: Template, other: Template) -> bool:
    return math.dist(one, other) <= MOST_APART


def middle(templates: Sequence[Template]) -> Template:
    """One for several pictures of a person; at least one."""
    return tuple(math.fsum(numbers) / len(templates) for numbers in zip(*templates, strict=True))


def pack(template: Template) -> bytes:
    """512 bytes."""
    return _PACKED.pack(*template)


def unpack(raw: bytes) -> Template:
    """The inverse of `pack`, to the precision of 32 bits."""
    return _PACKED.unpack(raw)
