"""How far a commissioning has come: it may be left and taken up again at any door."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from cranny.edge import files
from cranny.edge.commissioning.findings import Finding
from cranny.edge.drivers import Address

NAME: Final = "commissioning.json"


class Page(msgspec.Struct, frozen=True):
    board: str
    doors: dict[str, Address]
    findings: dict[str, Finding]


class Notes:
    """Findings by the door whose line was tried, for one board and one set of doors."""

    def __init__(self, home: Path, board: str, doors: Mapping[str, Address]) -> None:
        self._path = home / NAME
        self._board = board
        self._doors = dict(doors)
        self.findings: dict[str, Finding] = self._read()

    def keep(self, finding: Finding) -> None:
        """On the disk when this returns. Raises OSError."""
        self.findings[finding.door] = finding
        self._write()

    def forget(self) -> None:
        self.findings = {}
        self._write()

    def open_doors(self) -> list[str]:
        """Those that have not been found right yet, in order."""
        return [door for door in self._doors if not (found := self.findings.get(door)) or not found.good]

    def _read(self) -> dict[str, Finding]:
        """Empty where there is nothing, or nothing about this board and these doors: then all begins anew."""
        if not self._path.exists():
            return {}
        try:
            page = msgspec.json.decode(self._path.read_bytes(), type=Page)
        except msgspec.MsgspecError:
            return {}
        return page.findings if (page.board, page.doors) == (self._board, self._doors) else {}

    def _write(self) -> None:
        files.replace(self._path, msgspec.json.encode(Page(self._board, self._doors, self.findings)))
