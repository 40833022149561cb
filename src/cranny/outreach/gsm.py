"""The alphabet of an SMS (3GPP TS 23.038): what is in it costs 7 bits a sign, one sign outside makes the whole message
cost 16 each. So letters with strange accents lose them; whole other scripts stay as they are. All pure."""

import unicodedata
from collections.abc import Callable
from typing import Final

SEPTETS: Final = 160
"""How much fits in one SMS."""

_BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED: Final = frozenset("^{}\\[~]|€")
"""These cost two."""
_LIKE: Final = str.maketrans(
    {"ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "ħ": "h", "Ħ": "H", "ı": "i", "ŧ": "t", "Ŧ": "T"}
    | {"œ": "oe", "Œ": "OE", "þ": "th", "Þ": "Th", "…": "..."}
    | dict.fromkeys("‘’‚‛‹›`´", "'")
    | dict.fromkeys("“”„‟«»", '"')
    | dict.fromkeys("–—−‐‑•", "-")
    | dict.fromkeys("\u00ad\u200b\u2060", "")
)


def plain(text: str) -> str:
    """`text` with every letter that is not in the alphabet, but has a like one there, in its likeness. White space of
    any width becomes a space; other scripts are left alone."""
    return "".join(map(_plain, unicodedata.normalize("NFC", text).translate(_LIKE)))


def septets(text: str) -> int | None:
    """How long `text` is in an SMS; None when a sign of it is not in the alphabet."""
    if not _BASIC.union(_EXTENDED).issuperset(text):
        return None
    return sum(2 if sign in _EXTENDED else 1 for sign in text)


def fit(say: Callable[[str], str], name: str) -> str:
    """`say(name)` in plain letters, with as much of the name as one SMS has room for."""
    text = plain(say(name))
    while (length := septets(text)) is not None and length > SEPTETS and len(name) > 1:
        name = name[: max(1, len(name) - max(1, length - SEPTETS))].rstrip(" ,.") or name[:1]
        text = plain(say(name))
    return text


def _plain(sign: str) -> str:
    if sign in _BASIC or sign in _EXTENDED:
        return sign
    if sign.isspace():
        return " "
    bare = "".join(part for part in unicodedata.normalize("NFKD", sign) if not unicodedata.combining(part))
    return bare if bare and _BASIC.issuperset(bare) else sign
