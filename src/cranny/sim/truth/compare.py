"""Three accounts of each bank, side by side: the server's, the journal's, the cabinet's."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

from cranny import fleet, sites
from cranny.platform.db import Database, Tx
from cranny.platform.violation import Violation
from cranny.sim.truth.account import Account, Behind, Rights
from cranny.sim.truth.home import Home, find, read
from cranny.usecases import deliveries
from cranny.usecases.deliveries import Delivery

INSIDE: Final = (Delivery.STORED, Delivery.OVERDUE, Delivery.RECALLING)
PAGE: Final = 200


@dataclass(frozen=True, slots=True)
class Looked:
    """`unsent` facts the server does not have yet: until then it can't know what the bank knows. `offline` of all were
    written while the bank was on its own."""

    banks: int
    facts: int
    offline: int
    openings: int
    unsent: int
    violations: tuple[Violation, ...]


async def look(db: Database, paths: Sequence[Path]) -> Looked:
    """Look at the controllers in `paths` (or right below them). Raises NotFound, code `no-controller`."""
    found: list[Violation] = []
    facts = offline = openings = unsent = 0
    homes = await asyncio.to_thread(lambda: [read(path) for path in find(paths)])
    for home in homes:
        async with db.transaction(home.tenant) as tx:
            account = await _account(tx, home)
            held = await fleet.held(tx, home.bank)
            found += account.found
            found += _acknowledged(home, account, held)
            found += _physical(home)
            mark = home.state.mark
            if max(held, default=None) == (mark.epoch, mark.seq):
                found += await _believed(tx, home, account)
        facts += len(home.facts)
        offline += account.offline
        openings += len(account.openings)
        unsent += mark.seq - mark.acked
    return Looked(len(homes), facts, offline, openings, unsent, tuple(found))


async def _account(tx: Tx, home: Home) -> Account:
    rights, after = Rights(), 0
    while True:
        entries, head = await fleet.pending(tx, home.bank, after)
        if not entries:
            break
        rights.take(entries)
        after = entries[-1].seq
    account = Account(home.bank, rights)
    for written in home.facts:
        account.hear(written)
    account.close(home)
    if home.state.mark.applied > head:
        detail = f"it holds entry {home.state.mark.applied} of {head}"
        account.found.append(Violation("I7", f"banks/{home.bank}/downlink", detail))
    return account


def _acknowledged(home: Home, account: Account, held: Mapping[tuple[int, int], bytes]) -> Iterator[Violation]:
    """I4: what was acknowledged is kept. I8: and it is the same on both sides."""
    mark = home.state.mark
    for (epoch, seq), hash_ in account.hashes.items():
        kept = held.get((epoch, seq))
        if kept is None and epoch == mark.epoch and seq <= mark.acked:
            yield _about(home, "I4", f"facts/{epoch}/{seq}", "it was acknowledged and the server does not hold it")
        if kept is not None and kept != hash_:
            yield _about(home, "I8", f"facts/{epoch}/{seq}", "the server holds another one")
    for epoch, seq in sorted(held.keys() - account.hashes.keys()):
        if (epoch, seq) > (mark.epoch, mark.seq):
            break  # the bank went on while we looked
        yield _about(home, "I8", f"facts/{epoch}/{seq}", "the server holds it and the journal does not")


def _physical(home: Home) -> Iterator[Violation]:
    """I7: what the bank says lies behind a door lies there, and nothing else does. A door that is out of the pool is a
    doubt that is listed already."""
    if home.world is None:
        return
    for label, box in home.state.boxes.items():
        real = home.world.get((box.unit, box.channel))
        if real is None or home.state.under_way(label) is not None or home.state.compartment(label).blocked:
            continue
        told = label in home.state.occupancies
        if told and not real.things:
            yield _about(home, "I7", f"doors/{label}", "the bank says that something lies there, and it is empty")
        if real.things and not told:
            yield _about(
                home, "I7", f"doors/{label}", f"{len(real.things)} things lie there and the bank knows of none"
            )
        if real.door_open:
            yield _about(home, "I7", f"doors/{label}", "it stands open and the bank knows of no opening")


async def _believed(tx: Tx, home: Home, account: Account) -> list[Violation]:
    """I7: the server believes what the bank wrote, unless it has listed the difference."""
    doors = await sites.list_doors(tx, home.bank)
    lying: Counter[tuple[str | None, int | None]] = Counter()
    for delivery in await _inside(tx, home.bank):
        lying[delivery.door, delivery.generation] += 1
    listed = await fleet.open_anomalies(tx, home.bank)
    found: list[Violation] = []
    for door in doors:
        about = f"doors/{door.label}"
        if f"banks/{home.bank}/{about}" in listed:
            continue
        here = account.doors.get(door.label, Behind())
        if (door.generation or 0, set(door.deliveries or ())) != (here.live, set(here.deliveries)):
            detail = f"the server believes generation {door.generation or 0} and the bank wrote {here.live}"
            found.append(_about(home, "I7", about, detail))
        if (door.blocked or "") != home.state.compartment(door.label).blocked:
            found.append(_about(home, "I7", about, "server and bank disagree whether it is in the pool"))
        if door.generation and lying[door.label, door.generation] != len(door.deliveries or ()):
            detail = (
                f"{len(door.deliveries or ())} deliveries lie there, {lying[door.label, door.generation]} are stored"
            )
            found.append(_about(home, "I7", about, detail))
    live = {(door.label, door.generation) for door in doors}
    found += [
        _about(home, "I7", f"doors/{door}", f"{count} deliveries are stored in generation {generation}, which is over")
        for (door, generation), count in lying.items()
        if (door, generation) not in live
    ]
    return found


async def _inside(tx: Tx, bank: UUID) -> list[deliveries.DeliveryShown]:
    found: list[deliveries.DeliveryShown] = []
    for state in INSIDE:
        page = await deliveries.newest(tx, limit=PAGE, state=state, bank=bank)
        while page:
            found += page
            page = await deliveries.newest(tx, before=page[-1].id, limit=PAGE, state=state, bank=bank)
    return found


def _about(home: Home, invariant: str, what: str, detail: str) -> Violation:
    return Violation(invariant, f"banks/{home.bank}/{what}", detail)
