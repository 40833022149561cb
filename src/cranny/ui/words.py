"""Words in the reader's language: gettext catalogues, read from their sources at start, and local formats.

`.po` files are small, so nothing is compiled and no built file can be stale. A language is offered when its
folder is there: `locales/<language>/LC_MESSAGES/cranny.po`.
"""

import io
from collections.abc import Mapping
from datetime import datetime, timedelta, tzinfo
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from babel import Locale
from babel.dates import format_date, format_time
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from babel.support import Translations
from babel.units import format_unit

LOCALES = Path(__file__).parent / "locales"
SOURCE = "en"
"""The language that the templates are written in."""
NARROW = frozenset({"en"})
"""Languages whose shortest form of a unit is the usual one: 22h. Others would be cut beyond understanding."""
FORMATS = {"en": "en_GB"}
"""Whose dates and times a language without a country uses: 24 hours, day before month."""
UNITS = ((100 * 60, 60, "duration-minute"), (48 * 3600, 3600, "duration-hour"), (0, 86_400, "duration-day"))
"""(shorter than so many seconds, seconds in a unit, unit); the last has no limit."""


class Words:
    """One language: its catalogue and its formats."""

    def __init__(self, language: str, catalogue: Translations) -> None:
        self.language = language
        self.locale = Locale.parse(FORMATS.get(language, language))
        self.catalogue = catalogue

    @property
    def name(self) -> str:
        """The language's name in itself, written as at the start of a line."""
        name = self.locale.get_language_name() or self.language
        return name[:1].upper() + name[1:]

    @property
    def direction(self) -> str:
        """`ltr` or `rtl`."""
        return "rtl" if self.locale.character_order == "right-to-left" else "ltr"

    def clock(self, moment: datetime, zone: tzinfo) -> str:
        """17:05, or as it is written here."""
        return format_time(moment.astimezone(zone), "short", locale=self.locale)

    def day(self, moment: datetime, zone: tzinfo) -> str:
        """Tue 24 Nov, or as it is written here."""
        return format_date(moment.astimezone(zone), self._pattern(), locale=self.locale)

    def span(self, duration: timedelta) -> str:
        """A length of time in whole units, short: 59m, 22h, 3d."""
        seconds = max(duration.total_seconds(), 0)
        size, unit = next((size, unit) for limit, size, unit in UNITS if seconds < limit or not limit)
        length: Literal["short", "narrow"] = "narrow" if self.language in NARROW else "short"
        return format_unit(int(seconds // size), unit, length=length, locale=self.locale)

    def degrees(self, hundredths: int, *, unit: str = " °C") -> str:
        """4.3 °C, or as it is written here."""
        return format_decimal(hundredths / 100, "0.0", locale=self.locale).replace("-", "\u2212") + unit

    def _pattern(self) -> str:
        skeleton = self.locale.datetime_skeletons.get("MMMEd")
        return skeleton.pattern if skeleton is not None else "EEE d MMM"


@cache
def load(folder: Path = LOCALES) -> Mapping[str, Words]:
    """Every language there is, the source first."""
    found = {SOURCE: Words(SOURCE, Translations())}
    for path in sorted(folder.glob("*/LC_MESSAGES/cranny.po")):
        language = path.parent.parent.name
        with path.open("rb") as source:
            catalogue = read_po(source, locale=language, abort_invalid=True)
        compiled = io.BytesIO()
        write_mo(compiled, catalogue)
        compiled.seek(0)
        found[language] = Words(language, Translations(compiled, domain="cranny"))
    return MappingProxyType(found)


def choose(wanted: str, offered: Mapping[str, Words]) -> str:
    """The offered language for a `?lang=` or an Accept-Language header; the source where none fits."""
    ranked = sorted((_ranked(part) for part in wanted.split(",")), key=lambda pair: -pair[1])
    for tag, weight in ranked:
        language = tag.split("-")[0].lower()
        if weight > 0 and language in offered:
            return language
    return SOURCE


def _ranked(part: str) -> tuple[str, float]:
    tag, _, weight = part.strip().partition(";q=")
    try:
        return tag, float(weight or 1)
    except ValueError:
        return tag, 0.0
