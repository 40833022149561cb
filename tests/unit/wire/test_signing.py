"""Envelopes: one form only, one purpose only, and whatever else arrives is refused with one code."""

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import example, given
from hypothesis import strategies as st

from cranny.core.errors import Invalid
from cranny.wire import signing

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key()
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(32))
MESSAGE = signing.sign(KEY, "facts", b"payload")
HEAD = "d28443a10127a0"


def refused(message, *, purpose="facts", public=PUBLIC):
    with pytest.raises(Invalid) as caught:
        signing.verify(public, purpose, message)
    return caught.value.code == "signature-invalid"


@given(st.binary(max_size=300))
@example(bytes(65_535))
@example(bytes(65_536))
@example(bytes(1 << 20))
def test_what_was_signed_comes_back(payload):
    assert signing.verify(PUBLIC, "facts", signing.sign(KEY, "facts", payload)) == payload


def test_it_is_the_cose_sign1_that_the_standard_describes():
    tag = cbor2.loads(MESSAGE)
    protected, unprotected, payload, signature = tag.value
    assert (tag.tag, cbor2.loads(protected), unprotected, payload) == (18, {1: -8}, {}, b"payload")
    told = bytes.fromhex("84") + b"\x6aSignature1" + b"\x43\xa1\x01\x27" + b"\x4ecranny/facts/1" + b"\x47payload"
    PUBLIC.verify(signature, told)


def test_an_envelope_stays_the_same_for_ever():
    signature = (
        "582c3793210f48ef127808dcbd78d81c668904a210d9e01f1a25abbb321db110"
        "77ec516701b67e8e05b686be9e27a7e37193a8c69d3a07d082fe932359acac0c"
    )
    assert MESSAGE.hex() == "d28443a10127a0477061796c6f61645840" + signature


def test_another_purpose_or_key_is_refused():
    assert refused(MESSAGE, purpose="downlink")
    assert refused(MESSAGE, public=OTHER.public_key())


@given(st.integers(0, len(MESSAGE) * 8 - 1))
def test_every_changed_bit_is_noticed(bit):
    changed = bytearray(MESSAGE)
    changed[bit // 8] ^= 1 << bit % 8
    assert refused(bytes(changed))


@given(st.integers(0, len(MESSAGE) - 1), st.binary(min_size=1, max_size=5))
def test_nothing_may_be_missing_or_added(cut, more):
    assert refused(MESSAGE[:cut])
    assert refused(MESSAGE[cut + 1 :])
    assert refused(MESSAGE + more)
    assert refused(more + MESSAGE)


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("no tag", MESSAGE[1:]),
        ("another tag", b"\xd1" + MESSAGE[1:]),
        ("long tag", b"\xd8\x12" + MESSAGE[1:]),
        ("endless array", b"\xd2\x9f" + MESSAGE[2:] + b"\xff"),
        ("a key id outside", MESSAGE.replace(b"\x27\xa0", b"\x27\xa1\x04\x41k")),
        ("ES256 named", MESSAGE.replace(b"\xa1\x01\x27", b"\xa1\x01\x26")),
        ("long head of the payload", MESSAGE.replace(b"\x47payload", b"\x58\x07payload")),
        ("endless payload", MESSAGE.replace(b"\x47payload", b"\x5f\x47payload\xff")),
        ("payload as text", MESSAGE.replace(b"\x47payload", b"\x67payload")),
        ("no payload", MESSAGE.replace(b"\x47payload", b"\xf6")),
        ("long head of the signature", MESSAGE.replace(b"\x58\x40", b"\x59\x00\x40")),
    ],
)
def test_another_form_is_refused_although_the_signature_is_right(what, message):
    assert message != MESSAGE, what
    assert refused(message)


@given(st.binary(max_size=400))
def test_junk_is_refused_and_nothing_else_happens(junk):
    assert refused(junk)
    assert refused(bytes.fromhex(HEAD) + junk)
    assert refused(bytes.fromhex(HEAD) + junk + MESSAGE[-66:])
