"""Sealed boxes: for one reader, and only whole."""

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from cranny.core.errors import Invalid
from cranny.wire.sealing import seal, unseal

READER = X25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = READER.public_key().public_bytes_raw()


@given(st.binary(max_size=200))
def test_the_reader_reads_what_was_sealed(plain):
    sealed = seal(PUBLIC, plain)
    assert unseal(READER, sealed) == plain
    assert len(sealed) == len(plain) + 48
    assert sealed != seal(PUBLIC, plain)


def test_nobody_else_reads_it():
    with pytest.raises(Invalid, match="somebody else"):
        unseal(X25519PrivateKey.from_private_bytes(bytes(32)), seal(PUBLIC, b"pepper"))


@given(st.integers(0, 53 * 8 - 1))
def test_a_changed_box_does_not_open(bit):
    changed = bytearray(seal(PUBLIC, b"pepper"))
    changed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(Invalid) as caught:
        unseal(READER, bytes(changed))
    assert caught.value.code == "seal-broken"


@given(st.binary(max_size=120))
def test_junk_is_refused(junk):
    with pytest.raises(Invalid) as caught:
        unseal(READER, junk)
    assert caught.value.code == "seal-broken"


@pytest.mark.parametrize("public", [b"", bytes(31), bytes(32), (1).to_bytes(32, "little")])
def test_a_key_that_seals_nothing_is_refused(public):
    with pytest.raises(Invalid) as caught:
        seal(public, b"pepper")
    assert caught.value.code == "sealing-key-invalid"


def test_a_box_sealed_earlier_still_opens():
    sealed = bytes.fromhex(
        "02b68488ef66577f73daac601d95bae8fba0476bb1d0550f88b3f6a9221c1a0a702ab79f829554dfbce6217997a126638d4edcf41a84"
    )
    assert unseal(READER, sealed) == b"pepper"
