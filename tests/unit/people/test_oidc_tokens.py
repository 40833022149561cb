"""ID tokens: what is believed, and every way in which one is not."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, OKPKey, RSAKey

from cranny.people.oidc.tokens import Expected, Unproven, verify

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
RSA = RSAKey.generate_key(2048, {"kid": "1", "use": "sig"})
OTHER = RSAKey.generate_key(2048, {"kid": "1", "use": "sig"})
EC = ECKey.generate_key("P-256", {"kid": "2"})
ED = OKPKey.generate_key("Ed25519", {"kid": "3"})
SECRET = OctKey.import_key("the client's secret, which is long enough", {"kid": "4"})
EXPECTED = Expected("https://login.example.org", "cranny", "n0nce")


def at(**shift: float) -> int:
    return int((NOW + timedelta(**shift)).timestamp())


CLAIMS: Mapping[str, Any] = {
    "iss": EXPECTED.issuer,
    "aud": "cranny",
    "sub": "u-1",
    "nonce": "n0nce",
    "iat": at(seconds=-5),
    "exp": at(minutes=5),
    "email": "ada@example.org",
    "email_verified": True,
}


def public(*keys: Any) -> dict[str, Any]:
    return dict(KeySet(list(keys)).as_dict(private=False))


def signed(claims: Mapping[str, Any], key: Any = RSA, alg: str = "RS256", **header: Any) -> str:
    return jwt.encode({"alg": alg, "kid": key.kid, **header}, dict(claims), key, algorithms=[alg])


@pytest.mark.parametrize(("key", "alg"), [(RSA, "RS256"), (RSA, "PS512"), (EC, "ES256"), (ED, "Ed25519")])
def test_a_good_token_is_believed(key: Any, alg: str) -> None:
    keys = public(key) if key is RSA else public(OTHER, key)
    claims = verify(signed({**CLAIMS, "auth_time": at(), "acr": "mfa"}, key, alg), keys, EXPECTED, NOW)
    assert (claims.subject, claims.email, claims.verified) == ("u-1", "ada@example.org", True)
    assert (claims.auth_time, claims.acr) == (NOW, "mfa")
    assert "ada" not in repr(claims)


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in CLAIMS.items() if key != name}


@pytest.mark.parametrize(
    "claims",
    [
        {**CLAIMS, "iss": "https://login.example.org/"},
        {**CLAIMS, "iss": "https://evil.example"},
        without("iss"),
        {**CLAIMS, "aud": "another"},
        {**CLAIMS, "aud": ["another"]},
        {**CLAIMS, "aud": ["another", "cranny"]},
        {**CLAIMS, "aud": ["another", "cranny"], "azp": "another"},
        {**CLAIMS, "azp": "another"},
        without("aud"),
        {**CLAIMS, "exp": at(minutes=-2)},
        {**CLAIMS, "exp": "tomorrow"},
        {**CLAIMS, "exp": True},
        without("exp"),
        {**CLAIMS, "iat": at(minutes=-11), "exp": at(hours=1)},
        {**CLAIMS, "iat": at(minutes=2)},
        without("iat"),
        {**CLAIMS, "nbf": at(minutes=2)},
        {**CLAIMS, "nonce": "another"},
        {**CLAIMS, "nonce": 1},
        without("nonce"),
        {**CLAIMS, "sub": ""},
        {**CLAIMS, "sub": 7},
        {**CLAIMS, "sub": "x" * 256},
        without("sub"),
    ],
)
def test_what_does_not_fit_is_refused(claims: dict[str, Any]) -> None:
    with pytest.raises(Unproven):
        verify(signed(claims), public(RSA), EXPECTED, NOW)


def unsigned() -> str:
    head, body, _ = signed(CLAIMS).split(".")
    none = "eyJhbGciOiJub25lIn0"  # {"alg":"none"}
    assert head != none
    return f"{none}.{body}."


@pytest.mark.parametrize(
    ("token", "keys"),
    [
        (signed(CLAIMS, OTHER), public(RSA)),  # a swapped key of the same name
        (unsigned(), public(RSA)),
        (signed(CLAIMS, SECRET, "HS256"), {"keys": [SECRET.as_dict(private=True)]}),
        (signed(CLAIMS, SECRET, "HS256"), {"keys": [*public(RSA)["keys"], SECRET.as_dict(private=True)]}),
        (signed(CLAIMS)[:-4] + "AAAA", public(RSA)),
        (signed(CLAIMS), {"keys": []}),
        (signed(CLAIMS), {"keys": "none"}),
        (signed(CLAIMS), {}),
        (signed(CLAIMS), {"keys": [{**public(RSA)["keys"][0], "use": "enc"}]}),
        (signed(CLAIMS), {"keys": [{"kty": "RSA", "kid": "1"}]}),
        ("", public(RSA)),
        ("a.b.c", public(RSA)),
        (signed(CLAIMS).replace(".", ".."), public(RSA)),
        ("x" * 30_000, public(RSA)),
    ],
    ids=range(14),  # keys and signatures are others in each process
)
def test_what_nobody_of_theirs_has_signed_is_refused(token: str, keys: dict[str, Any]) -> None:
    with pytest.raises(Unproven):
        verify(token, keys, EXPECTED, NOW)


@pytest.mark.parametrize(
    ("said", "verified"), [(True, True), ("true", True), (False, False), ("yes", False), (1, False), (None, None)]
)
def test_only_a_clear_word_says_that_an_address_was_verified(said: object, verified: bool | None) -> None:
    assert verify(signed({**CLAIMS, "email_verified": said}), public(RSA), EXPECTED, NOW).verified is verified


@pytest.mark.parametrize("said", [None, "soon", True, 1e300, float("1e20")])
def test_a_moment_that_is_none_is_no_proof(said: object) -> None:
    assert verify(signed({**CLAIMS, "auth_time": said}), public(RSA), EXPECTED, NOW).auth_time is None
