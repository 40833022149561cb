"""The revisions of the schema that this program has, read from the files themselves: whoever only wants to know whether
the database is behind does not load SQLAlchemy for it."""

import re
from pathlib import Path
from typing import Final

PACKAGE: Final = Path(__file__).resolve().parents[1]
_NAME: Final = re.compile(r'^revision = "(\w+)"$', re.MULTILINE)


def folders(package: Path = PACKAGE) -> list[Path]:
    """Every feature's `migrations/` that holds at least one revision."""
    found = {revision.parent for revision in package.glob("**/migrations/[0-9]*.py")}
    return sorted(found)


def known() -> frozenset[str]:
    """Every revision of every feature."""
    files = [file for folder in folders() for file in folder.glob("[0-9]*.py")]
    return frozenset(name for file in files for name in _NAME.findall(file.read_text(encoding="utf-8")))
