"""The clear code, QR and badge of a grant, sealed: the key is not in the database, and a sealed value fits one grant
only."""

from uuid import UUID

from cranny.core.rng import Rng
from cranny.platform.keys import Keyring
from cranny.wire.codes import SECRETS, Code, Qr, draw_code, draw_qr

_DIGITS = len(str(SECRETS - 1))


def draw(keyring: Keyring, tenant: UUID, grant: UUID, rng: Rng) -> tuple[bytes, bytes]:
    """New secrets for `grant`, sealed: (code, QR). They hold no locator, which is given to the row later."""
    context = _context(tenant, grant)
    code, qr = draw_code(0, rng), draw_qr(0, rng)
    return (
        keyring.seal("code", context, f"{code.secret:0{_DIGITS}}".encode()),
        keyring.seal("qr", context, qr.secret),
    )


def open_code(keyring: Keyring, tenant: UUID, grant: UUID, locator: int, sealed: bytes) -> Code:
    return Code(locator, int(keyring.open("code", _context(tenant, grant), sealed)))


def open_qr(keyring: Keyring, tenant: UUID, grant: UUID, locator: int, sealed: bytes) -> Qr:
    return Qr(locator, keyring.open("qr", _context(tenant, grant), sealed))


def seal_badge(keyring: Keyring, tenant: UUID, grant: UUID, number: str) -> bytes:
    return keyring.seal("badge", _context(tenant, grant), number.encode())


def open_badge(keyring: Keyring, tenant: UUID, grant: UUID, sealed: bytes) -> str:
    return keyring.open("badge", _context(tenant, grant), sealed).decode()


def _context(tenant: UUID, grant: UUID) -> bytes:
    return tenant.bytes + grant.bytes
