"""Which account an engine runs as. PostgreSQL refuses root, and a server has no need of its rights."""

import os
import pwd
from dataclasses import dataclass
from pathlib import Path

from cranny.platform.engines.errors import AccountMissing, DirectoryClosed

PREFERRED = ("cranny", "postgres", "nobody")
ROOT = 0
SEARCH = 0o1


@dataclass(frozen=True, slots=True)
class Account:
    uid: int
    gid: int
    name: str


def account_for(directory: Path) -> Account | None:
    """None: we are not root and run as ourselves. Data keeps the account that it was made by."""
    if os.geteuid() != ROOT:
        return None
    owner = directory.stat().st_uid
    try:
        found = _preferred() if owner == ROOT else pwd.getpwuid(owner)
    except KeyError:
        raise AccountMissing(
            f"{directory} belongs to the user id {owner}, which has no entry in /etc/passwd: add one, or chown it."
        ) from None
    return Account(found.pw_uid, found.pw_gid, found.pw_name)


def _preferred() -> pwd.struct_passwd:
    known = {entry.pw_name: entry for entry in pwd.getpwall() if entry.pw_uid != ROOT}
    for name in PREFERRED:
        if name in known:
            return known[name]
    raise AccountMissing("PostgreSQL can't run as root, and there is no user to run it as: useradd --system cranny.")


def require_own_entry() -> None:
    """initdb looks its own account up; the server itself does not."""
    try:
        pwd.getpwuid(os.geteuid())
    except KeyError:
        raise AccountMissing(
            f"The user id {os.geteuid()} has no entry in /etc/passwd, which PostgreSQL needs to make a new"
            " data directory: add one, or set CRANNY_DATABASE_URL."
        ) from None


def closed_parent(path: Path, account: Account) -> Path | None:
    """The first folder on the way to `path` that `account` may not pass through."""
    for folder in reversed(path.parents):
        state = folder.stat()
        if state.st_uid == account.uid:
            shift = 6
        elif state.st_gid == account.gid:
            shift = 3
        else:
            shift = 0
        if not state.st_mode >> shift & SEARCH:
            return folder
    return None


def require_way(path: Path, account: Account) -> None:
    if folder := closed_parent(path, account):
        raise DirectoryClosed(
            f"PostgreSQL can't run as root and the user {account.name} can't reach {path}, because {folder} is closed"
            " to it: choose a data directory outside of it, such as /var/lib/cranny."
        )
