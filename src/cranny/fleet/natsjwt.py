"""NATS's JWTs: three base64 parts, signed with an NKEY (`ed25519-nkey`). Only what the auth callout needs."""

import base64
import hashlib
from datetime import datetime
from typing import Any, Final, TypeVar

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cranny.core.errors import Invalid
from cranny.wire import nkey
from cranny.wire.nkey import Role

ALGORITHM: Final = "ed25519-nkey"
_HEADER: Final = {"typ": "JWT", "alg": ALGORITHM}

T = TypeVar("T")


class _Header(msgspec.Struct, frozen=True):
    alg: str


class _Issuer(msgspec.Struct, frozen=True):
    iss: str


def encode(
    account: Ed25519PrivateKey,
    nats: dict[str, Any],
    *,
    subject: str,
    audience: str,
    now: datetime,
    expires: datetime | None = None,
) -> str:
    """A token issued by `account`; `nats` are NATS's own claims."""
    claims: dict[str, Any] = {
        "iss": nkey.name(account.public_key(), Role.ACCOUNT),
        "sub": subject,
        "aud": audience,
        "iat": int(now.timestamp()),
        "nats": {**nats, "version": 2},
    }
    if expires is not None:
        claims["exp"] = int(expires.timestamp())
    claims["jti"] = base64.b32encode(hashlib.sha256(msgspec.json.encode(claims)).digest()).decode().rstrip("=")
    signed = f"{_part(msgspec.json.encode(_HEADER))}.{_part(msgspec.json.encode(claims))}"
    return f"{signed}.{_part(account.sign(signed.encode()))}"


def decode(token: bytes, claims: type[T], *, issuer: Role) -> T:
    """The claims of a token that its issuer, a key of that role, has signed. Who that is, and whether the token
    is still good, is for the caller to judge. Raises Invalid, code `jwt-invalid`."""
    signed, _, signature = token.rpartition(b".")
    header, _, body = signed.partition(b".")
    try:
        if msgspec.json.decode(unbase64(header), type=_Header).alg != ALGORITHM:
            raise _invalid()
        raw = unbase64(body)
        key = nkey.public(msgspec.json.decode(raw, type=_Issuer).iss, issuer)
        key.verify(unbase64(signature), signed)
        return msgspec.json.decode(raw, type=claims)
    except (msgspec.MsgspecError, ValueError, InvalidSignature, RecursionError) as error:
        raise _invalid() from error


def unbase64(text: bytes) -> bytes:
    """Both alphabets, with or without padding: clients differ. Raises binascii.Error."""
    plain = text.rstrip(b"=").translate(bytes.maketrans(b"-_", b"+/"))
    return base64.b64decode(plain + b"=" * (-len(plain) % 4), validate=True)


def _part(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _invalid() -> Invalid:
    return Invalid("This is not a token that NATS has signed.", code="jwt-invalid")
