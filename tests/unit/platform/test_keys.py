"""Every key from one master key."""

from uuid import UUID

import nkeys
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cranny.core.rng import SeededRng, SystemRng
from cranny.platform.keys import Keyring, SealBroken

RING = Keyring(bytes(range(32)), rng=SystemRng())
BANK = UUID(int=7)


@given(st.text(max_size=20), st.binary(max_size=40), st.binary(max_size=200))
def test_what_is_sealed_can_be_opened(purpose: str, context: bytes, plain: bytes) -> None:
    sealed = RING.seal(purpose, context, plain)
    assert RING.open(purpose, context, sealed) == plain
    assert len(sealed) == len(plain) + 29


def test_a_seal_belongs_to_its_purpose_context_and_key() -> None:
    sealed = RING.seal("code", b"grant-1", b"123456789")
    other = Keyring(bytes(32), rng=SystemRng())
    for ring, purpose, context in ((RING, "qr", b"grant-1"), (RING, "code", b"grant-2"), (other, "code", b"grant-1")):
        with pytest.raises(SealBroken):
            ring.open(purpose, context, sealed)


@given(st.data())
def test_no_changed_byte_goes_unnoticed(data: st.DataObject) -> None:
    sealed = bytearray(RING.seal("code", b"grant", b"123456789"))
    sealed[data.draw(st.integers(0, len(sealed) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(SealBroken):
        RING.open("code", b"grant", bytes(sealed))


def test_nothing_short_is_a_seal() -> None:
    for n in range(29):
        with pytest.raises(SealBroken):
            RING.open("code", b"", b"\x01" * n)


def test_two_seals_of_the_same_differ() -> None:
    assert RING.seal("code", b"", b"1") != RING.seal("code", b"", b"1")


def test_derived_keys_are_stable_and_apart() -> None:
    again = Keyring(bytes(range(32)), rng=SeededRng(1))
    assert RING.pepper(BANK) == again.pepper(BANK)
    assert RING.downlink_key(BANK).private_bytes_raw() == again.downlink_key(BANK).private_bytes_raw()
    kinds = [RING.pepper(BANK), RING.pepper(UUID(int=8)), RING.downlink_key(BANK).private_bytes_raw(), RING.cursor_key]
    assert len(set(kinds)) == 4
    # This is for ever: banks are enrolled with these values.
    assert RING.pepper(BANK).hex() == PEPPER


PEPPER = "58c375868530365c90c81c1ac89791fc8f9a50beb9998c40d01d5cf2900bd50f"


def test_seeds_are_nkeys() -> None:
    assert RING.nats_account_seed().startswith(b"SA")
    user = nkeys.from_seed(bytearray(RING.nats_user_seed("server")))
    assert user.public_key.startswith(b"U")
    assert RING.nats_user_seed("server") != RING.nats_user_seed("worker")


def test_a_master_key_has_32_bytes() -> None:
    with pytest.raises(ValueError, match="31 bytes"):
        Keyring(bytes(31), rng=SystemRng())
