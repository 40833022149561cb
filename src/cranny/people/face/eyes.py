"""Sees faces with dlib: a detector that is in its code, five points to turn the face upright, and a network of 128
numbers. Needs the extra `cranny[face]`; the only file that imports any of it.

The package with the weights also holds a model of 68 points that must not be used commercially. It is not opened: only
the two files named here are.
"""

from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import dlib
import numpy as np
from PIL import Image, ImageOps

from cranny.people.face.rule import Face, Outcome, flaw
from cranny.people.face.seeing import Sight

FIVE_POINTS: Final = "shape_predictor_5_face_landmarks.dat"
NETWORK: Final = "dlib_face_recognition_resnet_model_v1.dat"
LONGEST_SIDE: Final = 1024
"""Pixels; larger pictures are made smaller first, which is where the time goes."""
MOST_PIXELS: Final = 40_000_000
_BROKEN: Final = (OSError, SyntaxError, ValueError, Image.DecompressionBombError, Image.DecompressionBombWarning)
"""What a picture that is none makes its readers say."""


def models() -> Path:
    """The folder of the weights' package, without running it. Raises FileNotFoundError where it is not installed."""
    found = find_spec("face_recognition_models")
    if found is None or not found.submodule_search_locations:
        raise FileNotFoundError("The weights are missing: install cranny[face].")
    return Path(found.submodule_search_locations[0]) / "models"


class DlibEyes:
    model = "dlib-resnet-1"

    def __init__(self, folder: Path) -> None:
        """`folder` has the two files of weights. Raises RuntimeError where one is missing."""
        self._detector = dlib.get_frontal_face_detector()
        self._points = dlib.shape_predictor(str(folder / FIVE_POINTS))
        self._network = dlib.face_recognition_model_v1(str(folder / NETWORK))

    def look(self, picture: bytes) -> Sight:
        try:
            pixels = _read(picture)
        except _BROKEN:
            return Sight(Outcome.UNREADABLE)
        found = self._detector(pixels, 0)
        if why := flaw([_measure(pixels, box) for box in found]):
            return Sight(why)
        numbers = self._network.compute_face_descriptor(pixels, self._points(pixels, found[0]))
        return Sight(None, tuple(float(number) for number in numbers))


def _read(picture: bytes) -> Any:
    """Height x width x 3 bytes, upright. Raises one of _BROKEN."""
    with Image.open(BytesIO(picture), formats=("JPEG", "PNG")) as image:
        if image.width * image.height > MOST_PIXELS:
            raise ValueError("a picture has too many pixels")
        upright = ImageOps.exif_transpose(image).convert("RGB")
    upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    return np.asarray(upright)


def _measure(pixels: Any, box: Any) -> Face:
    inside = pixels[max(box.top(), 0) : box.bottom() + 1, max(box.left(), 0) : box.right() + 1]
    return Face(box.width(), float(inside.mean()))
