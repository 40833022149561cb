"""Our own PostgreSQL on a private unix socket."""

import asyncio
import hashlib
import os
import signal
import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from cranny.core.rng import SystemRng
from cranny.platform.engines.address import PostgresAddress
from cranny.platform.engines.binaries import postgres_programs
from cranny.platform.engines.cluster import ADMIN, APP, DATABASE, OWNER, Passwords, require_cluster
from cranny.platform.engines.directory import Home, claimed, private
from cranny.platform.engines.program import Program
from cranny.platform.engines.supervisor import command_line, end_leftover, kept_running

PORT = 5432
LONGEST_SOCKET_PATH = 103
PID_LINE, STATUS_LINE = 0, 7
FAST, AT_ONCE = signal.SIGINT, signal.SIGQUIT
SETTINGS = {
    "cluster_name": "cranny",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "max_connections": "100",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "log_error_verbosity": "terse",  # DETAIL quotes rows, with people's addresses
    "logging_collector": "off",
    "log_destination": "stderr",
    "jit": "off",
}


@asynccontextmanager
async def serve(data_dir: Path, *, tcp_port: int | None, settings: Mapping[str, str]) -> AsyncIterator[PostgresAddress]:
    """`tcp_port`: None for no TCP at all, 0 for any free port."""
    with claimed(data_dir, "postgres") as home, _sockets_of(home) as sockets:
        data = home.path / "data"
        _forget_empty(data / "postmaster.pid", sockets / f".s.PGSQL.{PORT}.lock")
        stale = _pid_file(data)
        leftover = int(stale[PID_LINE]) if stale else 0
        if leftover:
            await end_leftover(leftover, data, (FAST, AT_ONCE))
        programs = await asyncio.to_thread(postgres_programs, home, data)
        passwords = await asyncio.to_thread(require_cluster, home, programs, SystemRng())
        port = PORT if tcp_port is None else tcp_port or _free_port()
        ours = {
            "port": str(port),
            "listen_addresses": "" if tcp_port is None else "127.0.0.1",
            "unix_socket_directories": str(sockets),
            "unix_socket_permissions": "0700",
        }
        argv = [str(programs.folder / "postgres"), "-D", str(data)]
        argv += [word for name, value in {**SETTINGS, **settings, **ours}.items() for word in ("-c", f"{name}={value}")]
        log = home.path / "postgres.log"
        program = Program("PostgreSQL", argv, home.account, log, FAST, _past(leftover))
        async with kept_running(program, lambda pid: _answers(data, pid), FAST):
            yield _address(passwords, sockets, port, tcp=tcp_port is not None)


def _pid_file(data: Path) -> list[str]:
    try:
        return (data / "postmaster.pid").read_text().splitlines()
    except OSError:
        return []


def _forget_empty(*locks: Path) -> None:
    """A power cut at the wrong moment leaves lock files without content, which PostgreSQL takes for a start under
    way. The directory is claimed by us, so there is none."""
    for lock in locks:
        if lock.exists() and not lock.stat().st_size:
            lock.unlink()


def _answers(data: Path, pid: int) -> bool:
    lines = _pid_file(data)
    return len(lines) > STATUS_LINE and lines[PID_LINE] == str(pid) and lines[STATUS_LINE].strip() == "ready"


def _past(leftover: int) -> dict[str, str]:
    """After a crash the number in the pid file may belong to a stranger (numbers repeat soon in a container), and
    PostgreSQL would not start. It takes a number in this variable for a harmless one, and still checks by shared
    memory that nothing of the old server is alive."""
    return {"PG_GRANDPARENT_PID": str(leftover)} if leftover and command_line(leftover) else {}


@contextmanager
def _sockets_of(home: Home) -> Iterator[Path]:
    """Next to the data, or under a short name: the kernel allows a socket's path about a hundred bytes."""
    beside = home.path / "run"
    if len(os.fsencode(beside / f".s.PGSQL.{PORT}")) <= LONGEST_SOCKET_PATH:
        yield home.folder("run")
        return
    runtime = None if home.account else os.environ.get("XDG_RUNTIME_DIR")
    name = "cranny-" + hashlib.sha256(os.fsencode(home.path)).hexdigest()[:12]
    elsewhere = private(Path(runtime or "/tmp") / name, home.account)  # noqa: S108 - made private, and checked
    try:
        yield elsewhere
    finally:
        with suppress(OSError):
            elsewhere.rmdir()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def _address(passwords: Passwords, sockets: Path, port: int, *, tcp: bool) -> PostgresAddress:
    def dsn(role: str, password: str) -> str:
        return f"postgresql://{role}:{password}@/{DATABASE}?host={quote(str(sockets), safe='')}&port={port}"

    return PostgresAddress(
        owner_dsn=dsn(OWNER, quote(passwords.owner)),
        app_dsn=dsn(APP, quote(passwords.app)),
        admin_dsn=dsn(ADMIN, quote(passwords.admin)),
        port=port if tcp else None,
    )
