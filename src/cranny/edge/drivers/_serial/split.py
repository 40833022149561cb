"""Find frames among whatever a line brings. Pure: bytes in, frames and the rest out."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto


class Verdict(Enum):
    MORE = auto()
    """It may become a frame: only more bytes can tell."""
    NOISE = auto()
    """No frame begins here."""
    BROKEN = auto()
    """It has a frame's shape, and its checksum is wrong."""


Look = Callable[[bytes, int], int | Verdict]
"""What begins at this place of these bytes: the length of a whole frame, or why there is none. It asks for MORE only
while fewer bytes are there than its longest frame has."""


@dataclass(frozen=True, slots=True)
class Split:
    """`rest` may be the beginning of a frame. `noise` counts the bytes that belong to nothing, `broken` the frames
    among them that had a wrong checksum."""

    frames: list[bytes]
    rest: bytes
    noise: int
    broken: int


def split(data: bytes, look: Look) -> Split:
    """What is broken is searched again from its second byte: its head may have been noise and its tail a frame."""
    frames: list[bytes] = []
    at = noise = broken = 0
    while at < len(data):
        match look(data, at):
            case Verdict.MORE:
                break
            case Verdict.BROKEN:
                at, noise, broken = at + 1, noise + 1, broken + 1
            case int(length) if length > 0:
                frames.append(data[at : at + length])
                at += length
            case _:  # also a frame of no bytes, which would be found for ever
                at, noise = at + 1, noise + 1
    return Split(frames, data[at:], noise, broken)


def echo_of(request: bytes, look: Look) -> Look:
    """The same, and the request itself is a frame too."""

    def either(data: bytes, at: int) -> int | Verdict:
        heard = data[at : at + len(request)]
        if heard == request:
            return len(request)
        found = look(data, at)
        return Verdict.MORE if found is not Verdict.MORE and request.startswith(heard) else found

    return either


def nothing(data: bytes, at: int) -> Verdict:  # noqa: ARG001 - the shape of every look
    """For a request that is never answered."""
    return Verdict.NOISE
