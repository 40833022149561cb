"""Rights on their way to the banks: numbered entries, written in the transaction that grants or takes them.

A bank pulls what comes after the last entry it holds, and gets it signed with the server's key that it pinned at
enrolment: whoever holds the broker can keep entries back, and can neither make nor change one.
"""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import msgspec

from cranny import sites
from cranny.core.errors import NotFound
from cranny.core.events import Event
from cranny.fleet import tables
from cranny.fleet.lifecycle import BankState
from cranny.platform.db import Row, Tx
from cranny.platform.keys import Keyring
from cranny.wire import signing, subjects
from cranny.wire.facts import GENESIS
from cranny.wire.messages import Downlink, Entry, Given, pack

MOST: Final = 200
"""Entries in one answer."""
MOST_BYTES: Final = 512 * 1024
"""Bytes of entries in one answer: half of what the broker carries in one message."""
TAGS: Final = 2**62
"""What distinguishes two entries of one number: see `realigning`."""

_given: Final = msgspec.msgpack.Decoder(Given)


async def append(tx: Tx, bank: UUID, givens: Sequence[Given]) -> int:
    """Give `bank` these entries, in this order, and poke it after the commit. Returns the number of the last.
    Raises NotFound, code `bank-not-found`."""
    if not givens:
        raise ValueError("nothing to give")
    bodies = [pack(given) for given in givens]
    rows = await _give(tx, bank, bodies)
    if not rows:
        await open_desk(tx, bank)
        rows = await _give(tx, bank, bodies)
    tx.poke(subjects.poke(tx.tenant, bank))
    last: int = max(row["seq"] for row in rows)
    return last


async def _give(tx: Tx, bank: UUID, bodies: Sequence[bytes]) -> Sequence[Row]:
    return await tx.all(tables.GIVE, tx.tenant, bank, bodies, tx.now(), tx.rng.below(TAGS))


async def pending(tx: Tx, bank: UUID, after: int, limit: int = MOST) -> tuple[list[Entry], int]:
    """The entries after number `after`, as many as one answer holds, and the highest number there is. Raises
    NotFound, code `bank-not-found`."""
    head = await tx.value(tables.DOWN_HEAD, tx.tenant, bank)
    if head is None:
        raise NotFound(f"There is no bank {bank} that takes rights.", code="bank-not-found")
    entries: list[Entry] = []
    size = 0
    for row in await tx.all(tables.PENDING, tx.tenant, bank, after, limit):
        size += len(row["body"])
        if entries and size > MOST_BYTES:
            break
        entries.append(Entry(row["seq"], _given.decode(row["body"]), row["tag"]))
    return entries, head


async def answer(tx: Tx, keyring: Keyring, bank: UUID, after: int) -> bytes:
    """The signed Downlink that answers a pull."""
    entries, head = await pending(tx, bank, after)
    message = Downlink(tx.tenant, bank, entries, head)
    return signing.sign(keyring.downlink_key(tx.tenant), "downlink", pack(message))


async def open_desk(tx: Tx, bank: UUID) -> None:
    """Begin to keep books about `bank`, if nobody has: its layout is entry 1 and its policy entry 2. Raises
    NotFound, code `bank-not-found`."""
    first = [pack(await sites.as_layout(tx, bank)), pack(await sites.as_policy(tx, bank))]
    await tx.run(tables.OPEN_DESK, tx.tenant, bank, BankState.UNENROLLED)
    await tx.run(tables.OPEN_UPLINK, tx.tenant, bank, GENESIS)
    if await tx.run(tables.OPEN_DOWNLINK, tx.tenant, bank) == "INSERT 0 1":
        await _give(tx, bank, first)


async def bank_changed(tx: Tx, event: Event) -> None:
    """A reaction: what the bank is called goes down to it, with the doors that it knows already."""
    bank = UUID(event.subject.split("/")[1])
    await append(tx, bank, [await sites.as_layout(tx, bank)])


async def policy_changed(tx: Tx, event: Event) -> None:
    """A reaction: what the bank may do by itself goes down to it."""
    bank = UUID(event.subject.split("/")[1])
    await append(tx, bank, [await sites.as_policy(tx, bank)])
