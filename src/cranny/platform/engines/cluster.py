"""A PostgreSQL data directory: made whole or not at all, with its roles and their passwords."""

import base64
import json
import shutil
import signal
from dataclasses import asdict, dataclass
from pathlib import Path

from cranny.core.rng import Rng
from cranny.platform.engines.account import require_own_entry
from cranny.platform.engines.binaries import PostgresPrograms
from cranny.platform.engines.directory import Home
from cranny.platform.engines.errors import explained
from cranny.platform.engines.program import Program

ADMIN, OWNER, APP, DATABASE = "postgres", "cranny_owner", "cranny_app", "cranny"
BUILTIN_COLLATIONS_SINCE = 17
UNSAFE_TO_STOP = signal.SIGTERM
NEW = "new"
WHO_MAY_CONNECT = """\
local all all scram-sha-256
host all all 127.0.0.1/32 scram-sha-256
host all all ::1/128 scram-sha-256
"""


@dataclass(frozen=True, slots=True)
class Passwords:
    admin: str
    owner: str
    app: str


def require_cluster(home: Home, programs: PostgresPrograms, rng: Rng) -> Passwords:
    """Finds or makes `data` in `home`; blocks for about a second when it makes it."""
    file = home.path / "passwords.json"
    if (home.path / "data").exists() and file.exists():
        return Passwords(**json.loads(file.read_text()))
    passwords = Passwords(_password(rng), _password(rng), _password(rng))
    if (home.path / "data").exists():
        _single_user(home, programs, home.path / "data", _set_passwords(passwords))
        _keep(file, passwords)
    else:
        _keep(file, passwords)
        _make(home, programs, passwords)
    return passwords


def _make(home: Home, programs: PostgresPrograms, passwords: Passwords) -> None:
    if home.account is None:
        require_own_entry()
    with explained(home.path):
        shutil.rmtree(home.path / NEW, ignore_errors=True)
        new = home.folder(NEW)
    _initdb(home, programs, new)
    _single_user(home, programs, new, _create_roles() + _set_passwords(passwords))
    with explained(home.path):
        new.replace(home.path / "data")


def _initdb(home: Home, programs: PostgresPrograms, new: Path) -> None:
    # Built-in collations give the same order on every machine and survive upgrades of the system's library.
    locale = (
        ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        if programs.major >= BUILTIN_COLLATIONS_SINCE
        else ["--locale=C.UTF-8"]
    )
    words = ["-D", str(new), "-U", ADMIN, "-A", "reject", "-E", "UTF8", *locale, "--no-instructions"]
    _program(home, programs, "initdb", words).complete()
    with explained(new):
        (new / "pg_hba.conf").write_text(WHO_MAY_CONNECT)


def _single_user(home: Home, programs: PostgresPrograms, data: Path, statements: list[str]) -> None:
    # A failing statement must not reach the log: it holds a password.
    quiet = ["-c", "log_statement=none", "-c", "log_min_error_statement=panic"]
    words = ["--single", "-D", str(data), "-c", "exit_on_error=on", *quiet, "postgres"]
    _program(home, programs, "postgres", words).complete(("\n".join(statements) + "\n").encode())


def _program(home: Home, programs: PostgresPrograms, name: str, words: list[str]) -> Program:
    argv = [str(programs.folder / name), *words]
    return Program("PostgreSQL", argv, home.account, home.path / "postgres.log", UNSAFE_TO_STOP)


def _create_roles() -> list[str]:
    return [
        f"CREATE ROLE {OWNER} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS",
        f"CREATE ROLE {APP} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS",
        f"CREATE DATABASE {DATABASE} OWNER {OWNER}",
        f"REVOKE ALL ON DATABASE {DATABASE} FROM PUBLIC",
        f"GRANT CONNECT, TEMPORARY ON DATABASE {DATABASE} TO {APP}",
    ]


def _set_passwords(passwords: Passwords) -> list[str]:
    roles = {ADMIN: passwords.admin, OWNER: passwords.owner, APP: passwords.app}
    return [f"ALTER ROLE {role} PASSWORD '{password}'" for role, password in roles.items()]


def _password(rng: Rng) -> str:
    """In letters that neither SQL nor a URL needs to quote."""
    return base64.urlsafe_b64encode(rng.bytes(24)).decode()


def _keep(file: Path, passwords: Passwords) -> None:
    half = file.with_suffix(".half")
    with explained(file.parent):
        half.touch(mode=0o600)
        half.write_text(json.dumps(asdict(passwords)))
        half.replace(file)
