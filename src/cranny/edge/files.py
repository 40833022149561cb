"""Small files of the box that are replaced as a whole: after a power cut there is the old one or the new one."""

import os
from pathlib import Path

PRIVATE = 0o600


def replace(path: Path, content: bytes) -> None:
    """On the disk, with its name, when this returns. Raises OSError."""
    draft = path.with_name(f"{path.name}.new")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    sync_names(path.parent)


def append(path: Path, line: bytes) -> None:
    """One more line, on the disk when this returns. Raises OSError."""
    new = not path.exists()
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, PRIVATE)
    with os.fdopen(handle, "wb") as file:
        file.write(line + b"\n")
        file.flush()
        os.fsync(file.fileno())
    if new:
        sync_names(path.parent)


def sync_names(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
