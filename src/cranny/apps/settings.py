"""Every setting, read from the environment once. Code below this floor takes what it needs as arguments."""

import os
from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Final

import msgspec

from cranny.apps.clock import VARIABLE, Pace, read_pace
from cranny.apps.master import read_master
from cranny.core.errors import Invalid

REQUESTS_A_MINUTE: Final = 30_000
WAYS: Final = frozenset({"passkey", "organisation", "link", "key"})
"""`platform.feature.SIGN_IN_WAYS`: the settings are read on a bank as well, where nothing of the server is loaded."""


class Tls(msgspec.Struct, frozen=True):
    """Files for TLS to the broker; the certificate pair only where the broker asks for one."""

    ca: Path
    certificate: Path | None = None
    key: Path | None = None


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """`database_url` is the application role's address, `owner_url` the schema owner's: they differ on
    purpose. Where they are None the program starts its own PostgreSQL; likewise NATS."""

    data: Path
    database_url: str | None = None
    owner_url: str | None = None
    nats_url: str | None = None
    nats_tls: Tls | None = None
    nats_public_url: str | None = None
    """What banks are told to connect to; the same as `nats_url` unless they come from elsewhere."""
    master_key: bytes | None = None
    host: str = "127.0.0.1"
    port: int = 8080
    nats_port: int = 0
    public_url: str | None = None
    smtp_url: str | None = None
    """Where mail is handed over, `mail_from` its sender. Without it and `sms_url` messages are printed."""
    mail_from: str = ""
    sms_url: str | None = None
    sms_token: str = ""
    sms_from: str = ""
    requests_a_minute: int = REQUESTS_A_MINUTE
    """That one key may send to one server process; 0 for any number."""
    trusted_proxies: tuple[str, ...] = ()
    """Networks whose word counts on who asks them, and by TLS or not (`X-Forwarded-For`, `-Proto`)."""
    sign_in_inside: tuple[str, ...] = ()
    """Networks of our own in which the providers of other organisations' sign-ins may stand."""
    sign_in_ways: frozenset[str] = frozenset()
    """How people may get in; empty for every way there is."""
    tls: tuple[Path, Path] | None = None
    """The files of the certificate and its key that browsers are shown; without them a proxy speaks TLS."""
    webhooks_inside: tuple[str, ...] = ()
    """Networks of our own that webhooks may go to."""
    reason: str = ""
    """Why an administrator does what they do on the installation itself: it stands in the audit trail."""
    clock: Pace | None = None
    """How time is scaled; None where it is not."""

    @property
    def url(self) -> str:
        """Where browsers find the server."""
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::") else self.host  # noqa: S104 - where it listens on all
        scheme = "http" if self.tls is None else "https"
        return self.public_url or f"{scheme}://{f'[{host}]' if ':' in host else host}:{self.port}"


def state_directory(env: Mapping[str, str]) -> Path:
    """The user's state directory (XDG base directories 0.8); root's is the system's, because PostgreSQL refuses to
    run as root and nobody else can get at files in root's home."""
    if os.geteuid() == 0 and "XDG_STATE_HOME" not in env:
        return Path("/var/lib/cranny")
    base = env.get("XDG_STATE_HOME") or str(Path(env.get("HOME", "~")).expanduser() / ".local" / "state")
    return Path(base) / "cranny"


def read(env: Mapping[str, str] | None = None, *, data: Path | None = None, port: int | None = None) -> Settings:
    """Settings from `CRANNY_…` variables. Raises Invalid with the variable's name on a bad value."""
    env = os.environ if env is None else env
    database, owner = env.get("CRANNY_DATABASE_URL"), env.get("CRANNY_DATABASE_OWNER_URL")
    if bool(database) != bool(owner):
        raise Invalid(
            "CRANNY_DATABASE_URL (application role) and CRANNY_DATABASE_OWNER_URL (schema owner) go together: "
            "set both, or neither to run the built-in PostgreSQL.",
            code="settings-incomplete",
        )
    settings = Settings(
        data=(data or Path(env.get("CRANNY_DATA") or state_directory(env))).expanduser().absolute(),
        database_url=database,
        owner_url=owner,
        nats_url=env.get("CRANNY_NATS_URL"),
        nats_tls=_tls(env),
        nats_public_url=env.get("CRANNY_NATS_PUBLIC_URL"),
        master_key=_master(env),
        host=env.get("CRANNY_HOST", "127.0.0.1"),
        port=_port(env, "CRANNY_PORT", 8080) if port is None else port,
        nats_port=_port(env, "CRANNY_NATS_PORT", 0),
        public_url=env.get("CRANNY_PUBLIC_URL"),
        smtp_url=env.get("CRANNY_SMTP_URL") or None,
        mail_from=_needed_by(env, "CRANNY_MAIL_FROM", "CRANNY_SMTP_URL"),
        sms_url=env.get("CRANNY_SMS_URL") or None,
        sms_token=_needed_by(env, "CRANNY_SMS_TOKEN", "CRANNY_SMS_URL"),
        sms_from=env.get("CRANNY_SMS_FROM", ""),
        requests_a_minute=_whole(env, "CRANNY_REQUESTS_A_MINUTE", REQUESTS_A_MINUTE),
        trusted_proxies=_networks(env, "CRANNY_TRUSTED_PROXIES"),
        webhooks_inside=_networks(env, "CRANNY_WEBHOOKS_ALLOW"),
        reason=env.get("CRANNY_AUDIT_REASON", ""),
        sign_in_inside=_networks(env, "CRANNY_SIGN_IN_ALLOW"),
        sign_in_ways=_ways(env),
        tls=_shown(env),
        clock=read_pace(pace) if (pace := env.get(VARIABLE)) else None,
    )
    if database and settings.master_key is None:
        raise Invalid(
            "With CRANNY_DATABASE_URL set, set CRANNY_MASTER_KEY or CRANNY_MASTER_KEY_FILE as well: 64 hexadecimal "
            "digits that every process shares and that are kept outside the database.",
            code="settings-incomplete",
        )
    return settings


