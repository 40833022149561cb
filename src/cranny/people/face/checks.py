"""What a face check is made of, and the gate before it.

A matcher tells faces apart, not people from pictures of them: without something that tells those, whoever has a
photograph of the collector has their face. So there is no face check without a `Liveness` that was seen to stop a
printed photograph, and which one that is stands here, in the code: no setting switches it on.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import Final

from cranny.core.errors import Refused
from cranny.people.face.seeing import Eyes, Liveness

PASSED: Final[Liveness | None] = None
"""The liveness check that was seen to stop a printed photograph, by tests/prove/test_face.py and before a camera. None
was: docs/face.md says which were tried."""


@dataclass(frozen=True, slots=True)
class FaceCheck:
    eyes: Callable[[], Eyes] | None
    """Loads them, once: 30 MB. None without the extra `cranny[face]`."""
    liveness: Liveness | None

    @property
    def why_off(self) -> str | None:
        """A sentence, or None where it is possible."""
        if self.liveness is None:
            return "No liveness check that works offline was seen to stop a printed photograph; see docs/face.md."
        return None if self.eyes else "The extra is missing on this server: install cranny[face]."

    def insist(self) -> tuple[Eyes, Liveness]:
        """Raises Refused, code `face-check-off`."""
        if self.eyes is None or self.liveness is None:
            raise Refused(
                f"The face check is switched off here. {self.why_off} Codes open the doors.", code="face-check-off"
            )
        return self.eyes(), self.liveness


def installed() -> FaceCheck:
    """What this very program can do."""
    there = all(find_spec(name) for name in ("dlib", "face_recognition_models", "numpy", "PIL"))
    return FaceCheck(_load if there else None, PASSED)


@cache
def _load() -> Eyes:
    from cranny.people.face.eyes import DlibEyes, models

    return DlibEyes(models())
