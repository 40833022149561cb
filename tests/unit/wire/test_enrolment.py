"""Enrolment: the whole conversation, and everything in it that could be wrong."""

from uuid import UUID

import msgspec
import nkeys
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from cranny.core.errors import Invalid
from cranny.core.rng import SeededRng
from cranny.wire import enrolment, nkey
from cranny.wire.enrolment import EnrolReply, EnrolRequest, Sealed
from cranny.wire.nkey import Role

KEYS = st.binary(min_size=32, max_size=32)
SEED = nkey.seed(bytes(range(32)))
SEALING = X25519PrivateKey.from_private_bytes(bytes(range(32)))
TENANT = UUID("018f2a00-0000-7000-8000-000000000001")
BANK = UUID("018f2a00-0000-7000-8000-000000000002")
CLAIM = enrolment.draw_claim(SeededRng(1))
ASKED = enrolment.ask(CLAIM, SEED, SEALING, "0.1.0")


def code_of(call, *args):
    with pytest.raises(Invalid) as caught:
        call(*args)
    return caught.value.code


# ---------------------------------------------------------------- nkeys


@pytest.mark.slow
@given(KEYS, st.sampled_from([(Role.USER, nkeys.PREFIX_BYTE_USER), (Role.ACCOUNT, nkeys.PREFIX_BYTE_ACCOUNT)]))
def test_we_write_keys_as_the_nats_library_does(raw, roles):
    role, prefix = roles
    theirs = nkeys.from_seed(bytearray(nkeys.encode_seed(raw, prefix)))
    assert nkey.seed(raw, role) == nkeys.encode_seed(raw, prefix)
    key = nkey.private(nkey.seed(raw, role), role)
    name = nkey.name(key.public_key(), role)
    assert name.encode() == theirs.public_key
    assert nkey.public(name, role) == key.public_key()
    assert len(name) == 56


@given(KEYS, st.binary(max_size=50))
def test_one_key_signs_for_both(raw, nonce):
    signature = nkeys.from_seed(bytearray(nkey.seed(raw))).sign(nonce)
    name = nkey.name(Ed25519PrivateKey.from_private_bytes(raw).public_key())
    assert nkey.verify_nkey_signature(name, nonce, signature)
    assert not nkey.verify_nkey_signature(name, nonce + b"!", signature)
    assert not nkey.verify_nkey_signature(name, nonce, signature[:-1])
    assert not nkey.verify_nkey_signature(name.lower(), nonce, signature)


@pytest.mark.slow
@given(st.text(max_size=60) | st.from_regex(r"\A[SU][A-Z2-7]{50,60}\Z"), st.sampled_from(Role))
def test_junk_is_no_key(text, role):
    assert code_of(nkey.public, text, role) == "nkey-invalid"
    assert code_of(nkey.private, text.encode(errors="surrogatepass"), role) == "nkey-invalid"


def test_a_key_of_another_role_or_written_another_way_is_refused():
    name = ASKED.identity
    assert code_of(nkey.public, name, Role.ACCOUNT) == "nkey-invalid"
    assert code_of(nkey.private, SEED, Role.ACCOUNT) == "nkey-invalid"
    assert code_of(nkey.public, SEED.decode()) == "nkey-invalid"
    for other in (name.lower(), f"{name}=", f" {name}", name[:-1]):
        assert code_of(nkey.public, other) == "nkey-invalid"


# ---------------------------------------------------------------- claims


@given(st.integers())
def test_a_claim_is_read_however_it_was_copied(seed):
    claim = enrolment.draw_claim(SeededRng(seed))
    shown = enrolment.show_claim(claim)
    assert len(claim) == 26
    assert shown.replace("-", "") == claim
    assert max(map(len, shown.split("-"))) <= 6
    for written in (claim, shown, shown.lower(), f" {shown}\n", shown.replace("0", "o").replace("1", "l")):
        assert enrolment.parse_claim(written) == claim


def test_claims_use_all_of_their_bits():
    claims = [enrolment.draw_claim(SeededRng(seed)) for seed in range(500)]
    assert len(set(claims)) == 500
    assert all(len({claim[place] for claim in claims}) == 32 for place in range(26))


@pytest.mark.parametrize("text", ["", CLAIM[:-1], CLAIM + "A", "U" * 26, CLAIM[:-1] + "\u0130"])
def test_what_is_no_claim_is_refused(text):
    assert code_of(enrolment.parse_claim, text) == "claim-invalid"


# ---------------------------------------------------------------- the conversation


def test_a_box_asks_and_gets_what_only_it_can_read():
    heard = msgspec.json.decode(msgspec.json.encode(ASKED), type=EnrolRequest)
    assert enrolment.check(heard) == CLAIM
    sealed = enrolment.seal(heard, Sealed(pepper=bytes(32)))
    reply = EnrolReply(tenant=TENANT, bank=BANK, nats=["nats://x:4222"], server_key=bytes(32), epoch=1, sealed=sealed)
    got = msgspec.json.decode(msgspec.json.encode(reply), type=EnrolReply)
    assert enrolment.unseal(got, SEALING) == Sealed(pepper=bytes(32))
    assert code_of(enrolment.unseal, got, X25519PrivateKey.from_private_bytes(bytes(32))) == "seal-broken"
    assert "pepper" not in repr(enrolment.unseal(got, SEALING))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"claim": enrolment.draw_claim(SeededRng(2))}, "proof-invalid"),
        ({"sealing_public": bytes(32)}, "proof-invalid"),
        ({"version": "0.1.1"}, "proof-invalid"),
        ({"proof": b""}, "proof-invalid"),
        ({"identity": nkey.name(Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key())}, "proof-invalid"),
        ({"identity": "U" + "A" * 55}, "nkey-invalid"),
        ({"claim": "1234"}, "claim-invalid"),
    ],
)
def test_a_changed_request_is_refused(change, code):
    assert code_of(enrolment.check, msgspec.structs.replace(ASKED, **change)) == code


def test_a_reply_for_a_broken_key_is_not_made():
    request = msgspec.structs.replace(ASKED, sealing_public=bytes(32))
    assert code_of(enrolment.seal, request, Sealed(pepper=bytes(32))) == "sealing-key-invalid"


def test_a_fingerprint_is_short_and_stays():
    assert enrolment.fingerprint(ASKED.identity) == "AS3N-N9TM"
    assert code_of(enrolment.fingerprint, "U123") == "nkey-invalid"
