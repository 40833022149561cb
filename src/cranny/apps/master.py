"""The file that holds the server's master key (`platform/keys.py` says what comes of it).

By itself because the settings are read on a bank as well, where nothing of the server is loaded.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from cranny.core.errors import Invalid
from cranny.core.rng import Rng

SIZE: Final = 32
"""Length of the master key in bytes."""


def read_or_make_master(path: Path, rng: Rng) -> bytes:
    """The master key kept in `path` as 64 hexadecimal digits, made on first use, readable by its owner only.
    Raises Invalid, code `master-key-unsafe` when others may read it, `master-key-broken` when it holds anything else.
    Blocking: for start-up."""
    if not path.exists():
        _make_master(path, rng.bytes(SIZE))
    if path.stat().st_mode & 0o077:
        raise Invalid(f"{path} may be read by others: chmod 600 {path}", code="master-key-unsafe")
    return read_master(path)


def _make_master(path: Path, master: bytes) -> None:
    """Whole or not at all, whatever the disk does; and never in the place of one that somebody else has just made."""
    new = path.with_suffix(f".{os.getpid()}")
    new.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(master.hex() + "\n")
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            path.hardlink_to(new)
    finally:
        new.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)


def read_master(path: Path) -> bytes:
    """The master key in `path`. Raises Invalid, code `master-key-broken`; OSError."""
    try:
        master = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except ValueError:
        master = b""
    if len(master) != SIZE:
        raise Invalid(
            f"{path} does not hold a master key, 64 hexadecimal digits: put the right one back. With another one codes "
            "can't be shown again and every bank has to enrol anew.",
            code="master-key-broken",
        )
    return master
