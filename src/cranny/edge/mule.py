"""Facts out of the journal into a file, for somebody to carry. Only reads: it works beside a running controller and
without one.

What comes back says where the server stands. One that was restored from a backup stands where the bank believes it has
been for long, perhaps in an epoch that is over here: then the next file begins there. That is noted, and the mark is
not moved: the paper may be old, and then the next file only tells what is known.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

import msgspec

from cranny.core.errors import Invalid, NotFound
from cranny.edge import schema
from cranny.edge.change import Change, Ruled
from cranny.edge.identity import Identity
from cranny.edge.journal import read_state
from cranny.edge.rows import Mark, Setting
from cranny.edge.state import State
from cranny.wire import acks
from cranny.wire.facts import decode
from cranny.wire.messages import BATCH_MOST, Downlink, FactAck, FactBatch, pack, unpack
from cranny.wire.mule import LARGEST, MOST_BATCHES, Carried, Returned
from cranny.wire.signing import sign, verify

BATCH_BYTES: Final = LARGEST // 8
Row = tuple[bytes, bytes | None]
"""A fact as it is stored, and what is beside it."""


class Begin(msgspec.Struct, frozen=True, array_like=True):
    """The server holds everything up to fact `seq` of `epoch`."""

    epoch: int
    seq: int


def export(journal: Path, me: Identity) -> tuple[bytes, int, int]:
    """(the file, how many facts are in it, how many are left for the next one). Raises NotFound, code `no-journal`."""
    if not journal.exists():
        raise NotFound(f"There is no journal {journal}: this bank has not run yet.", code="no-journal")
    with closing(sqlite3.connect(f"{journal.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        return carry(connection, me)


def carry(connection: sqlite3.Connection, me: Identity) -> tuple[bytes, int, int]:
    """As `export`, of an open journal."""
    state = read_state(connection)
    begin = msgspec.msgpack.decode(state.begin, type=Begin) if state.begin else None
    batches, told, left = _batches(connection, state.mark, me, begin)
    pull = sign(me.signing_key(), "pull", pack(state.pull()))
    return pack(Carried(me.tenant, me.bank, batches, pull)), told, left


def heard(state: State, ack: FactAck) -> Ruled[None]:
    """Where the server stood when it wrote the last answer of a file."""
    mark, begin = state.mark, None
    if ack.refused:
        return Change(), None
    if ack.forked and ack.epoch < mark.epoch:
        begin = Begin(ack.epoch + 1, 0)  # it holds another history of that one, and takes the next
    elif not ack.forked and (ack.epoch, ack.seq) < (mark.epoch, mark.acked):
        begin = Begin(ack.epoch, ack.seq)
    body = msgspec.msgpack.encode(begin) if begin else b""
    return Change(rows=[Setting("begin", body)] if body != state.begin else []), None


def check(me: Identity, body: bytes) -> Returned:
    """What came back, when every part of it is the server's and for this bank. Raises Invalid, codes
    `message-unreadable`, `signature-invalid`, `foreign-bank`, `ack-foreign`."""
    returned = unpack(body, Returned)
    if (returned.tenant, returned.bank) != (me.tenant, me.bank):
        raise Invalid("This file is for another bank.", code="foreign-bank")
    for ack in returned.acks:
        acks.believe(me.server(), me.tenant, me.bank, ack)
    for page in returned.pages:
        found = unpack(verify(me.server(), "downlink", page), Downlink)
        if (found.tenant, found.bank) != (me.tenant, me.bank):
            raise Invalid("These rights are another bank's.", code="foreign-bank")
    return returned


def _runs(mark: Mark, begin: Begin | None) -> Iterator[tuple[int, int]]:
    """What the file is to tell, in order: (epoch, behind which of its facts)."""
    if begin is None:
        yield mark.epoch, mark.acked
        return
    for epoch in range(max(1, begin.epoch), mark.epoch + 1):
        yield epoch, begin.seq if epoch == begin.epoch else 0


def _facts(connection: sqlite3.Connection, epoch: int, after: int) -> list[Row]:
    """None where the disk does not hold the next one any more: what comes behind it fits nowhere."""
    found = connection.execute(schema.FACTS_AFTER, (epoch, after, BATCH_MOST)).fetchall()
    return found if found and decode(found[0][0]).seq == after + 1 else []


def _batches(
    connection: sqlite3.Connection, mark: Mark, me: Identity, begin: Begin | None
) -> tuple[list[bytes], int, int]:
    """Signed, how many facts are in them, and how many are left. One at least, which asks where the server stands; and
    one for each epoch that is over here, which is empty when nothing is left of it."""
    batches: list[bytes] = []
    room, told, left = LARGEST // 2, 0, 0
    for epoch, begins in _runs(mark, begin):
        after, said = begins, False
        while len(batches) < MOST_BATCHES and room > 0:
            facts = _that_fit(_facts(connection, epoch, after), min(BATCH_BYTES, room))
            if not facts and (said or epoch == mark.epoch):
                break
            batches.append(_signed(mark, me, epoch, after + 1, facts))
            room -= len(batches[-1])
            after, told, said = after + len(facts), told + len(facts), True
        else:
            left += connection.execute(schema.COUNT_AFTER, (epoch, after)).fetchone()[0]
    return batches or [_signed(mark, me, mark.epoch, mark.acked + 1, [])], told, left


def _that_fit(facts: list[Row], room: int) -> list[Row]:
    """As many as there is room for, one at least."""
    for index, (stored, beside) in enumerate(facts):
        room -= len(stored) + len(beside or b"")
        if room < 0:
            return facts[: max(1, index)]
    return facts


def _signed(mark: Mark, me: Identity, epoch: int, first: int, facts: Sequence[Row]) -> bytes:
    """Without a boot the server goes by the facts' wall clock: nobody knows how long the file is under way."""
    batch = FactBatch(
        tenant=me.tenant,
        bank=me.bank,
        epoch=epoch,
        first=first,
        facts=[stored for stored, _ in facts],
        beside=[beside for _, beside in facts],
        applied=mark.applied,
    )
    return sign(me.signing_key(), "facts", pack(batch))
