"""Equal means equal: contacts in normal form, and errors that repeat nothing personal."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cranny.core.errors import Invalid
from cranny.people.contacts import (
    Contact,
    checked,
    email_key,
    normal_email,
    normal_language,
    normal_name,
    normal_phone,
)
from cranny.people.remember import free_among, merged, same
from cranny.people.tables import PersonRow


@pytest.mark.parametrize(
    ("typed", "normal"),
    [
        (" Ada@Example.ORG ", "Ada@example.org"),
        ("o'neill+post@a-b.co.uk", "o'neill+post@a-b.co.uk"),
        ("jan@žluťoučký.example", "jan@žluťoučký.example"),
    ],
)
def test_addresses(typed: str, normal: str) -> None:
    assert normal_email(typed) == normal
    assert email_key(normal) == normal.lower()


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "ada",
        "ada@",
        "@example.org",
        "ada@localhost",
        "a da@example.org",
        "ada@example..org",
        ".ada@example.org",
        "a..b@example.org",
        "ada@example.org\nBcc: eve@example.org",
        "ada@exa_mple-.org",
        "ada@-example.org",
        "<ada@example.org>",
        "ada\x00@example.org",
        "x" * 65 + "@example.org",
        "ada@" + "x" * 64 + ".org",
        "ada@" + "x." * 130 + "org",
    ],
)
def test_what_is_no_address(typed: str) -> None:
    with pytest.raises(Invalid) as invalid:
        normal_email(typed)
    assert invalid.value.code == "email-invalid"
    assert "ada" not in invalid.value.detail


@pytest.mark.parametrize(
    ("typed", "normal"),
    [
        ("+420 601 234 567", "+420601234567"),
        ("+1 (202) 555-0123", "+12025550123"),
        (" +44 7700 900123", "+447700900123"),
    ],
)
def test_numbers(typed: str, normal: str) -> None:
    assert normal_phone(typed) == normal


@pytest.mark.parametrize(
    "typed", ["", "601234567", "+42012", "+420601234567;ext=3", "+999 1", "hello", "+" + "1" * 300]
)
def test_what_is_no_number(typed: str) -> None:
    with pytest.raises(Invalid) as invalid:
        normal_phone(typed)
    assert invalid.value.code == "phone-invalid"


@pytest.mark.parametrize(
    ("typed", "normal"),
    [("EN", "en"), ("pt-br", "pt-BR"), ("zh-hant-tw", "zh-Hant-TW"), ("es-419", "es-419"), ("en-CZ", "en-CZ")],
)
def test_languages(typed: str, normal: str) -> None:
    assert normal_language(typed) == normal
    assert normal_language(normal) == normal


@pytest.mark.parametrize(
    "typed", ["", "x", "xx", "english", "en_US", "en-", "en-XXX", "cs-QQQQ", "../en", "en-US-posix"]
)
def test_what_is_no_language(typed: str) -> None:
    with pytest.raises(Invalid):
        normal_language(typed)


def test_names_keep_their_letters_and_lose_their_blanks() -> None:
    assert normal_name("  Zoe\u0308   von  Ö ") == "Zoë von Ö"
    assert normal_name("   ") is None
    for bad in ("a\x07b", "x" * 201, "a\u202eb"):
        with pytest.raises(Invalid):
            normal_name(bad)


def test_nobody_can_be_told_without_an_address_or_a_number() -> None:
    with pytest.raises(Invalid) as invalid:
        checked(Contact(name="Ada", email="", phone=""))
    assert invalid.value.code == "contact-missing"


def test_what_is_printed_by_accident_says_nothing() -> None:
    contact = Contact("Ada", "ada@example.org", "+420601234567")
    assert "ada" not in f"{contact!r} {contact}".lower()
    assert "ada" not in repr(person(1, "ada@example.org", None)).lower()


@given(st.text())
def test_no_text_breaks_the_readers(text: str) -> None:
    for read in (normal_email, normal_phone, normal_language, normal_name):
        try:
            read(text)
        except Invalid:
            continue


def person(n: int, email: str | None, phone: str | None, *, shared: bool = False) -> PersonRow:
    return PersonRow(
        tenant=UUID(int=0),
        id=UUID(int=n),
        name="",
        email=email,
        phone=phone,
        language=None,
        email_key=email,
        phone_key=None if shared else phone,
        created=datetime(2026, 1, 1, tzinfo=UTC),
    )


ADA, BOB, NUMBER, OTHER = "ada@example.org", "bob@example.org", "+420601234567", "+420601234568"


def test_who_is_the_same() -> None:
    ada, bob, caller = person(1, ADA, NUMBER), person(2, BOB, NUMBER, shared=True), person(3, None, OTHER)
    assert same([ada, bob], Contact(email=BOB, phone=NUMBER)) == bob  # the address decides
    assert same([ada], Contact(phone=NUMBER)) == ada
    assert same([ada], Contact(email="eve@example.org", phone=NUMBER)) is None  # they share a phone
    assert same([caller], Contact(email=ADA, phone=OTHER)) == caller  # now we know the address too
    assert same([], Contact(email=ADA)) is None


def test_a_number_that_belongs_to_another_is_kept_as_a_mere_number() -> None:
    ada, bob = person(1, ADA, NUMBER), person(2, BOB, OTHER)
    moved = merged(bob, Contact(email=BOB, phone=NUMBER), free_among([ada, bob]))
    assert (moved.phone, moved.phone_key) == (NUMBER, None)
    fresh = merged(bob, Contact(email=BOB, phone="+420601234569", name="Bob"), free_among([bob]))
    assert (fresh.phone, fresh.phone_key, fresh.name) == ("+420601234569", "+420601234569", "Bob")
    assert merged(bob, Contact(email=BOB), free_among([bob])) == bob
