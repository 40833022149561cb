"""Signed envelopes: COSE_Sign1 (RFC 9052) in a profile so strict that a message has exactly one form.

Tag 18, the protected header is the constant `{1: -8}` (EdDSA), the unprotected header is empty, the payload is
inside, everything is deterministic CBOR. Nothing in a message chooses the algorithm or the key. The purpose goes
into the external data, so that what was signed for one purpose never passes for another.
"""

from typing import Final, Literal

import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from cranny.core.errors import Invalid

Purpose = Literal["facts", "downlink", "enrolment", "command", "command-reply", "ack", "pull", "beat", "token"]

_PROTECTED: Final = bytes.fromhex("a10127")
_HEAD: Final = bytes.fromhex("d28443a10127a0")
"""Tag 18, array of 4, the protected header, the empty unprotected header."""
_BYTES_HEADS: Final = ((1, 24), (2, 1 << 8), (3, 1 << 16), (5, 1 << 32), (9, 1 << 64))
"""A byte string's head takes so many bytes for a length below this."""
_SIGNATURE_HEAD: Final = bytes.fromhex("5840")
_SIGNATURE_BYTES: Final = 64
_TAIL: Final = len(_SIGNATURE_HEAD) + _SIGNATURE_BYTES


def sign(key: Ed25519PrivateKey, purpose: Purpose, payload: bytes) -> bytes:
    """The envelope: 75 to 83 bytes more than the payload."""
    return _HEAD + cbor2.dumps(payload) + _SIGNATURE_HEAD + key.sign(_to_be_signed(purpose, payload))


def verify(public: Ed25519PublicKey, purpose: Purpose, message: bytes) -> bytes:
    """The payload. Raises Invalid, code `signature-invalid`, when the message is of another form, of another
    purpose, by another key, or was changed."""
    payload = _payload(message)
    if payload is None:
        raise _refused()
    try:
        public.verify(message[-_SIGNATURE_BYTES:], _to_be_signed(purpose, payload))
    except InvalidSignature as error:
        raise _refused() from error
    return payload


def _to_be_signed(purpose: Purpose, payload: bytes) -> bytes:
    return cbor2.dumps(["Signature1", _PROTECTED, f"cranny/{purpose}/1".encode(), payload])


def _payload(message: bytes) -> bytes | None:
    """The payload of a message of exactly our form, found by its place and not by a parser."""
    if not message.startswith(_HEAD) or message[-_TAIL:-_SIGNATURE_BYTES] != _SIGNATURE_HEAD:
        return None
    wrapped = message[len(_HEAD) : -_TAIL]
    head = next(size for size, limit in _BYTES_HEADS if len(wrapped) - size < limit)
    return wrapped[head:] if cbor2.dumps(wrapped[head:]) == wrapped else None


def _refused() -> Invalid:
    return Invalid("The signature does not fit what was signed, or who signed it.", code="signature-invalid")
