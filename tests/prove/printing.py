"""A photograph of a photograph, made up: printed with dots and poor ink on paper with a border, held at an angle before
a camera, lit from one side, with the camera's noise. It shows that something is fooled; that something is not fooled by
real sheets before a real camera, it can't show."""

from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from itertools import product
from typing import Any

import numpy as np
from PIL import Image, ImageFilter, ImageOps

PAPER, ROOM = (235, 233, 226), (70, 74, 80)


@dataclass(frozen=True)
class Sheet:
    """`angle` in degrees; `lean` is how much narrower the far edge looks; `ink` how much contrast is left; `dots` how
    strong its screen is; `light` how much brighter the lit corner."""

    angle: float = 4
    lean: float = 0.06
    ink: float = 0.75
    dots: float = 0.06
    light: float = 35
    grey: bool = False


def sheets() -> Iterator[Sheet]:
    """Good prints and bad ones, held well and badly: 48."""
    for angle, lean, ink, dots, grey in product((-8, 0, 6), (0.02, 0.1), (0.55, 0.85), (0.04, 0.12), (False, True)):
        yield Sheet(angle, lean, ink, dots, 35, grey)


def printed(photograph: Any, sheet: Sheet) -> Any:
    return _seen(_held(_inked(photograph, sheet), sheet), sheet)


def jpeg(image: Any, **how: Any) -> bytes:
    into = BytesIO()
    image.save(into, "JPEG", **{"quality": 90} | how)
    return into.getvalue()


def _inked(photograph: Any, sheet: Sheet) -> Any:
    """Paper is not white and ink not black; three screens of dots, one a little off the other."""
    plain = ImageOps.grayscale(photograph).convert("RGB") if sheet.grey else photograph
    pixels = np.asarray(plain).astype(float) / 255
    pixels = 0.5 + (pixels - 0.5) * sheet.ink
    down, across = np.mgrid[0 : pixels.shape[0], 0 : pixels.shape[1]]
    screens = [np.sin(across * 1.9 + down * turn) * np.sin(down * 1.7 - across * turn) for turn in (0.1, 0.3, 0.5)]
    pixels *= 1 + sheet.dots * np.stack(screens, axis=-1)
    image = Image.fromarray((np.clip(pixels, 0, 1) * 255).astype("uint8"))
    return ImageOps.expand(image, border=image.width // 12, fill=PAPER)


def _held(sheet_of_paper: Any, sheet: Sheet) -> Any:
    """By a hand, before whatever is behind it."""
    wide, high = sheet_of_paper.size
    lean = sheet.lean * wide
    corners = (-lean / 2, -lean, -lean / 5, high + lean, wide + lean, high + lean / 3, wide + lean / 5, -lean / 3)
    leant = sheet_of_paper.transform(
        (wide, high), Image.Transform.QUAD, corners, Image.Resampling.BICUBIC, fillcolor=ROOM
    )
    return leant.rotate(sheet.angle, Image.Resampling.BICUBIC, fillcolor=ROOM)


def _seen(scene: Any, sheet: Sheet) -> Any:
    """By a camera: a little soft, brighter where the lamp is, noisy, and packed as JPEG."""
    smaller = scene.resize((scene.width * 4 // 5, scene.height * 4 // 5), Image.Resampling.LANCZOS)
    pixels = np.asarray(smaller.filter(ImageFilter.GaussianBlur(0.8))).astype(float)
    high, wide = pixels.shape[:2]
    down, across = np.mgrid[0:high, 0:wide]
    lamp = np.exp(-(((across - wide * 0.7) / (wide * 0.3)) ** 2 + ((down - high * 0.2) / (high * 0.3)) ** 2))
    pixels += sheet.light * lamp[..., None] + np.random.default_rng(7).normal(0, 4, pixels.shape)
    return Image.open(BytesIO(jpeg(Image.fromarray(np.clip(pixels, 0, 255).astype("uint8")), quality=82)))
