"""Keys of a US keyboard, which is what scanners and card readers pretend to be, and the signs that they type."""

from collections.abc import Mapping
from typing import Final

_PLAIN: Final = "`1234567890-=[]\\;',./"
_SHIFTED: Final = '~!@#$%^&*()_+{}|:"<>?'
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"
_SHIFT: Final = dict(zip(_PLAIN + _LETTERS, _SHIFTED + _LETTERS.upper(), strict=True))
ENTER: Final = "\r"


def typed(sign: str, *, shift: bool) -> str:
    """The sign of a key, with or without Shift."""
    return _SHIFT.get(sign, sign) if shift else sign


def key_for(sign: str) -> tuple[str, bool]:
    """The inverse: (key, with Shift). Raises KeyError for a sign that this keyboard does not have."""
    for plain, shifted in _SHIFT.items():
        if shifted == sign:
            return plain, True
    if sign in _EVERY:
        return sign, False
    raise KeyError(sign)


def _rows(*rows: tuple[int, str]) -> Mapping[int, str]:
    return {first + place: sign for first, signs in rows for place, sign in enumerate(signs)}


USAGES: Final = _rows(
    (4, "abcdefghijklmnopqrstuvwxyz1234567890"),
    (40, ENTER),
    (44, " -=[]\\"),
    (51, ";'`,./"),
    (84, "/*-+" + ENTER + "1234567890."),
)
"""USB HID usage tables 1.5, page 7 (keyboard): usage to key."""
CODES: Final = _rows(
    (2, "1234567890-="),
    (16, "qwertyuiop[]" + ENTER),
    (30, "asdfghjkl;'`"),
    (43, "\\zxcvbnm,./"),
    (55, "*"),
    (57, " "),
    (71, "789-456+1230."),
    (96, ENTER),
    (98, "/"),
)
"""Linux input event codes: code to key."""
_EVERY: Final = frozenset(CODES.values())
SHIFT_CODES: Final = frozenset({42, 54})
OTHER_CODES: Final = frozenset({29, 97, 56, 100, 125, 126})
"""Ctrl, Alt and the like: what is pressed with these is no sign."""
