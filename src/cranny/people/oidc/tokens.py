"""What a provider says of somebody, as an ID token: believed only where all of it fits. Pure."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from cranny.core.errors import Invalid
from cranny.people.vouching.claims import Claims

ALGORITHMS: Final = (
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519",
)  # fmt: skip
"""Signatures of a private key only: `none` proves nothing, and with HS256 whoever knows the client's secret could be
anybody."""
LEEWAY_S: Final = 60
LONGEST: Final = 20_000
LONGEST_SUBJECT: Final = 255
LONGEST_TEXT: Final = 1000
OLDEST_S: Final = 600
"""A token is taken right after it was made."""


class Unproven(Invalid):
    """The provider's answer does not prove who this is."""

    code = "oidc-token-refused"


@dataclass(frozen=True, slots=True)
class Expected:
    issuer: str
    client_id: str
    nonce: str


def verify(token: str, keys: Mapping[str, Any], expected: Expected, now: datetime) -> Claims:
    """`keys` is the provider's JWKS. Raises Unproven."""
    if len(token) > LONGEST:
        raise Unproven("The answer of the other organisation is too long.")
    try:
        signed = jwt.decode(token, KeySet.import_key_set(_signing(keys)), algorithms=list(ALGORITHMS))
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise Unproven(f"Its signature does not hold ({type(error).__name__}).") from error
    claims = signed.claims
    _audience(claims, expected)
    _times(claims, now.timestamp())
    if not _same(claims.get("nonce"), expected.nonce):
        raise Unproven("It was made for another sign-in than this one.")
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= LONGEST_SUBJECT or "\x00" in subject:
        raise Unproven("It does not say whom it is about.")
    return Claims(
        subject=subject,
        email=_text(claims.get("email")),
        verified=_verified(claims.get("email_verified")),
        name=_text(claims.get("name")),
        auth_time=_moment(claims.get("auth_time")),
        acr=_text(claims.get("acr")) or "",
    )


def _signing(keys: Mapping[str, Any]) -> Any:
    """Without what is not for signatures: a secret among public keys would let anybody sign."""
    found = keys.get("keys")
    if not isinstance(found, list):
        raise Unproven("The other organisation does not show its keys.")
    good = [key for key in found if isinstance(key, dict) and key.get("kty") in {"RSA", "EC", "OKP"}]
    return {"keys": [key for key in good if key.get("use", "sig") == "sig"]}


def _audience(claims: Mapping[str, Any], expected: Expected) -> None:
    if claims.get("iss") != expected.issuer:
        raise Unproven("It comes from another issuer than the one that was asked.")
    audience = claims.get("aud")
    named = audience if isinstance(audience, list) else [audience]
    if expected.client_id not in named:
        raise Unproven("It is for another program than this one.")
    if (len(named) > 1 or "azp" in claims) and claims.get("azp") != expected.client_id:
        raise Unproven("It was asked for by another program than this one.")


def _times(claims: Mapping[str, Any], now: float) -> None:
    until, made = _number(claims.get("exp")), _number(claims.get("iat"))
    begins = _number(claims.get("nbf", 0))
    if until is None or made is None or begins is None:
        raise Unproven("It does not say until when it holds.")
    if until <= now - LEEWAY_S or made < now - OLDEST_S:
        raise Unproven("It is too old.")
    if max(made, begins) > now + LEEWAY_S:
        raise Unproven("It is from the future: the clocks of the two sides differ.")


def _number(value: object) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _same(said: object, expected: str) -> bool:
    return isinstance(said, str) and hmac.compare_digest(said.encode(), expected.encode())


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value and len(value) <= LONGEST_TEXT and "\x00" not in value else None


def _verified(value: object) -> bool | None:
    """Some write it as a word."""
    if value is None:
        return None
    return value is True or value == "true"


def _moment(value: object) -> datetime | None:
    seconds = _number(value)
    try:
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None
