"""A FILE IS A READER. It tells what is held to it; what that opens is decided elsewhere, and it never names a door.

Listing this folder is the registry. A reader's module has `open_reader(address, *, clock, rng)` and, for the contract
test that every reader must pass, `bench(*, clock, rng)`: the reader, with somebody who holds things to it.
"""

import importlib
import pkgutil
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Literal, Protocol, cast

from cranny.core.clock import Clock
from cranny.core.errors import NotFound
from cranny.core.rng import Rng

Kind = Literal["text", "badge"]
"""`text`: a QR, or the number on a label. `badge`: the number of a badge."""


@dataclass(frozen=True, slots=True)
class Presented:
    kind: Kind
    text: str

    def __repr__(self) -> str:
        """What opens doors is in no log."""
        return f"Presented({self.kind})"


class Reader(Protocol):
    def presented(self) -> AsyncIterator[Presented]:
        """Each thing that is held to it, once, until the iteration ends. A reader that is pulled out and put in again
        goes on, however long that takes; what was half read when it went is lost."""
        ...


class Hand(Protocol):
    """What a person does with a simulated reader."""

    shows: str
    """What can be held to it."""
    also: str
    """Something else that can."""

    async def hold(self, text: str) -> None: ...

    async def babble(self) -> None:
        """Half of something, or noise, and then nothing for a while."""
        ...

    async def unplug(self) -> None: ...

    async def plug(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Bench:
    reader: Reader
    hand: Hand


class ReaderModule(Protocol):
    """A reader's module."""

    def open_reader(self, address: str, *, clock: Clock, rng: Rng) -> Reader:
        """`address` is the reader's own. Raises Invalid, code `reader-address-invalid`."""
        ...

    def missing(self) -> str:
        """Why it can't be tried on this machine, in a sentence; empty where it can."""
        ...

    def bench(self, *, clock: Clock, rng: Rng) -> AbstractAsyncContextManager[Bench]: ...


def names() -> list[str]:
    """Every reader there is."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_"))


def load(name: str) -> ReaderModule:
    """The reader's module. Raises NotFound, code `reader-unknown`."""
    if name not in names():
        raise NotFound(f"There is no reader called {name!r}. There are: {', '.join(names())}.", code="reader-unknown")
    return cast("ReaderModule", importlib.import_module(f"{__name__}.{name}"))
