"""What the product really says to PostgreSQL: its own log of a database that logs every statement, parameters
included, put together to transactions."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from bench.house import TAPE, House

_EXECUTE: Final = re.compile(r"execute [^:]+: ", re.ASCII)
_PARAMETER: Final = re.compile(r"\$\d+ = ('(?:[^']|'')*'|NULL)")


@dataclass(frozen=True)
class Statement:
    """`values` are SQL literals as PostgreSQL wrote them; None for a statement of the simple protocol."""

    sql: str
    values: tuple[str, ...] | None


@dataclass
class Transaction:
    statements: list[Statement] = field(default_factory=list)

    @property
    def round_trips(self) -> int:
        return len(self.statements)


class Tape:
    """Everything that is said to `database`, from the making of this object on. The database must have been copied
    with `log_statement='all'`."""

    def __init__(self, house: House, database: str) -> None:
        self._path = house.place / "postgres" / TAPE
        self._database = database
        self._start = self._path.stat().st_size if self._path.exists() else 0

    def transactions(self) -> list[Transaction]:
        """The committed ones, in the order in which they began."""
        return _transactions(_lines(self._path, self._start, self._database))


def common(transactions: Sequence[Transaction]) -> int:
    """How many round trips most of them take."""
    counts = [one.round_trips for one in transactions]
    return max(set(counts), key=counts.count)


def _lines(path: Path, start: int, database: str) -> list[dict[str, Any]]:
    with path.open("rb") as file:
        file.seek(start)
        said = [json.loads(line) for line in file]
    return [line for line in said if line.get("dbname") == database and line["error_severity"] == "LOG"]


def _transactions(lines: Sequence[dict[str, Any]]) -> list[Transaction]:
    under_way: dict[int, Transaction] = {}
    begun: list[Transaction] = []
    committed: set[int] = set()
    for line in lines:
        statement = _statement(line)
        if statement is None:
            continue
        pid, word = line["pid"], statement.sql.lstrip().split(maxsplit=1)[0].rstrip(";").upper()
        if word == "BEGIN":
            under_way[pid] = Transaction()
            begun.append(under_way[pid])
        if pid not in under_way:
            continue
        under_way[pid].statements.append(statement)
        if word in ("COMMIT", "ROLLBACK"):
            done = under_way.pop(pid)
            if word == "COMMIT":
                committed.add(id(done))
    return [one for one in begun if id(one) in committed]


def _statement(line: dict[str, Any]) -> Statement | None:
    message = line["message"]
    if message.startswith("statement: "):
        return Statement(message.removeprefix("statement: "), None)
    if found := _EXECUTE.match(message):
        return Statement(message[found.end() :], tuple(_PARAMETER.findall(line.get("detail", ""))))
    return None
