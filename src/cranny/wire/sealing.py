"""Sealed boxes: what only the holder of one X25519 key can read. HPKE (RFC 9180), base mode, with
DHKEM(X25519, HKDF-SHA256), HKDF-SHA256 and ChaCha20-Poly1305."""

from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from cranny.core.errors import Invalid

_SUITE: Final = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)
_INFO: Final = b"cranny/sealed/1"


def seal(public: bytes, plain: bytes) -> bytes:
    """48 bytes more than `plain`. `public` is the reader's X25519 key, 32 bytes. Raises Invalid, code
    `sealing-key-invalid`, when it is no usable key."""
    try:
        return _SUITE.encrypt(plain, X25519PublicKey.from_public_bytes(public), info=_INFO)
    except ValueError as error:
        raise Invalid("This is not a usable X25519 public key.", code="sealing-key-invalid") from error


def unseal(private: X25519PrivateKey, sealed: bytes) -> bytes:
    """The inverse of `seal`. Raises Invalid, code `seal-broken`."""
    try:
        return _SUITE.decrypt(sealed, private, info=_INFO)
    except (InvalidTag, ValueError) as error:
        raise Invalid("The seal is broken, or it was made for somebody else.", code="seal-broken") from error
