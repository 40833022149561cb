"""Codes and QRs: what is shown can be read back, what is not one is refused, and nothing tells a secret."""

import hmac
from uuid import UUID

import pytest
import segno
from hypothesis import given
from hypothesis import strategies as st

from cranny.core.rng import SeededRng
from cranny.wire import codes
from cranny.wire.codes import Code, Qr

PEPPER = bytes(range(32))
TENANT = UUID("018f2a00-0000-7000-8000-000000000001")
BANK = UUID("018f2a00-0000-7000-8000-000000000002")
CODES = st.builds(Code, st.integers(0, 999), st.integers(0, 999_999))
GOLDEN = {
    "code": "cae9b15aacbcd63da3abd2f7937a4a94db847807bb6bf7ba781f5238eaf543f9",
    "qr": "e614bca28902e53961d17115d332bc7e06ea3f2341a499e172c8d11cbde8502c",
    "tracking": "ef7f5362dec20157250ad629b409c7be5bbbaefaf74bbb8958b321f915b36482",
    "collector": "8d096c3b461a90fd371f1261a34c8fc0cdb8768491e506988c94fc24a09b2694",
}
QRS = st.builds(Qr, st.integers(0, 999), st.binary(min_size=16, max_size=16))


@given(CODES)
def test_a_shown_code_reads_back(code):
    shown = codes.show_code(code)
    assert len(shown) == 11
    assert codes.parse_code(shown) == code


@pytest.mark.parametrize(
    "typed",
    [
        "012345678",
        "012 345 678",
        "012-345-678",
        "012.345.678",
        " 012 345 678\n",
        "0 1 2 3 4 5 6 7 8",
        "012 - 345 - 678",
        "012\u00a0345\u202f678",
        "012\u2013345\u2212678",
        "\uff10\uff11\uff12\u3000\uff13\uff14\uff15\u3000\uff16\uff17\uff18",
        "\u0660\u0661\u0662 \u0663\u0664\u0665 \u0666\u0667\u0668",
        "\u06f0\u06f1\u06f2 \u06f3\u06f4\u06f5 \u06f6\u06f7\u06f8",
    ],
)
def test_every_usual_way_to_write_a_code_is_understood(typed):
    assert codes.parse_code(typed) == Code(12, 345_678)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "12345678",
        "1234567890",
        "012/345/678",
        "012,345,678",
        "+12345678",
        "-012345678",
        "012345678-",
        "012    345678",
        "01234567a",
        "\u0967\u0968\u0969456789",
        "\u00b2\u00b2\u00b2456789",
        "012\n345\n678",
    ],
)
def test_what_is_no_code_is_none(typed):
    assert codes.parse_code(typed) is None


@given(st.text())
def test_no_text_breaks_the_readers(text):
    codes.parse_code(text)
    codes.parse_qr(text)
    codes.tracking_digest(PEPPER, text)


@given(QRS)
def test_a_shown_qr_reads_back_and_fits_a_small_symbol(qr):
    shown = codes.show_qr(qr)
    assert codes.parse_qr(shown) == qr
    assert codes.parse_qr(f"{shown.lower()}\r\n") == qr
    assert codes.parse_code(shown) is None


def test_the_symbol_stays_small():
    symbol = segno.make(codes.show_qr(codes.draw_qr(123, SeededRng(1))), error="m", boost_error=False, micro=False)
    assert (symbol.version, symbol.mode) == (2, "alphanumeric")


@given(QRS, st.integers(1, 32), st.characters(codec="ascii"))
def test_a_damaged_qr_is_not_read(qr, place, other):
    shown = codes.show_qr(qr)
    damaged = shown[:place] + other + shown[place + 1 :]
    assert (codes.parse_qr(damaged) == qr) is (damaged.upper() == shown)
    if damaged.upper() != shown:
        assert codes.parse_qr(damaged) is None


