"""The directory of one engine: made, reachable for its account, and claimed by one program at a time."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cranny.platform.engines.account import ROOT, Account, account_for, require_way
from cranny.platform.engines.errors import DirectoryClosed, DirectoryInUse, explained


@dataclass(frozen=True, slots=True)
class Home:
    path: Path
    account: Account | None

    def folder(self, name: str) -> Path:
        """A folder inside, private to the account that runs the engine."""
        return private(self.path / name, self.account)


@contextmanager
def claimed(data_dir: Path, engine: str) -> Iterator[Home]:
    """Claims `data_dir`/`engine`. The kernel drops the claim when we end, however we end."""
    path = data_dir.resolve() / engine
    with explained(data_dir):
        _make(data_dir.resolve())
        path.mkdir(mode=0o700, exist_ok=True)
        account = account_for(path)
        if account:
            require_way(path, account)
            os.chown(path, account.uid, account.gid)
        handle = os.open(path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _lock(handle, data_dir)
        yield Home(path, account)
    finally:
        os.close(handle)


def _make(path: Path) -> None:
    """Folders of our own making let the account that runs the engine pass, whatever root's umask says."""
    if not path.is_dir():
        _make(path.parent)
        path.mkdir(exist_ok=True)
        path.chmod(0o711 if os.geteuid() == ROOT else 0o700)


def _lock(handle: int, data_dir: Path) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.read(handle, 20).decode() or "unknown"
        raise DirectoryInUse(
            f"{data_dir} is in use by another Cranny (process {holder}): stop it, or choose another data directory."
        ) from None
    os.ftruncate(handle, 0)
    os.pwrite(handle, str(os.getpid()).encode(), 0)


def private(path: Path, account: Account | None) -> Path:
    """Makes `path` for `account` alone. Someone else may have made it first where everybody can write."""
    with explained(path):
        try:
            path.mkdir(mode=0o700)
            if account:
                os.chown(path, account.uid, account.gid)
        except FileExistsError:
            _require_private(path, account.uid if account else os.geteuid())
    return path


def _require_private(path: Path, uid: int) -> None:
    state = path.lstat()
    if path.is_symlink() or not path.is_dir() or state.st_uid != uid or state.st_mode & 0o077:
        raise DirectoryClosed(f"{path} is not a private folder of the user id {uid}: remove it, then start again.")
