"""One owner of a box: its directory, its journal and its lock board belong to one program at a time."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from cranny.core.errors import Conflict

NAME: Final = "owner.lock"


@contextmanager
def sole_owner(home: Path) -> Iterator[None]:
    """Raises Conflict, code `box-in-use`, when another program has this box. The lock ends with the process, however
    that ends."""
    handle = os.open(home / NAME, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            who = os.read(handle, 20).decode("ascii", "replace").strip() or "not known"
            raise Conflict(
                f"Another program (process {who}) runs the bank of {home}. A lock board has one owner: stop that "
                "program first, for example with `systemctl stop cranny-edge`.",
                code="box-in-use",
                retry=True,
            ) from error
        os.ftruncate(handle, 0)
        os.pwrite(handle, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(handle)
