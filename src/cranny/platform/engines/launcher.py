"""Becomes an engine: gives rights up, asks the kernel to tell it of our end, then turns into the program.

A script of its own because what happens between fork and exec must not run in a process with threads. Run as
`python -I -S launcher.py PARENT SIGNAL UID GID PROGRAM ARGUMENT…`; UID -1 stays who we are."""

import os
import sys
from contextlib import suppress

# While we may still read Python's own files. A Python without ctypes: the next start ends what we leave behind.
with suppress(ImportError):
    import ctypes

PR_SET_PDEATHSIG = 1
PR_SET_NO_NEW_PRIVS = 38


def main(parent: int, death_signal: int, uid: int, gid: int, argv: list[str]) -> None:
    if uid >= 0:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    if sys.platform == "linux" and "ctypes" in sys.modules:
        _tie_to_parent(death_signal)
    if os.getppid() != parent:
        sys.exit("the program that wanted this engine is gone")
    os.umask(0o077)
    os.execv(argv[0], argv)  # noqa: S606 - no shell, and the path is ours


def _tie_to_parent(death_signal: int) -> None:
    """After the change of user, which the kernel answers by forgetting the signal."""
    prctl = ctypes.CDLL(None).prctl
    word = ctypes.c_ulong
    prctl(PR_SET_PDEATHSIG, word(death_signal), word(0), word(0), word(0))
    prctl(PR_SET_NO_NEW_PRIVS, word(1), word(0), word(0), word(0))


if __name__ == "__main__":
    parent, death_signal, uid, gid = map(int, sys.argv[1:5])
    main(parent, death_signal, uid, gid, sys.argv[5:])
