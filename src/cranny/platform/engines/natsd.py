"""Our own NATS server: a wire, never a record, so it keeps nothing on disk."""

import json
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from cranny.platform.engines.address import NatsAddress, NatsConfig, TlsFiles
from cranny.platform.engines.binaries import nats_program
from cranny.platform.engines.directory import Home, claimed
from cranny.platform.engines.errors import explained
from cranny.platform.engines.program import Program
from cranny.platform.engines.supervisor import end_leftover, kept_running

ANY_FREE = -1
EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - compared with, never bound to
STOP, AT_ONCE = signal.SIGTERM, signal.SIGKILL


@asynccontextmanager
async def serve(data_dir: Path, config: NatsConfig) -> AsyncIterator[NatsAddress]:
    with claimed(data_dir, "nats") as home:
        file = home.path / "server.json"
        run = home.folder("run")
        await _end_leftovers(run, file)
        binary = nats_program(home)
        config = replace(config, port=config.port or _port_before(file))
        _write(home, file, config)
        program = Program("NATS", [str(binary), "-c", str(file)], home.account, home.path / "nats.log", STOP)
        async with kept_running(program, lambda pid: _listens(run, pid), STOP):
            port = _port(run)
            # Started again, after a crash or next year, it must be found where it was.
            _write(home, file, replace(config, port=port))
            yield _address(config, port)


async def _end_leftovers(run: Path, file: Path) -> None:
    for ports in run.glob("*.ports"):
        await end_leftover(int(ports.stem.rsplit("_", 1)[-1]), file, (STOP, AT_ONCE))
        ports.unlink(missing_ok=True)


def _listens(run: Path, pid: int) -> bool:
    """The file appears after the ports are open, and is not written in one go."""
    try:
        return bool(json.loads((run / f"nats-server_{pid}.ports").read_bytes()))
    except (FileNotFoundError, json.JSONDecodeError):
        return False


def _port(run: Path) -> int:
    (file,) = run.glob("*.ports")
    return int(json.loads(file.read_bytes())["nats"][0].rsplit(":", 1)[-1])


def _port_before(file: Path) -> int:
    """Where the last run in this directory listened; 0 for none. Enrolled banks know no other address."""
    try:
        port = json.loads(file.read_bytes())["port"]
    except (FileNotFoundError, ValueError, KeyError):
        return 0
    return port if port != ANY_FREE else 0


def _address(config: NatsConfig, port: int) -> NatsAddress:
    host = "127.0.0.1" if config.host in EVERYWHERE else config.host
    return NatsAddress(f"{'tls' if config.tls else 'nats'}://{host}:{port}", port)


def _write(home: Home, file: Path, config: NatsConfig) -> None:
    content: dict[str, object] = {
        "server_name": "cranny",
        "host": config.host,
        "port": config.port or ANY_FREE,
        "ports_file_dir": str(home.path / "run"),
        **config.demands(),
    }
    with explained(home.path):
        if config.tls:
            content["tls"] = _tls(home, config.tls)
        _private_file(home, file, json.dumps(content, indent=1).encode())


def _tls(home: Home, tls: TlsFiles) -> dict[str, object]:
    """Copies, because the account that runs the server need not be able to read the originals."""
    folder = home.folder("tls")
    named = {"cert_file": tls.certificate, "key_file": tls.key}
    if tls.authority:
        named["ca_file"] = tls.authority
    for name, source in named.items():
        _private_file(home, folder / name, source.read_bytes())
    return {**{name: str(folder / name) for name in named}, "verify": tls.authority is not None}


def _private_file(home: Home, file: Path, content: bytes) -> None:
    file.unlink(missing_ok=True)
    file.touch(mode=0o600)
    file.write_bytes(content)
    if home.account:
        shutil.chown(file, home.account.uid, home.account.gid)
