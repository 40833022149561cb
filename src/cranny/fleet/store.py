"""The store that ingest works on: a port. PostgreSQL is behind it in the product; the simulator puts a plain
reference behind it and runs the very same rules."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeAlias
from uuid import UUID

from cranny.fleet.changes import Change
from cranny.fleet.rules import Cursor


@dataclass(frozen=True, slots=True)
class Uplink:
    """What the store knows of a bank's log."""

    bank: UUID
    cursor: Cursor
    head_time: datetime | None
    """When the newest fact happened."""
    down_head: int
    """The highest number given to an entry for this bank."""
    public_key: str
    """The NKEY that may speak for the bank now; empty when none may."""


class Store(Protocol):
    """One open transaction of one tenant."""

    async def uplinks(self, banks: Collection[UUID]) -> Mapping[UUID, Uplink]:
        """Of those that there are. Nobody else ingests for them until the transaction ends; they are locked in
        the order of their ids, so that two workers never wait for each other in a circle."""
        ...

    async def hashes(self, bank: UUID, epoch: int, seqs: range) -> Mapping[int, bytes]:
        """The hashes of the facts held, by number."""
        ...

    async def apply(self, changes: Sequence[Change]) -> None:
        """Write them all: at most one for each bank. Raises Breach when one breaks a rule of the store, and then
        the caller has to leave the transaction or the `attempt` that it is in."""
        ...

    def attempt(self) -> AbstractAsyncContextManager[None]:
        """What is written inside is undone when it raises; what came before stays."""
        ...


Stores: TypeAlias = Callable[[UUID], AbstractAsyncContextManager[Store]]
"""Begins a transaction of a tenant: committed when the block ends well, undone when it raises."""
