"""Settings: what is missing or wrong is one sentence that names the variable."""

from pathlib import Path

import pytest

from cranny.apps.settings import WAYS, read
from cranny.apps.tls import broker_tls
from cranny.core.errors import Invalid
from cranny.platform.feature import SIGN_IN_WAYS

HOME = {"HOME": "/nowhere"}
KEY = "ab" * 32
OWN = {"CRANNY_DATABASE_URL": "postgresql://app@db/cranny", "CRANNY_DATABASE_OWNER_URL": "postgresql://owner@db/cranny"}


def refused(**env: str) -> Invalid:
    with pytest.raises(Invalid) as caught:
        broker_tls(read(HOME | env))
    return caught.value


def test_nothing_has_to_be_set() -> None:
    settings = read(HOME)
    assert (settings.database_url, settings.nats_url, settings.master_key, settings.port) == (None, None, None, 8080)
    assert settings.data in (Path("/nowhere/.local/state/cranny"), Path("/var/lib/cranny"))


@pytest.mark.parametrize("name", OWN)
def test_one_role_of_the_database_is_none(name: str) -> None:
    error = refused(**{name: OWN[name]}, CRANNY_MASTER_KEY=KEY)
    assert error.code == "settings-incomplete"
    assert all(each in error.detail for each in OWN)


def test_somebody_elses_database_needs_a_key_from_somewhere_else() -> None:
    assert "CRANNY_MASTER_KEY_FILE" in refused(**OWN).detail
    assert read(HOME | OWN | {"CRANNY_MASTER_KEY": KEY}).master_key == bytes.fromhex(KEY)


def test_the_key_may_be_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(KEY + "\n")
    assert read(HOME | {"CRANNY_MASTER_KEY_FILE": str(file)}).master_key == bytes.fromhex(KEY)
    file.write_text("not a key")
    assert refused(CRANNY_MASTER_KEY_FILE=str(file)).code == "master-key-broken"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CRANNY_MASTER_KEY", "ab"),
        ("CRANNY_MASTER_KEY", "zz" * 32),
        ("CRANNY_MASTER_KEY_FILE", "/nowhere/key"),
        ("CRANNY_PORT", "http"),
        ("CRANNY_NATS_PORT", "65536"),
        ("CRANNY_NATS_CA", "/nowhere/ca.pem"),
        ("CRANNY_SIGN_IN_WAYS", "passkey password"),
    ],
)
def test_what_can_not_be_used_is_named(name: str, value: str) -> None:
    error = refused(**{name: value})
    assert error.code == "settings-invalid"
    assert name in error.detail


def test_a_file_that_holds_no_certificate_is_named(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_text("nothing of the kind")
    assert f"CRANNY_NATS_CA={file}" in refused(CRANNY_NATS_CA=str(file)).detail


def test_the_ways_in_are_those_that_there_are() -> None:
    assert WAYS == SIGN_IN_WAYS
    assert read(HOME | {"CRANNY_SIGN_IN_WAYS": "passkey, organisation"}).sign_in_ways == {"passkey", "organisation"}


def test_with_a_certificate_of_its_own_the_server_is_found_by_tls() -> None:
    own = {"CRANNY_TLS_CERT": "/etc/cranny/certificate.pem", "CRANNY_TLS_KEY": "/etc/cranny/key.pem"}
    assert read(HOME | own).url == "https://127.0.0.1:8080"
    assert refused(CRANNY_TLS_CERT="/etc/cranny/certificate.pem").code == "settings-incomplete"
