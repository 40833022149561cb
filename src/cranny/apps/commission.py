"""Commissioning on the box itself: what is needed for it, from the journal where there is one, and its result."""

import asyncio
import sys
import termios
import threading
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager

from cranny import sites
from cranny.apps.edge import JOURNAL, Box
from cranny.core.clock import millis
from cranny.core.errors import Conflict, Invalid
from cranny.core.ids import TimeIds
from cranny.edge import drivers, identity, wiring
from cranny.edge.commissioning import (
    Commission,
    FileLedger,
    JournalLedger,
    Ledger,
    Notes,
    Stopped,
    Technician,
    conclude,
    report,
)
from cranny.edge.disk import ThreadDisk
from cranny.edge.drivers import Address
from cranny.edge.identity import NAME as IDENTITY
from cranny.edge.journal import Journal, load
from cranny.edge.owner import sole_owner
from cranny.edge.state import State
from cranny.edge.wiring import Wiring


async def commission(
    box: Box, technician: Technician, *, layout: str | None, only: Collection[str], afresh: bool
) -> None:
    """Let `technician` go through the doors that have not been found right yet, or `only` these. `layout` is a bank's
    file, for a box that has no layout from its server. Raises Conflict
    (`box-in-use`, `layout-known`), Invalid (`layout-unknown`, `door-unknown`), BoardSilent, Stopped."""
    with sole_owner(box.home):
        async with _books(box) as journal:
            doors = _doors(journal, layout)
            if unknown := sorted(set(only) - set(doors)):
                raise Invalid(f"This bank has no door {', '.join(unknown)}.", code="door-unknown")
            ledger: Ledger = JournalLedger(journal) if journal else FileLedger(box.home)
            await _sit(
                box, technician, doors, ledger, only=only, afresh=afresh, state=journal.state if journal else None
            )


async def _sit(
    box: Box,
    technician: Technician,
    doors: Mapping[str, Address],
    ledger: Ledger,
    *,
    only: Collection[str],
    afresh: bool,
    state: State | None,
) -> None:
    notes = Notes(box.home, box.board, doors)
    if afresh:
        notes.forget()
    wanted = [door for door in doors if door in only] if only else notes.open_doors()
    wanted = await _spare(technician, state, wanted) if state else wanted
    name, _, address = box.board.partition(":")
    if wanted:
        driver = await drivers.load(name).open_board(address, clock=box.clock, rng=box.rng)
        try:
            ids = TimeIds(box.clock, box.rng)
            await Commission(driver, doors, technician, ledger, notes, ids=ids).run(wanted)
        finally:
            await driver.close()
    wires = conclude(doors, list(notes.findings.values()))
    path = wiring.write(box.home, Wiring(name, millis(box.clock.now()), wires))
    for sentence in report(wires):
        technician.say(sentence)
    asked = [wire for wire in wires if not only or wire.door in only]
    bad = sum(1 for wire in asked if wire.fault)
    technician.say(f"{len(asked) - bad} of {len(asked)} doors work. Written to {path}.")


async def _spare(technician: Technician, state: State, doors: Collection[str]) -> list[str]:
    """Without those that hold something, unless the person says so, and those whose last opening is not settled."""
    busy = [door for door in doors if state.under_way(door)]
    if busy:
        technician.say(
            f"Passed over, as their last opening is not settled: {', '.join(busy)}. Run `cranny edge` once for these."
        )
    full = [door for door in doors if door in state.occupancies and door not in busy]
    if full:
        question = (
            f"Somebody's things lie in {', '.join(full)}. Type yes to open these as well, Enter to pass them over. "
        )
        if (await technician.ask(question)).strip() == "yes":
            full = []
    return [door for door in doors if door not in (*busy, *full)]


@asynccontextmanager
async def _books(box: Box) -> AsyncIterator[Journal | None]:
    """The bank's journal; None for a box that has not enrolled."""
    if not (box.home / IDENTITY).exists():
        yield None
        return
    me = identity.read(box.home)
    disk = ThreadDisk(box.home / JOURNAL)
    try:
        boot = TimeIds(box.clock, box.rng).new()
        yield await load(disk, me.tenant, me.bank, epoch=me.epoch, clock=box.clock, boot=boot, offline=lambda: True)
    finally:
        await disk.close()


def _doors(journal: Journal | None, layout: str | None) -> dict[str, Address]:
    known = journal.state.boxes if journal else {}
    if known and layout is not None:
        raise Conflict("This bank has its layout from its server: leave --layout out.", code="layout-known")
    if known:
        return {label: (box.unit, box.channel) for label, box in known.items()}
    if layout is None:
        raise Invalid(
            "This box knows no doors yet: enrol it and run `cranny edge` once, or give the bank's file with --layout.",
            code="layout-unknown",
        )
    bank = sites.read_yaml(layout)
    return {box.label: (box.unit, box.channel) for box in bank.compartments()}


class Terminal:
    """A person at a terminal, or a script at the other end of a pipe."""

    def say(self, text: str) -> None:
        print(text, flush=True)

    async def ask(self, question: str) -> str:
        """Raises Stopped at the end of the input."""
        if sys.stdin.isatty():
            # What was typed before the question was asked answers nothing: a door must be looked at.
            termios.tcflush(sys.stdin, termios.TCIFLUSH)
        print(question, end="", flush=True)
        loop = asyncio.get_running_loop()
        line: asyncio.Future[str] = loop.create_future()

        def answer(text: str) -> None:
            if not line.done():
                line.set_result(text)

        def read() -> None:
            text = sys.stdin.readline()
            loop.call_soon_threadsafe(answer, text)

        threading.Thread(target=read, daemon=True, name="terminal").start()
        found = await line
        if not found:
            raise Stopped("The input has ended. What was found is kept: the same command goes on from here.")
        return found.removesuffix("\n")
