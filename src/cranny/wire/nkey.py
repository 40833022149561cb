"""NKEYs: how NATS writes Ed25519 keys. A box has one key: what it is called at the broker is what it signs with.

A public key is `U…` (a user) or `A…` (an account), a seed `SU…` or `SA…`: base32 of prefix, key and CRC-16.
"""

import base64
import binascii
import struct
from enum import IntEnum
from functools import lru_cache
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from cranny.core.errors import Invalid

KEY_BYTES: Final = 32
_SEED: Final = 18 << 3
_SUM: Final = struct.Struct("<H")


class Role(IntEnum):
    ACCOUNT = 0
    SERVER = 13 << 3
    USER = 20 << 3


def name(public: Ed25519PublicKey, role: Role = Role.USER) -> str:
    """`U…`: 56 characters."""
    return _text(bytes([role]) + public.public_bytes_raw())


@lru_cache(maxsize=4096)  # a server believes the same few thousand banks all day
def public(name: str, role: Role = Role.USER) -> Ed25519PublicKey:
    """The inverse of `name`. Raises Invalid, code `nkey-invalid`."""
    raw = _raw(name)
    if raw[:1] != bytes([role]) or len(raw) != 1 + KEY_BYTES:
        raise _invalid(role)
    return Ed25519PublicKey.from_public_bytes(raw[1:])


def seed(key: bytes, role: Role = Role.USER) -> bytes:
    """`SU…` of 32 secret bytes: 58 characters, as clients take it."""
    return _text(_seed_head(role) + key).encode()


def private(seed: bytes, role: Role = Role.USER) -> Ed25519PrivateKey:
    """The key of a seed. Raises Invalid, code `nkey-invalid`."""
    raw = _raw(seed.decode(errors="replace"))
    if raw[:2] != _seed_head(role) or len(raw) != 2 + KEY_BYTES:
        raise _invalid(role)
    return Ed25519PrivateKey.from_private_bytes(raw[2:])


def verify_nkey_signature(name: str, message: bytes, signature: bytes) -> bool:
    """Whether the user `name` (`U…`) has signed this, as a client does with the server's nonce."""
    try:
        public(name).verify(signature, message)
    except (Invalid, InvalidSignature):
        return False
    return True


def _seed_head(role: Role) -> bytes:
    """Two bytes in which both prefixes stand at five bits each."""
    return bytes([_SEED | role >> 5, (role & 31) << 3])


def _text(raw: bytes) -> str:
    return base64.b32encode(raw + _SUM.pack(binascii.crc_hqx(raw, 0))).rstrip(b"=").decode()


def _raw(text: str) -> bytes:
    """What is in `text`; empty when it has another form, another sum, or is not the one way to write it."""
    try:
        decoded = base64.b32decode(text + "=" * (-len(text) % 8))
    except (binascii.Error, ValueError):
        return b""
    raw = decoded[: -_SUM.size]
    return raw if _text(raw) == text else b""


def _invalid(role: Role) -> Invalid:
    return Invalid(f"This is not the NKEY of a {role.name.lower()}.", code="nkey-invalid")
