"""The processes of `cranny up`: started together, ended together, and started again when one falls."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import structlog

from cranny.apps.ending import FOR_GOOD
from cranny.core.errors import CrannyError
from cranny.platform.engines import launcher

log = structlog.get_logger(__name__)

PATIENCE_S: Final = 10.0
"""How long a child may take to end when told."""
LONGEST_PAUSE_S: Final = 10.0


class EndedForGood(CrannyError):
    """A process of the family said that starting it again can't help."""

    code = "ended-for-good"


async def keep(name: str, arguments: Sequence[str], env: Mapping[str, str], *, output: Path | None = None) -> None:
    """Run `cranny <arguments>` until cancelled; start it again when it ends by itself, with growing pauses. What it
    says goes to the file `output`, else where our own words go. Raises EndedForGood."""
    pause = 0.5
    while True:
        child = await _start(arguments, env, output)
        started = asyncio.get_running_loop().time()
        try:
            code = await child.wait()
        except asyncio.CancelledError:
            await _end(child)
            raise
        if code == FOR_GOOD:
            raise EndedForGood(f"The {name} can't run as things are; it has just said why.")
        if asyncio.get_running_loop().time() - started > PATIENCE_S:
            pause = 0.5
        log.error("process ended", name=name, status=code, again_in_s=pause)
        await asyncio.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE_S)


async def _start(arguments: Sequence[str], env: Mapping[str, str], output: Path | None) -> asyncio.subprocess.Process:
    # Through the launcher, so that the kernel ends the child when we are killed.
    script = str(Path(launcher.__file__))
    tie = [sys.executable, "-I", "-S", script, str(os.getpid()), str(int(signal.SIGTERM)), "-1", "-1"]
    command = [*tie, sys.executable, "-m", "cranny", *arguments]
    with contextlib.ExitStack() as stack:
        said = None if output is None else await asyncio.to_thread(lambda: stack.enter_context(output.open("ab")))
        return await asyncio.create_subprocess_exec(*command, env={**os.environ, **env}, stdout=said, stderr=said)


async def _end(child: asyncio.subprocess.Process) -> None:
    if child.returncode is not None:
        return
    child.terminate()
    try:
        async with asyncio.timeout(PATIENCE_S):
            await child.wait()
    except TimeoutError:
        child.kill()
        await child.wait()
