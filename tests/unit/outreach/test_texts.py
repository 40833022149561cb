"""What messages say, in every language, with the longest values there can be."""

import itertools
import string
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from babel.messages.extract import extract_from_file

from cranny.outreach import texts
from cranny.outreach.channels import Message
from cranny.outreach.gsm import SEPTETS, septets
from cranny.outreach.tables import Kind
from cranny.outreach.texts import Details, compose, languages
from cranny.people import Contact

KINDS: list[Kind] = ["ready_to_collect", "reminder", "overdue", "taken_back", "operator_opened", "spoiled"]
WITHOUT_CODE = {"taken_back", "operator_opened", "spoiled"}
CODE, QR = "888 888 888", "C" + "A" * 32
PLACE = "Rose Court, Entrance B"
EVENING = datetime(2026, 11, 26, 18, 0, tzinfo=UTC)
ADA = Contact(name="Ada", email="ada@example.org", phone="+4915112345678", language="en")
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2)}


def details(**more: object) -> Details:
    plain = {"site": "Rose Court", "bank": PLACE, "timezone": "Europe/Berlin", "until": EVENING, "code": CODE, "qr": QR}
    return Details(**plain | more)  # type: ignore[arg-type]


def say(kind: Kind, language: str = "en", **more: object) -> Message:
    to = Contact(name="Ada", email="ada@example.org", language=language)
    return compose(kind, details(**more), to, key="0" * 32, to="ada@example.org", created=EVENING)


@cache
def longest_until(language: str) -> datetime:
    """The moment whose day and time take the most room in a year."""
    zone, words = ZoneInfo("Europe/Berlin"), languages()[language]
    year = (datetime(2026, 1, 1, 21, 58, tzinfo=UTC) + timedelta(days=n) for n in range(366))
    return max(year, key=lambda day: len(f"{words.day(day, zone)} {words.clock(day, zone)}"))


@pytest.mark.parametrize(("language", "kind"), list(itertools.product(["en", "de", "pl"], KINDS)))
def test_every_message_is_one_sms_with_the_longest_values(language: str, kind: Kind) -> None:
    assert language in languages()
    for count, code in itertools.product([1, 3, 888], [CODE, None]):
        for bank in (PLACE, "W" * 300, "Ł€" * 40):
            message = say(kind, language, until=longest_until(language), count=count, code=code, bank=bank)
            length = septets(message.short)
            assert length is not None, message.short
            assert length <= SEPTETS
            assert bank != PLACE or PLACE in message.short
            assert (CODE in message.short) is (code is not None and kind not in WITHOUT_CODE)


def test_nothing_secret_stands_in_a_subject() -> None:
    for kind, language in itertools.product(KINDS, languages()):
        message = say(kind, language)
        assert not set(message.subject) & set(string.digits)
        assert "Message(" not in repr(message)
        assert CODE not in repr(message) + repr(details())


def test_the_place_is_said_as_the_kiosk_says_it() -> None:
    assert "Main station, Wall 2." in say("ready_to_collect", site="Main station", bank="Wall 2").lead
    assert "ready: Wall 2" in say("ready_to_collect", site="Wall 2", bank="Wall 2").subject
    assert say("ready_to_collect", site="A\r\nBcc: eve", bank="B\x00").subject.endswith("A Bcc: eve, B")
    assert "50% off, 100%" in say("ready_to_collect", site="50% off", bank="100%").lead


def test_an_sms_names_site_and_bank_where_both_fit() -> None:
    assert "ready: Hall, Wall 2." in say("ready_to_collect", site="Hall", bank="Wall 2").short
    assert "ready: Wall 2." in say("ready_to_collect", site="H" * 60, bank="Wall 2").short


def test_the_deadline_is_the_banks_time_in_the_readers_writing() -> None:
    assert "until Thu 26 Nov 19:00" in say("ready_to_collect", "en").short
    assert "bis Do., 26. Nov. 19:00" in say("ready_to_collect", "de").short
    assert "do czw., 26 lis 19:00" in say("ready_to_collect", "pl").short
    assert "until Thu 26 Nov 10:00" in say("ready_to_collect", "en", timezone="America/Los_Angeles").short


def test_numbers_bend_the_words() -> None:
    subjects = [say("ready_to_collect", "pl", count=n, site="", bank="X").subject for n in (1, 2, 5, 22)]
    assert subjects == [
        "Twoja paczka czeka: X",
        "2 paczki czekają: X",
        "5 paczek czeka: X",
        "22 paczki czekają: X",
    ]


@pytest.mark.parametrize(
    ("wanted", "spoken"), [("de-AT", "de"), ("pl", "pl"), ("cs", "en"), (None, "en"), ("pt-BR", "en")]
)
def test_a_language_that_we_do_not_speak_is_english(wanted: str | None, spoken: str) -> None:
    contact = Contact(email="ada@example.org", language=wanted)
    message = compose("reminder", details(), contact, key="0" * 32, to="ada@example.org", created=EVENING)
    assert (message.language, message.direction) == (spoken, "ltr")


def test_a_switched_off_code_is_not_asked_for() -> None:
    for kind in KINDS:
        message = say(kind, code=None)
        assert message.code is None
        assert "Type this code" not in message.qr_hint
        assert "%(" not in message.short


def test_every_sentence_is_translated_and_none_is_left_over() -> None:
    wanted = {
        found[1] if isinstance(found[1], str) else found[1][0]
        for found in extract_from_file("python", Path(texts.__file__), keywords=KEYWORDS)
    }
    for language, words in languages().items():
        if language == "en":
            continue
        known = {key if isinstance(key, str) else key[0] for key in words.catalogue._catalog} - {""}
        assert known == wanted, language


def test_translations_have_the_same_holes() -> None:
    for words in languages().values():
        for key, translated in words.catalogue._catalog.items():
            source = key if isinstance(key, str) else key[0]
            if source:
                assert holes(translated) == holes(source) or holes(translated) == holes(source) | {"num"}, translated


def holes(text: str) -> set[str]:
    return {part.partition(")")[0] for part in text.split("%(")[1:]}
