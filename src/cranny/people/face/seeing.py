"""What looks at pictures, as the rest of this room knows it."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from cranny.people.face.rule import Outcome, Template


class Sight(msgspec.Struct, frozen=True):
    """What is seen in a picture: why nothing can be said by it, or the template of the one face in it."""

    flaw: Outcome | None
    template: Template = ()

    def __repr__(self) -> str:
        """Without the numbers, wherever it is printed."""
        return f"Sight({self.flaw})"


class Eyes(Protocol):
    """Finds the face in a picture and says what is kept of it."""

    model: str
    """Templates of different models can't be compared."""

    def look(self, picture: bytes) -> Sight:
        """`picture` is a JPEG or PNG. Never raises for what is in it. Takes a good part of a second of one processor,
        during which this Python does nothing else."""


class Liveness(Protocol):
    """Tells whether somebody stands there, and not a picture of them."""

    def alive(self, pictures: Sequence[bytes]) -> bool:
        """Of all the pictures of one sitting, in their order. Works without the internet."""
