"""NATS's tokens: what we sign is what NATS's own library reads, and nothing unsigned is read."""

import base64
import json
from datetime import UTC, datetime, timedelta

import msgspec
import nkeys
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from cranny.core.errors import Invalid
from cranny.fleet.natsjwt import decode, encode
from cranny.wire import nkey
from cranny.wire.nkey import Role

ACCOUNT = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
TOKEN = encode(ACCOUNT, {"type": "user"}, subject="UX", audience="$G", now=NOW, expires=NOW + timedelta(hours=1))


class Claims(msgspec.Struct):
    sub: str
    aud: str
    iat: int
    exp: int
    nats: dict[str, object]


def part(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def refused(token, role=Role.ACCOUNT):
    with pytest.raises(Invalid) as caught:
        decode(token, Claims, issuer=role)
    return caught.value.code in {"jwt-invalid", "nkey-invalid"}


def test_a_token_says_what_nats_wants_and_is_signed_with_the_nkey():
    header, body, signature = TOKEN.split(".")
    assert json.loads(part(header)) == {"typ": "JWT", "alg": "ed25519-nkey"}
    claims = json.loads(part(body))
    assert claims.pop("jti")
    assert claims == {
        "iss": nkey.name(ACCOUNT.public_key(), Role.ACCOUNT),
        "sub": "UX",
        "aud": "$G",
        "iat": 1_795_348_800,
        "exp": 1_795_352_400,
        "nats": {"type": "user", "version": 2},
    }
    theirs = nkeys.from_seed(bytearray(nkey.seed(bytes(range(32)), Role.ACCOUNT)))
    assert theirs.verify(f"{header}.{body}".encode(), part(signature))


def test_a_token_is_read_back():
    claims = decode(TOKEN.encode(), Claims, issuer=Role.ACCOUNT)
    assert (claims.sub, claims.aud, claims.exp - claims.iat) == ("UX", "$G", 3600)


def test_a_token_of_another_role_algorithm_or_hand_is_refused():
    header, body, signature = TOKEN.split(".")
    none = base64.urlsafe_b64encode(b'{"typ":"JWT","alg":"none"}').rstrip(b"=").decode()
    other = encode(Ed25519PrivateKey.from_private_bytes(bytes(32)), {}, subject="UX", audience="$G", now=NOW)
    assert refused(TOKEN.encode(), Role.SERVER)
    assert refused(f"{none}.{body}.".encode())
    assert refused(f"{none}.{body}.{signature}".encode())
    assert refused(f"{header}.{body}.{other.split('.')[2]}".encode())
    assert refused(f"{header}.{other.split('.')[1]}.{signature}".encode())


@given(st.integers(0, TOKEN.rindex(".")), st.characters(codec="ascii"))
def test_a_changed_token_is_refused(place, sign):
    changed = TOKEN[:place] + sign + TOKEN[place + 1 :]
    assert changed == TOKEN or refused(changed.encode())


@given(st.binary(max_size=200))
def test_junk_is_no_token(junk):
    assert refused(junk)
    assert refused(junk + b"." + junk + b"." + junk)
