"""A sealed secret opens for its own grant only, and never shows by itself."""

from uuid import UUID

import pytest

from cranny.access import sealed
from cranny.access.reveal import Revealed
from cranny.core.rng import SeededRng
from cranny.platform.keys import Keyring, SealBroken
from cranny.wire.codes import parse_code, parse_qr, show_code, show_qr

TENANT, GRANT, OTHER = UUID(int=1), UUID(int=2), UUID(int=3)


@pytest.fixture
def keyring() -> Keyring:
    return Keyring(bytes(32), rng=SeededRng(1))


def test_code_and_qr_come_back_with_their_locator(keyring: Keyring) -> None:
    for seed in range(50):
        code, qr = sealed.draw(keyring, TENANT, GRANT, SeededRng(seed))
        opened = sealed.open_code(keyring, TENANT, GRANT, 42, code)
        assert parse_code(show_code(opened)) == opened
        assert opened.locator == 42
        scanned = sealed.open_qr(keyring, TENANT, GRANT, 42, qr)
        assert parse_qr(show_qr(scanned)) == scanned


def test_a_seal_fits_one_grant_one_tenant_and_one_use(keyring: Keyring) -> None:
    code, qr = sealed.draw(keyring, TENANT, GRANT, SeededRng(1))
    for tenant, grant, secret in ((TENANT, OTHER, code), (OTHER, GRANT, code), (TENANT, GRANT, qr)):
        with pytest.raises(SealBroken):
            sealed.open_code(keyring, tenant, grant, 42, secret)


def test_what_is_revealed_does_not_show_in_a_traceback() -> None:
    assert "123" not in repr(Revealed("123 456 789", "C123"))
