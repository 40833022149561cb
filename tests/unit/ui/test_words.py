"""Every sentence that a screen speaks is there in every language."""

import re
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from babel.messages.pofile import read_po

from cranny.ui import words

ROOT = Path(__file__).parents[3]
sys.path.insert(0, str(ROOT / "scripts"))

import words as gathering  # noqa: E402 - scripts are no package

CATALOGUES = sorted(words.LOCALES.glob("*/LC_MESSAGES/cranny.po"))
PLACE = re.compile(r"%\((\w+)\)[sd]")


def known(path):
    with path.open("rb") as source:
        return read_po(source, locale=path.parent.parent.name)


@pytest.mark.slow
@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parent.parent.name)
def test_nothing_is_left_unsaid_or_kept_for_nothing(path):
    spoken = {(m.id, m.context) for m in gathering.gather(gathering.SPOKEN[words.LOCALES]) if m.id}
    catalogue = known(path)
    said = {(m.id, m.context) for m in catalogue if m.id and (all(m.string) if m.pluralizable else m.string)}
    assert spoken == said, "run `python scripts/words.py`, then translate what is empty"


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parent.parent.name)
def test_a_translation_uses_the_same_values(path):
    for message in known(path):
        if not message.id:
            continue
        ids, strings = ([*message.id], [*message.string]) if message.pluralizable else ([message.id], [message.string])
        allowed = {name for text in ids for name in PLACE.findall(text)}
        needed = set.intersection(*({*PLACE.findall(text)} for text in ids))
        for text in strings:
            assert needed <= {*PLACE.findall(text)} <= allowed, text


def test_polish_counts_as_poles_do():
    polish = words.load()["pl"].catalogue
    doors = [polish.ngettext("%(num)s door", "%(num)s doors", n) % {"num": n} for n in (1, 3, 5, 22)]
    assert doors == ["1 skrytka", "3 skrytki", "5 skrytek", "22 skrytki"]


def test_times_are_told_where_the_bank_stands():
    moment = datetime(2026, 11, 24, 17, 5, tzinfo=UTC)
    every, zone = words.load(), ZoneInfo("Europe/Prague")
    assert [every[code].clock(moment, zone) for code in ("en", "de", "pl")] == ["18:05"] * 3
    assert every["en"].day(moment, zone) == "Tue 24 Nov"
    assert every["de"].day(moment, zone) == "Di., 24. Nov."
    spans = [every["en"].span(timedelta(minutes=m)) for m in (0, 59, 600, 5 * 1440)]
    assert spans == ["0m", "59m", "10h", "5d"]
    assert every["de"].span(timedelta(hours=22)) == "22 Std."


@pytest.mark.parametrize(
    ("wanted", "chosen"),
    [
        ("de", "de"),
        ("de-AT,en;q=0.5", "de"),
        ("fr, pl;q=0.4, de;q=0.7", "de"),
        ("fr", "en"),
        ("", "en"),
        ("de;q=x", "en"),
        ("DE", "de"),
    ],
)
def test_the_reader_is_met_half_way(wanted, chosen):
    assert words.choose(wanted, words.load()) == chosen


def test_a_language_names_itself():
    every = words.load()
    assert {code: speech.name for code, speech in every.items()} == {"en": "English", "de": "Deutsch", "pl": "Polski"}
    assert {speech.direction for speech in every.values()} == {"ltr"}
