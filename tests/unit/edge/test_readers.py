"""Signs, keys and lines: whatever a cable or a cat on a keyboard sends, nothing breaks and nothing is invented."""

from hypothesis import given
from hypothesis import strategies as st

from cranny.edge.readers._parts.keys import CODES, ENTER, USAGES, key_for, typed
from cranny.edge.readers._parts.lines import GAP_S, LONGEST, Lines
from cranny.edge.readers.hidraw import REPORT, Reports
from cranny.edge.readers.input import EVENT, KEY, Keyboard


class Still:
    moment = 0.0

    def monotonic(self) -> float:
        return self.moment


def lines() -> tuple[Lines, Still]:
    clock = Still()
    return Lines(clock), clock  # type: ignore[arg-type]


def test_a_line_ends_where_it_ends() -> None:
    found, _ = lines()
    assert list(found.take("one\r\n\r\n  two  \nthr")) == ["one", "two"]
    assert list(found.take("ee\r")) == ["three"]


def test_a_line_that_was_never_finished_is_forgotten() -> None:
    found, clock = lines()
    assert list(found.take("CAAA")) == []
    clock.moment += GAP_S + 0.1
    assert list(found.take("next\r")) == ["next"]


def test_a_line_that_is_too_long_is_none_and_takes_no_room() -> None:
    found, _ = lines()
    for _ in range(1000):
        assert list(found.take("7" * 1000)) == []
    assert len(found._line) <= LONGEST
    assert list(found.take("7\rnext\r")) == ["next"]
    assert list(found.take("7" * LONGEST + "\r")) == ["7" * LONGEST]


def test_every_printable_sign_has_its_key_and_comes_back() -> None:
    for sign in map(chr, range(32, 127)):
        key, shift = key_for(sign)
        assert typed(key, shift=shift) == sign
    assert {*CODES.values()} == {*USAGES.values()}
    assert ENTER in CODES.values()


def test_keys_as_the_kernel_numbers_them() -> None:
    """From linux/input-event-codes.h and the HID usage tables."""
    names = {30: "a", 44: "z", 16: "q", 50: "m", 11: "0", 2: "1", 12: "-", 53: "/", 39: ";", 57: " ", 82: "0", 71: "7"}
    assert {code: CODES[code] for code in names} == names
    usages = {4: "a", 29: "z", 30: "1", 39: "0", 45: "-", 56: "/", 51: ";", 44: " ", 98: "0", 89: "1", 49: "\\"}
    assert {usage: USAGES[usage] for usage in usages} == usages
    assert CODES[28] == CODES[96] == USAGES[40] == USAGES[88] == ENTER


def test_ctrl_and_a_scan_type_nothing() -> None:
    """Some scanners send Ctrl-] for a group separator."""
    keyboard = Keyboard()
    events = [(29, 1), (27, 1), (27, 0), (29, 0), (30, 1), (30, 2), (30, 2), (30, 0)]
    assert "".join(keyboard.signs(b"".join(EVENT.pack(0, 0, KEY, *one) for one in events))) == "a"


@given(st.lists(st.binary(max_size=200), max_size=10))
def test_any_bytes_are_keys_or_nothing(chunks: list[bytes]) -> None:
    keyboard, reports, (found, _) = Keyboard(), Reports(), lines()
    for chunk in chunks:
        for signs in (keyboard.signs(chunk), reports.signs(chunk)):
            for line in found.take(signs):
                assert 0 < len(line) <= LONGEST
    assert len(keyboard._half) < EVENT.size
    assert len(reports._half) < REPORT


@given(st.text(max_size=600), st.integers(1, 7))
def test_lines_are_the_same_however_they_are_cut(text: str, size: int) -> None:
    whole, _ = lines()
    pieces, _ = lines()
    cut = [text[at : at + size] for at in range(0, len(text), size)]
    assert list(whole.take(text)) == [line for piece in cut for line in pieces.take(piece)]