@given(QRS)
def test_a_scanner_with_a_german_keyboard_is_noticed(qr):
    shown = codes.show_qr(qr)
    swapped = shown.translate(str.maketrans("YZ", "ZY"))
    assert swapped == shown or codes.parse_qr(swapped) is None


def test_a_qr_is_written_the_same_for_ever():
    assert codes.show_qr(Qr(123, bytes(range(16)))) == "CAB5QAAICAMCAKBQHBAEQUCYMBUHA7PIM"


def test_drawn_secrets_cover_their_range():
    rng = SeededRng(7)
    drawn = [codes.draw_code(5, rng) for _ in range(2000)]
    assert {code.locator for code in drawn} == {5}
    assert min(code.secret for code in drawn) < 5000
    assert max(code.secret for code in drawn) > 995_000
    assert len(codes.draw_qr(5, rng).secret) == codes.QR_SECRET_BYTES


def test_the_locators_of_server_and_bank_share_nothing_and_leave_nothing_out():
    assert [*codes.SERVER_LOCATORS, *codes.BANK_LOCATORS] == list(range(1000))


@given(CODES, QRS)
def test_a_repr_tells_no_secret(code, qr):
    assert f"{code.secret:06}" not in repr(code).removeprefix(f"Code(locator={code.locator:03}")
    assert (
        f"{[code]} {code}"
        == f"[Code(locator={code.locator:03}, secret=***)] Code(locator={code.locator:03}, secret=***)"
    )
    assert repr(qr) == f"Qr(locator={qr.locator:03}, secret=***)"


def test_digests_stay_the_same_for_ever():
    assert codes.code_material(PEPPER, TENANT, BANK, Code(123, 456_789)).hex() == GOLDEN["code"]
    assert codes.qr_verifier(PEPPER, TENANT, BANK, Qr(123, bytes(16))).hex() == GOLDEN["qr"]
    assert codes.tracking_digest(PEPPER, "jd01 4600-0012").hex() == GOLDEN["tracking"]
    assert codes.collector_digest(PEPPER, TENANT).hex() == GOLDEN["collector"]


def test_material_is_the_hmac_that_the_format_names():
    told = b"cranny/code/1\0" + TENANT.bytes + BANK.bytes + bytes.fromhex("007b0006f855")
    assert codes.code_material(PEPPER, TENANT, BANK, Code(123, 456_789)) == hmac.digest(PEPPER, told, "sha256")


@given(CODES, CODES)
def test_material_depends_on_everything(code, other):
    base = codes.code_material(PEPPER, TENANT, BANK, code)
    assert base != codes.code_material(bytes(32), TENANT, BANK, code)
    assert base != codes.code_material(PEPPER, BANK, BANK, code)
    assert base != codes.code_material(PEPPER, TENANT, TENANT, code)
    assert (base == codes.code_material(PEPPER, TENANT, BANK, other)) is (code == other)


@pytest.mark.parametrize(
    "written",
    [
        "jd014600001",
        " JD 0146 00001 ",
        "JD-0146-00001",
        "JD0146\u2011000\u00ad01\r\n",
        "\x1dJD0146\x1d00001",
        "\uff2a\uff24\uff10\uff11\uff14\uff16\uff10\uff10\uff10\uff10\uff11",
    ],
)
def test_a_tracking_number_has_one_normal_form(written):
    assert codes.normal_tracking(written) == "JD014600001"
    assert codes.same(codes.tracking_digest(PEPPER, written), codes.tracking_digest(PEPPER, "JD014600001"))


@given(st.text())
def test_the_normal_form_of_a_tracking_number_is_its_own(text):
    normal = codes.normal_tracking(text)
    assert codes.normal_tracking(normal) == normal


def test_two_tracking_numbers_that_differ_stay_different():
    written = ["A1", "A2", "A.1", "A/1", "A_1", "1A", "\u00c41", ""]
    assert len({codes.tracking_digest(PEPPER, text) for text in written}) == len(written)
