"""Runs `hold.py` as a program of its own, as ourselves or as somebody else."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

HOLD = Path(__file__).with_name("hold.py")
ROOT = 0


class Holder:
    def __init__(self, engine: str, directory: Path, before: list[str]) -> None:
        self.process = subprocess.Popen(
            [*before, sys.executable, HOLD, engine, directory],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd="/",
        )
        self.said: dict[str, str] = json.loads(self.process.stdout.readline() or "{}")

    def kill(self) -> None:
        self.process.kill()
        self.end()

    def end(self) -> None:
        if not self.process.stdin.closed:
            self.process.communicate(timeout=30)


Hold = Callable[..., Holder]


@pytest.fixture
def hold() -> Iterator[Hold]:
    holders: list[Holder] = []

    def start(engine: str, directory: Path, *, uid: int | None = None) -> Holder:
        holders.append(Holder(engine, directory, _as(uid) if uid is not None else []))
        return holders[-1]

    yield start
    for holder in holders:
        holder.end()


def _as(uid: int) -> list[str]:
    """The interpreter may lie in root's own home: the other user gets the right to read, and no right to write."""
    if os.geteuid() != ROOT:
        pytest.skip("only root can run a program as somebody else")
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        pytest.skip("setpriv (util-linux) is missing")
    read = ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
    return [setpriv, f"--reuid={uid}", f"--regid={uid}", "--clear-groups", *read]
