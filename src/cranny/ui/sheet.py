"""The style sheet of one front: where each door is drawn.

The pages allow no inline style, so the geometry travels as a small style sheet of its own, named by its hash
and kept by browsers for ever. Figures are percentages, so that the drawing fits any width in true proportion;
only where the smallest door would be too low to hit does it grow higher than it is.
"""

import hashlib

from cranny.ui.geometry import Box, Front

LEAST_TARGET = 24
"""No door is drawn smaller than this, CSS px (WCAG 2.2, 2.5.8)."""
LEAST_COLUMN = 40
"""Nor a column narrower than this; a wide bank scrolls sideways on a phone."""
GOOD_COLUMN = 66
"""Where there is room, a column is at least this wide, so that a name can be read in it, CSS px."""
MOST_HEIGHT = 660
"""A tall, narrow bank is not drawn higher than this, CSS px."""


def name(front: Front) -> str:
    """The class of this front, and the stem of its sheet's file name."""
    return "front-" + hashlib.sha256(_rules(front, "x").encode()).hexdigest()[:12]


def css(front: Front) -> str:
    """The sheet itself."""
    return _rules(front, name(front))


def _rules(front: Front, label: str) -> str:
    lowest = min((box.height for box in front.doors), default=front.height)
    most = max(round(front.width / front.height * MOST_HEIGHT), front.columns * GOOD_COLUMN)
    rules = [
        (
            f".{label}{{aspect-ratio:{front.width}/{front.height};min-inline-size:{front.columns * LEAST_COLUMN}px;"
            f"max-inline-size:{most}px;min-block-size:{round(front.height / max(lowest, 1) * LEAST_TARGET)}px}}"
        ),
        f"@media(width>720px){{.{label}{{min-inline-size:{front.columns * GOOD_COLUMN}px}}}}",
    ]
    if front.screen is not None:
        rules.append(f".{label} .screen{{{_place(front, front.screen)}}}")
    rules += [f".{label} .at-{i}{{{_place(front, box)}}}" for i, box in enumerate(front.doors)]
    return "\n".join(rules) + "\n"


def _place(front: Front, box: Box) -> str:
    """Percentages of the whole, to a hundredth: a tenth of a millimetre at the size it is drawn."""
    return (
        f"left:{100 * box.x / front.width:.2f}%;top:{100 * box.y / front.height:.2f}%;"
        f"width:{100 * box.width / front.width:.2f}%;height:{100 * box.height / front.height:.2f}%"
    )
