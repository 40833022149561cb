"""Every key of the server comes from one master key of 32 bytes, which never is in the database.

Each use has its own key, derived with HKDF-SHA256 from a label, so that one that leaks tells nothing of another.
"""

import hmac
from functools import cached_property
from typing import Final
from uuid import UUID

import nkeys
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from cranny.core.errors import CrannyError
from cranny.core.rng import Rng

SIZE: Final = 32
"""Length of the master key in bytes."""

_VERSION: Final = b"\x01"
_NONCE: Final = 12

MOST: Final = 1000
"""Keys that are kept at hand: making one anew takes as long as a signature."""


class SealBroken(CrannyError):
    """Not sealed with this key, for this purpose and context, or changed since."""

    code = "seal-broken"


class Keyring:
    def __init__(self, master: bytes, *, rng: Rng) -> None:
        """`master` is 32 random bytes. Raises ValueError on any other length."""
        if len(master) != SIZE:
            raise ValueError(f"the master key has {len(master)} bytes, not {SIZE}")
        self._master = master
        self._rng = rng
        self._downlink: dict[UUID, Ed25519PrivateKey] = {}

    def seal(self, purpose: str, context: bytes, plain: bytes) -> bytes:
        """Encrypt (ChaCha20-Poly1305, random nonce). `purpose` picks the key; `context` says what it belongs
        to (tenant and id) and must be the same at `open`."""
        nonce = self._rng.bytes(_NONCE)
        box = ChaCha20Poly1305(self._derive("seal", purpose.encode()))
        return _VERSION + nonce + box.encrypt(nonce, plain, context)

    def open(self, purpose: str, context: bytes, sealed: bytes) -> bytes:
        """The inverse of `seal`. Raises SealBroken."""
        version, nonce, text = sealed[:1], sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :]
        box = ChaCha20Poly1305(self._derive("seal", purpose.encode()))
        if version != _VERSION or len(nonce) != _NONCE:
            raise SealBroken("A stored secret has an unknown form.")
        try:
            return box.decrypt(nonce, text, context)
        except InvalidTag as error:
            raise SealBroken("A stored secret can't be opened with this master key.") from error

    def pepper(self, bank: UUID) -> bytes:
        """The bank's secret for digests of codes, tracking numbers and persons; 32 bytes."""
        return self._derive("pepper", bank.bytes)

    def downlink_key(self, tenant: UUID) -> Ed25519PrivateKey:
        """Signs what goes down to the tenant's banks; its public half is pinned at enrolment."""
        known = self._downlink.get(tenant)
        if known is None:
            if len(self._downlink) >= MOST:
                self._downlink.clear()
            known = self._downlink[tenant] = Ed25519PrivateKey.from_private_bytes(
                self._derive("downlink", tenant.bytes)
            )
        return known

    def log_key(self, tenant: UUID) -> Ed25519PrivateKey:
        """Signs the heads of the tenant's log."""
        return Ed25519PrivateKey.from_private_bytes(self._derive("log-head", tenant.bytes))

    def nats_account_seed(self) -> bytes:
        """The NKEY seed (`SA…`) that signs the answers of the auth callout."""
        return _nkey(self._derive("nats-account"), nkeys.PREFIX_BYTE_ACCOUNT)

    def nats_user_seed(self, name: str) -> bytes:
        """The NKEY seed (`SU…`) with which our own process `name` connects."""
        return _nkey(self._derive("nats-user", name.encode()), nkeys.PREFIX_BYTE_USER)

    def address_digest(self, tenant: UUID, address: str) -> bytes:
        """Stands for an address where it must be found and not be read; 32 bytes. Without the key nobody can try
        addresses."""
        return hmac.digest(self._address_key, tenant.bytes + address.encode(), "sha256")

    @cached_property
    def _address_key(self) -> bytes:
        return self._derive("address")

    @cached_property
    def cursor_key(self) -> bytes:
        """Signs page cursors; 32 bytes."""
        return self._derive("cursor")

    def _derive(self, label: str, context: bytes = b"") -> bytes:
        info = b"cranny/" + label.encode() + b"/1\x00" + context
        return HKDF(algorithm=SHA256(), length=SIZE, salt=None, info=info).derive(self._master)


def _nkey(raw: bytes, prefix: int) -> bytes:
    seed: bytes = nkeys.encode_seed(raw, prefix)
    return seed
