"""What each feature holds about a person, how it is handed to them and how it is erased; and what is not kept for ever.

A feature that names persons in its rows brings a `Personal`; the wiring gathers them, and the use case `privacy` goes
through all of them in one transaction. Nothing else knows where personal data lies.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from cranny.platform.db import Tx
from cranny.platform.keys import Keyring
from cranny.platform.violation import Violation

ADD: Final = """
INSERT INTO erasures (tenant, person, at, why, by) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING
"""
ERASED: Final = "SELECT person FROM erasures WHERE tenant = $1 ORDER BY person"


class ErasureRow(msgspec.Struct, frozen=True):
    """That somebody was erased, by an id that stands for nobody any more."""

    tenant: UUID
    person: UUID
    at: datetime
    why: str
    by: str


async def _nothing(_: Tx, __: UUID) -> list[str]:
    return []


@dataclass(frozen=True, slots=True)
class Personal:
    """`section` names it in an export, `about` says in a sentence what it is. `export` gives plain JSON, moments and
    ids. `holds` says in sentences what has to end before the person can be erased. `erase` makes everything of theirs
    go, or stand for nobody, and returns how many rows that was. `remains` names what is left of those who were erased:
    an empty list, or I15 is broken."""

    section: str
    about: str
    export: Callable[[Tx, UUID], Awaitable[Any]]
    erase: Callable[[Tx, Keyring, UUID], Awaitable[int]]
    remains: Callable[[Tx, Sequence[UUID]], Awaitable[list[str]]]
    holds: Callable[[Tx, UUID], Awaitable[list[str]]] = _nothing


@dataclass(frozen=True, slots=True)
class Kept:
    """A kind of data that is not kept for ever: for `days` unless the tenant says otherwise, `least` to `most`. `about`
    says what it is and when its time begins. `forget(tx, before, at_most)` erases up to `at_most` of what was over
    before that moment, and returns how many it was."""

    kind: str
    about: str
    days: int
    least: int
    most: int
    forget: Callable[[Tx, datetime, int], Awaitable[int]]


@dataclass(frozen=True, slots=True)
class Keepers:
    """What all features bring."""

    personal: Sequence[Personal] = ()
    kept: Sequence[Kept] = ()


NOBODY: Final = Keepers()


async def note_erased(tx: Tx, person: UUID, *, why: str, by: str) -> None:
    """From now on nothing may remain of `person`."""
    await tx.run(ADD, tx.tenant, person, tx.now(), why, by)


async def audit(tx: Tx, keeper: Personal) -> list[Violation]:
    """I15: nothing of those who were erased remains."""
    erased = [row["person"] for row in await tx.all(ERASED, tx.tenant)]
    left = await keeper.remains(tx, erased) if erased else []
    return [Violation("I15", subject, "it is somebody's who was erased") for subject in left]


def count(tag: str) -> int:
    """How many rows a statement touched, from its command tag."""
    return int(tag.rsplit(maxsplit=1)[-1])