def of_demo(env: Mapping[str, str] | None = None, *, data: Path | None, port: int) -> Settings:
    """Settings with nothing but its own engines, whatever else is configured, and a directory of its own."""
    env = os.environ if env is None else env
    here = {name: env[name] for name in ("HOME", "XDG_STATE_HOME", "CRANNY_DATA") if name in env}
    settings = read(here, data=data, port=port)
    return settings if data else msgspec.structs.replace(settings, data=settings.data / "demo")


def _tls(env: Mapping[str, str]) -> Tls | None:
    ca = env.get("CRANNY_NATS_CA")
    if not ca:
        return None
    certificate, key = env.get("CRANNY_NATS_CERT"), env.get("CRANNY_NATS_KEY")
    return Tls(Path(ca), Path(certificate) if certificate else None, Path(key) if key else None)


def _shown(env: Mapping[str, str]) -> tuple[Path, Path] | None:
    certificate, key = env.get("CRANNY_TLS_CERT"), env.get("CRANNY_TLS_KEY")
    if bool(certificate) != bool(key):
        raise Invalid("CRANNY_TLS_CERT and CRANNY_TLS_KEY go together: set both.", code="settings-incomplete")
    return (Path(certificate), Path(key)) if certificate and key else None


def _ways(env: Mapping[str, str]) -> frozenset[str]:
    found = frozenset(env.get("CRANNY_SIGN_IN_WAYS", "").replace(",", " ").split())
    if strange := sorted(found - WAYS):
        raise Invalid(
            f"CRANNY_SIGN_IN_WAYS takes some of {', '.join(sorted(WAYS))}, not {strange[0]!r}.",
            code="settings-invalid",
        )
    return found


def _needed_by(env: Mapping[str, str], name: str, other: str) -> str:
    value = env.get(name, "")
    if env.get(other) and not value:
        raise Invalid(f"{other} is set, so set {name} as well (docs/messages.md).", code="settings-incomplete")
    return value


def _master(env: Mapping[str, str]) -> bytes | None:
    if path := env.get("CRANNY_MASTER_KEY_FILE"):
        return _from_file("CRANNY_MASTER_KEY_FILE", Path(path))
    text = env.get("CRANNY_MASTER_KEY")
    if not text:
        return None
    try:
        key = bytes.fromhex(text.strip())
    except ValueError:
        key = b""
    if len(key) != 32:  # noqa: PLR2004 - 256 bits
        raise Invalid("CRANNY_MASTER_KEY must be 64 hexadecimal digits.", code="settings-invalid")
    return key


def _networks(env: Mapping[str, str], name: str) -> tuple[str, ...]:
    found = env.get(name, "").replace(",", " ").split()
    try:
        return tuple(str(ip_network(text)) for text in found)
    except ValueError as error:
        raise Invalid(f"{name} takes networks such as 10.2.0.0/16: {error}.", code="settings-invalid") from error


def _from_file(name: str, path: Path) -> bytes:
    try:
        return read_master(path)
    except OSError as error:
        raise Invalid(f"{name}: {path} can't be read ({error.strerror}).", code="settings-invalid") from error


def _whole(env: Mapping[str, str], name: str, otherwise: int) -> int:
    text = env.get(name, str(otherwise))
    if not text.isdecimal() or len(text) > 9:  # noqa: PLR2004 - a billion is no limit any more
        raise Invalid(f"{name} must be a whole number, not {text!r}.", code="settings-invalid")
    return int(text)


def _port(env: Mapping[str, str], name: str, otherwise: int) -> int:
    text = env.get(name, str(otherwise))
    if not text.isdecimal() or int(text) > 65535:  # noqa: PLR2004 - the highest TCP port
        raise Invalid(f"{name} must be a port number from 0 to 65535, not {text!r}.", code="settings-invalid")
    return int(text)
