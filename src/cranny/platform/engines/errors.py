"""Why an engine can't run here, told in one sentence a person can act on."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from cranny.core.errors import CrannyError


class EngineError(CrannyError):
    """An embedded engine can't run on this machine as things are."""

    code = "engine-failed"
    status = 503


class Unsupported(EngineError):
    """No engine is made for this platform."""

    code = "engine-unsupported"


class ProgramMissing(EngineError):
    """Neither the wheel nor the system has the engine's program."""

    code = "engine-missing"


class WrongVersion(EngineError):
    """The data was written by a version that is not here."""

    code = "engine-version"


class DirectoryInUse(EngineError):
    """Another program runs on the same data."""

    code = "engine-in-use"
    retry = True


class DirectoryClosed(EngineError):
    """The directory can't be written, or not be reached by the account that runs the engine."""

    code = "engine-not-writable"


class AccountMissing(EngineError):
    """There is no account to run the engine as."""

    code = "engine-no-account"


class PortBusy(EngineError):
    """Someone else listens there."""

    code = "engine-port-busy"
    retry = True


class DiskFull(EngineError):
    """No room for the engine's data."""

    code = "engine-disk-full"
    retry = True


def disk_full(path: Path) -> DiskFull:
    return DiskFull(f"The disk that holds {path} is full: free some space, then start again.")


def closed(path: Path) -> DirectoryClosed:
    return DirectoryClosed(f"Cranny can't write in {path}: give it the right to, or choose another data directory.")


_CLOSED: Final = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST, errno.ENAMETOOLONG})


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turns what the operating system says about `path` into one of the sentences above."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise disk_full(path) from error
        if error.errno in _CLOSED:
            raise closed(path) from error
        raise


def make_directory(path: Path) -> None:
    """With those above it, where it is not there. Raises as `explained`."""
    with explained(path):
        try:
            path.mkdir(parents=True, exist_ok=True)
        except FileNotFoundError as error:
            raise closed(path) from error  # a place such as /proc, in which nothing can be made
