"""What people type and scan to open a door, and the digests that a bank keeps in its stead. All pure.

A code is 9 digits: a 3-digit locator, which says whose grant is meant, and a 6-digit secret, which proves it.
The locator lets a bank do one slow comparison a try, with a salt and a counter per grant. A QR is the same
locator with a 128-bit secret: nobody can guess it, so it is never slowed down.
"""

import base64
import binascii
import hmac
import re
import struct
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from cranny.core.rng import Rng

SERVER_LOCATORS: Final = range(900)
"""The server gives these, a bank that is alone gives the others, so that the two can't collide."""
BANK_LOCATORS: Final = range(900, 1000)
SECRETS: Final = 1_000_000
QR_SECRET_BYTES: Final = 16

_GAP = "[ \u00a0\u2009\u202f\u3000.\u2010-\u2014\u2212-]{0,3}"
_CODE = re.compile(f"[0-9](?:{_GAP}[0-9]){{8}}")
_DIGITS = str.maketrans(
    "".join(chr(zero + i) for zero in (0xFF10, 0x0660, 0x06F0) for i in range(10)), "0123456789" * 3
)

# A QR starts with a letter, so that a scan can never be taken for typing, and holds only characters of QR's
# alphanumeric mode: 33 of them fit the second smallest symbol at level M. The sum is not for the symbol, which
# corrects itself, but for what comes after it: a scanner that types with another country's keyboard layout.
_QR_MARK = "C"
_QR_TEXT = re.compile("C[A-Z2-7]{32}")
_QR_BODY = struct.Struct(f">H{QR_SECRET_BYTES}s")
_QR_SUM = struct.Struct(">H")

_BADGE = range(4, 65)
_FULL_WIDTH = {0xFF01 + i: 0x21 + i for i in range(94)}
_NOT_TRACKING = re.compile("[\\s\x00-\x1f\x7f\u00ad\u200b-\u200f\u2060\ufeff\u2010-\u2015\u2212-]+")


@dataclass(frozen=True, slots=True)
class Code:
    """`locator` 0 to 999, `secret` 0 to 999999, shown by `show_code` only."""

    locator: int
    secret: int

    def __repr__(self) -> str:
        return f"Code(locator={self.locator:03}, secret=***)"


@dataclass(frozen=True, slots=True)
class Qr:
    """`locator` 0 to 999, `secret` 16 bytes, shown by `show_qr` only."""

    locator: int
    secret: bytes

    def __repr__(self) -> str:
        return f"Qr(locator={self.locator:03}, secret=***)"


def draw_code(locator: int, rng: Rng) -> Code:
    """A code with a new secret, every one as likely: leaving "weak" ones out would only help who guesses."""
    return Code(locator, rng.below(SECRETS))


def draw_qr(locator: int, rng: Rng) -> Qr:
    """A QR with a new secret."""
    return Qr(locator, rng.bytes(QR_SECRET_BYTES))


def show_code(code: Code) -> str:
    """For people: `123 456 789`."""
    digits = f"{code.locator:03}{code.secret:06}"
    return f"{digits[:3]} {digits[3:6]} {digits[6:]}"


def parse_code(text: str) -> Code | None:
    """What somebody typed, or None when it is no code. Digits may be ASCII, full-width, Arabic-Indic or
    Persian, with up to three spaces, dashes or dots between two of them."""
    plain = text.strip().translate(_DIGITS)
    if not _CODE.fullmatch(plain):
        return None
    digits = re.sub(_GAP, "", plain)
    return Code(int(digits[:3]), int(digits[3:]))


def show_qr(qr: Qr) -> str:
    """For the symbol: `C` and 32 characters of base32 (locator, secret, CRC-16)."""
    body = _QR_BODY.pack(qr.locator, qr.secret)
    return _QR_MARK + base64.b32encode(body + _QR_SUM.pack(binascii.crc_hqx(body, 0))).decode()


def parse_qr(text: str) -> Qr | None:
    """What somebody scanned, or None when it is none of ours or came through damaged."""
    plain = text.strip().upper()
    if not _QR_TEXT.fullmatch(plain):
        return None
    raw = base64.b32decode(plain[1:])
    body, (crc,) = raw[: _QR_BODY.size], _QR_SUM.unpack(raw[_QR_BODY.size :])
    locator, secret = _QR_BODY.unpack(body)
    if crc != binascii.crc_hqx(body, 0) or locator not in range(1000):
        return None
    return Qr(locator, secret)


def code_material(pepper: bytes, tenant: UUID, bank: UUID, code: Code) -> bytes:
    """What the slow function is fed (see `kdf`): 32 bytes that tell nothing without the bank's pepper."""
    return _digest(pepper, "code", tenant.bytes + bank.bytes + struct.pack(">HI", code.locator, code.secret))


def qr_verifier(pepper: bytes, tenant: UUID, bank: UUID, qr: Qr) -> bytes:
    """What a bank keeps of a QR, 32 bytes. 128 random bits need neither salt nor a slow function."""
    return _digest(pepper, "qr", tenant.bytes + bank.bytes + _QR_BODY.pack(qr.locator, qr.secret))


def normal_tracking(text: str) -> str:
    """A tracking number as everybody must write it: upper case, full-width signs made ordinary, without
    spaces, dashes and control characters (scanners send some). Empty when nothing is left."""
    return _NOT_TRACKING.sub("", text.translate(_FULL_WIDTH)).upper()


def tracking_digest(pepper: bytes, text: str) -> bytes:
    """What a bank knows of a tracking number that it waits for, 32 bytes; equal for equal normal forms."""
    return _digest(pepper, "tracking", normal_tracking(text).encode(errors="surrogatepass"))


def collector_digest(pepper: bytes, person: UUID) -> bytes:
    """What a bank knows of a collector, 32 bytes: enough to see that two deliveries are for one person."""
    return _digest(pepper, "collector", person.bytes)


def normal_badge(text: str) -> str:
    """A badge's number as its reader gives it, in one form: upper case, without spaces, dashes and colons. Empty when
    it can be none."""
    plain = normal_tracking(text).replace(":", "")
    return plain if len(plain) in _BADGE and plain.isprintable() else ""


def badge_verifier(pepper: bytes, tenant: UUID, bank: UUID, badge: str) -> bytes:
    """What a bank keeps of a badge, 32 bytes. A badge's number can be guessed or copied, so without the bank's pepper
    it must tell nothing; no slow function would help more."""
    return _digest(pepper, "badge", tenant.bytes + bank.bytes + normal_badge(badge).encode(errors="surrogatepass"))


def same(left: bytes, right: bytes) -> bool:
    """Whether two digests are equal, in a time that does not tell where they differ."""
    return hmac.compare_digest(left, right)


def _digest(pepper: bytes, purpose: str, data: bytes) -> bytes:
    """The purpose keeps one kind of digest from ever standing for another."""
    return hmac.digest(pepper, f"cranny/{purpose}/1\0".encode() + data, "sha256")
