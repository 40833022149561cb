"""What a controller left on its disk: who it is, its facts, its state, and its simulated cabinet if it has one.

Read past the program, in one transaction, while it may be running. Blocks: for a thread.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

from cranny.core.errors import NotFound
from cranny.edge import identity
from cranny.edge.drivers import Address
from cranny.edge.drivers._world import Box, World
from cranny.edge.journal import read_state
from cranny.edge.state import State

JOURNAL: Final = "journal.sqlite"
WORLD: Final = "world.json"
"""Where the demo keeps the world of a simulated board: beside the journal."""
PATIENCE_S: Final = 10.0
NUMBERED: Final = "SELECT epoch, seq, stored FROM facts ORDER BY epoch, seq"


@dataclass(frozen=True, slots=True)
class Written:
    """A fact by its number, in its stored bytes."""

    epoch: int
    seq: int
    stored: bytes


@dataclass(frozen=True, slots=True)
class Home:
    """`world` is None where nobody can say what is physically so."""

    path: Path
    tenant: UUID
    bank: UUID
    facts: tuple[Written, ...]
    state: State
    world: Mapping[Address, Box] | None


def find(paths: Iterable[Path]) -> list[Path]:
    """The directories of controllers among `paths` and right below them. Raises NotFound, code `no-controller`."""
    found = [directory for path in paths for directory in _below(path)]
    if not found:
        raise NotFound("There is no controller's directory there: none holds an identity.json.", code="no-controller")
    return found


def read(path: Path) -> Home:
    """Raises NotFound and Invalid as `identity.read` does, and NotFound, code `no-journal`."""
    me = identity.read(path)
    journal, world = path / JOURNAL, path / WORLD
    if not journal.exists():
        raise NotFound(f"{path} has no journal.", code="no-journal")
    with closing(sqlite3.connect(f"{journal.as_uri()}?mode=rw", uri=True, timeout=PATIENCE_S)) as connection:
        connection.execute("PRAGMA query_only = ON")
        connection.execute("BEGIN")
        facts = tuple(Written(*columns) for columns in connection.execute(NUMBERED))
        state = read_state(connection)
    return Home(path, me.tenant, me.bank, facts, state, World(world).read() if world.exists() else None)


def _below(path: Path) -> Iterator[Path]:
    if (path / identity.NAME).exists():
        yield path
    elif path.is_dir():
        yield from sorted(inner for inner in path.iterdir() if (inner / identity.NAME).exists())
