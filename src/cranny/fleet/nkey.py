"""NKEY public keys: how a box is named on the broker is the key that it signs with."""

import base64
import binascii
from typing import Final

import nkeys
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from cranny.core.errors import Invalid

_USER: Final = bytes([nkeys.PREFIX_BYTE_USER])
_RAW: Final = 32


def raw(public_key: str) -> bytes:
    """The 32 bytes of the Ed25519 key in `U…`. Raises Invalid, code `nkey-invalid`."""
    try:
        decoded = base64.b32decode(public_key)
    except (binascii.Error, ValueError) as error:
        raise _invalid() from error
    prefix, key, checksum = decoded[:1], decoded[1 : 1 + _RAW], decoded[1 + _RAW :]
    if prefix != _USER or len(checksum) != 2 or nkeys.crc16(decoded[:-2]) != int.from_bytes(checksum, "little"):  # noqa: PLR2004 - CRC-16
        raise _invalid()
    return key


def public(public_key: str) -> Ed25519PublicKey:
    """The key in `U…`, to check signatures with. Raises Invalid, code `nkey-invalid`."""
    return Ed25519PublicKey.from_public_bytes(raw(public_key))


def _invalid() -> Invalid:
    return Invalid("This is not the public NKEY of a user (U…).", code="nkey-invalid")
