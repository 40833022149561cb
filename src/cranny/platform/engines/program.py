"""How one engine's program is run: as whom, with what, and what its last words mean."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen

from cranny.platform.engines import launcher
from cranny.platform.engines.account import Account
from cranny.platform.engines.errors import DirectoryClosed, EngineError, PortBusy, disk_full

LOG_LIMIT = 8 * 1024 * 1024
TAIL = 4096
GRAVE = ("PANIC:", "FATAL:", "[FTL]", "[ERR]", "error:", "nats-server:")


@dataclass(frozen=True, slots=True)
class Program:
    name: str
    argv: Sequence[str]
    account: Account | None
    log: Path
    death_signal: signal.Signals
    extra_env: Mapping[str, str] = field(default_factory=dict)

    def spawn(self) -> Popen[bytes]:
        """Its own process group: Ctrl-C in a terminal is for us, and we stop it in order."""
        with self.log.open("ab") as log:
            return Popen(
                self._launched(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._env(),
                cwd="/",
                process_group=0,
            )

    def complete(self, stdin: bytes = b"") -> None:
        """Runs it to its end; meant for a worker thread."""
        done = subprocess.run(self._launched(), input=stdin, capture_output=True, env=self._env(), cwd="/", check=False)
        with self.log.open("ab") as log:
            log.write(done.stdout + done.stderr)
        if done.returncode:
            raise self.failure(done.stderr.decode(errors="replace"))

    def failure(self, said: str) -> EngineError:
        """What `said`, the program's last words, means for the person who started us."""
        if "No space left on device" in said or _no_room(self.log.parent):
            return disk_full(self.log.parent)
        if "ddress already in use" in said:
            return PortBusy(f"{self.name} can't listen because another program has its port: {_gravest(said)}.")
        if "ermission denied" in said:
            return DirectoryClosed(f"{self.name} was refused access: {_gravest(said)}.")
        return EngineError(f"{self.name} did not start ({_gravest(said)}); its log is {self.log}.")

    def _launched(self) -> list[str]:
        uid, gid = (self.account.uid, self.account.gid) if self.account else (-1, -1)
        identity = [str(number) for number in (os.getpid(), int(self.death_signal), uid, gid)]
        return [sys.executable, "-I", "-S", launcher.__file__, *identity, *self.argv]

    def _env(self) -> dict[str, str]:
        # Ours holds secrets, and PG… variables would steer the server.
        return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC", **self.extra_env}


def log_size(log: Path) -> int:
    """Where the next run's words will begin; an overlong log starts anew."""
    if not log.exists():
        return 0
    size = log.stat().st_size
    if size < LOG_LIMIT:
        return size
    log.replace(log.with_suffix(".log.1"))
    return 0


def words_since(log: Path, mark: int) -> str:
    with log.open("rb") as handle:
        handle.seek(max(mark, log.stat().st_size - TAIL))
        return handle.read().decode(errors="replace")


def _gravest(said: str) -> str:
    lines = said.strip().splitlines() or ["it said nothing"]
    grave = [line for line in lines if any(mark in line for mark in GRAVE)] or lines[-1:]
    line = grave[0]
    for mark in GRAVE:
        line = line.split(mark, 1)[-1]
    return line.strip().rstrip(".")


def _no_room(path: Path) -> bool:
    # On a full disk the log can't say so either.
    state = os.statvfs(path)
    return state.f_bavail * state.f_frsize < TAIL
