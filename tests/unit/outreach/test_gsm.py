"""What an SMS can say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cranny.outreach.gsm import SEPTETS, fit, plain, septets

ALPHABET = st.text("@£$¥èéùìòÇ\nØøÅåΔ_ΦΓΛΩÆæßÉ!#¤%&'()*+,-./019:;<=>?¡AZÄÖÑÜ§¿azäöñüà {}[]~|€^\\")


@given(ALPHABET)
def test_what_is_in_the_alphabet_stays_as_it_is(text: str) -> None:
    assert plain(text) == text
    assert septets(text) == len(text) + sum(text.count(sign) for sign in "^{}\\[~]|€")


@pytest.mark.slow
@given(st.text())
def test_plain_letters_are_plain(text: str) -> None:
    assert plain(plain(text)) == plain(text)


def test_letters_lose_what_the_alphabet_lacks_and_only_that() -> None:
    assert plain("Zażółć gęślą jaźń, Łódź") == "Zazolc gesla jazn, Lodz"
    assert plain("Größe für Übermut à la crème") == "Größe für Übermut à la crème"
    assert plain("“No” – that’s… it\u00a0all\u202fhere") == '"No" - that\'s... it all here'  # noqa: RUF001 - on purpose
    assert plain("Dvořák, Þór, İstanbul, ŒUVRE") == "Dvorak, Thor, Istanbul, OEUVRE"
    assert plain("Å e\u0301") == "Å é"


def test_another_script_is_left_alone_and_has_no_length() -> None:
    assert plain("Метро, 駅") == "Метро, 駅"
    assert septets("Метро") is None
    assert fit(lambda name: f"{name} {'x' * 200}", "Метро") == f"Метро {'x' * 200}"


@given(st.text("abc äß€ł,.", max_size=300), st.integers(0, 150))
def test_a_name_is_cut_until_the_message_fits(name: str, others: int) -> None:
    text = fit(lambda cut: f"{cut}|{'x' * others}", name)
    length = septets(text)
    assert length is not None
    assert length <= SEPTETS
    whole = plain(f"{name}|{'x' * others}")
    assert text == whole or (septets(whole) or 0) > SEPTETS


def test_as_much_of_a_name_is_kept_as_there_is_room_for() -> None:
    text = fit(lambda cut: f"{cut}: {'x' * 100}", "Main station, entrance by the river, wall 7 behind the kiosk")
    assert text.startswith("Main station, entrance by the river, wall 7 behind the")
