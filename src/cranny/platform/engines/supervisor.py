"""Keeps one engine running: starts it, waits until it answers, starts it again when it dies, ends it in order."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from subprocess import Popen, run

import structlog

from cranny.platform.engines.errors import EngineError
from cranny.platform.engines.program import Program, log_size, words_since

POLL_S = 0.01
WATCH_S = 0.5
LONGEST_PAUSE_S = 30.0
PATIENCE_S = 60.0
Ready = Callable[[int], bool]
log = structlog.get_logger()


@asynccontextmanager
async def kept_running(program: Program, ready: Ready, stop: signal.Signals) -> AsyncIterator[None]:
    """`ready(pid)` says whether the process answers; it may take as long as it lives, crash recovery included."""
    child = _Child(program, ready, stop)
    await child.start()
    watch = asyncio.create_task(child.watch())
    try:
        yield
    finally:
        watch.cancel()
        with suppress(asyncio.CancelledError):
            await watch
        await child.end()


class _Child:
    def __init__(self, program: Program, ready: Ready, stop: signal.Signals) -> None:
        self._program = program
        self._ready = ready
        self._stop = stop
        self._process: Popen[bytes] | None = None

    async def start(self) -> None:
        mark = log_size(self._program.log)
        self._process = self._program.spawn()
        try:
            while not self._ready(self._process.pid):
                if self._process.poll() is not None:
                    raise self._program.failure(words_since(self._program.log, mark))
                await asyncio.sleep(POLL_S)
        except asyncio.CancelledError:
            await self.end()
            raise

    async def watch(self) -> None:
        pause = WATCH_S
        while True:
            await asyncio.sleep(pause)
            if self._process is None or self._process.poll() is None:
                pause = WATCH_S
                continue
            log.warning("engine died, starting it again", engine=self._program.name, status=self._process.returncode)
            try:
                await self.start()
            except EngineError as error:
                pause = min(2 * pause, LONGEST_PAUSE_S)
                log.exception("engine did not come back", engine=self._program.name, why=error.detail)

    async def end(self) -> None:
        process = self._process
        if process is None or process.poll() is not None:
            return
        process.send_signal(self._stop)
        await _until(lambda: process.poll() is not None)
        if process.poll() is None:
            process.kill()
            process.wait()


async def end_leftover(pid: int, belongs: Path, signals: tuple[signal.Signals, ...]) -> None:
    """Ends what an earlier program left running on `belongs`. Another process may have its number by now, so the
    command line must name `belongs`. Ever stronger `signals`, each given its time."""
    for strength in signals:
        if str(belongs) not in command_line(pid):
            return
        log.info("ending an engine that an earlier run left behind", pid=pid, data=str(belongs))
        with suppress(ProcessLookupError):
            os.kill(pid, strength)
        await _until(lambda: str(belongs) not in command_line(pid))
    if str(belongs) in command_line(pid):
        raise EngineError(f"Process {pid} still runs on {belongs} and does not end: end it, then start again.")


def command_line(pid: int) -> str:
    """Empty for a process that is gone, a zombie included."""
    if Path("/proc/self").exists():
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            return ""
    shown = run(["/bin/ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return shown.stdout.strip()


async def _until(condition: Callable[[], bool]) -> None:
    clock = asyncio.get_running_loop().time
    limit = clock() + PATIENCE_S
    while not condition() and clock() < limit:
        await asyncio.sleep(POLL_S)
