"""Facts out of the journal into a file, for somebody to carry. Only reads: it works beside a running controller and
without one."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from cranny.core.errors import Invalid, NotFound
from cranny.edge import schema
from cranny.edge.identity import Identity
from cranny.edge.journal import read_state
from cranny.edge.rows import Mark
from cranny.wire import acks
from cranny.wire.messages import BATCH_MOST, Downlink, FactBatch, pack, unpack
from cranny.wire.mule import LARGEST, MOST_BATCHES, Carried, Returned
from cranny.wire.signing import sign, verify

BATCH_BYTES: Final = LARGEST // 8


def export(journal: Path, me: Identity) -> tuple[bytes, int, int]:
    """(the file, how many facts are in it, how many are left for the next one). Raises NotFound, code `no-journal`."""
    if not journal.exists():
        raise NotFound(f"There is no journal {journal}: this bank has not run yet.", code="no-journal")
    with closing(sqlite3.connect(f"{journal.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        state = read_state(connection)
        mark = state.mark
        batches, last = _batches(connection, mark, me)
    pull = sign(me.signing_key(), "pull", pack(state.pull()))
    return pack(Carried(me.tenant, me.bank, batches, pull)), last - mark.acked, mark.seq - last


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


def _batches(connection: sqlite3.Connection, mark: Mark, me: Identity) -> tuple[list[bytes], int]:
    """Signed, and the number of the last fact in them. Without a boot the server goes by the facts' wall clock: nobody
    knows how long the file is under way."""
    batches: list[bytes] = []
    room, last = LARGEST // 2, mark.acked
    while len(batches) < MOST_BATCHES and room > 0:
        found = connection.execute(schema.FACTS_AFTER, (mark.epoch, last, BATCH_MOST)).fetchall()
        size, fits = 0, 0
        for stored, beside in found:
            size += len(stored) + len(beside or b"")
            if fits and size > min(BATCH_BYTES, room):
                break
            fits += 1
        if not fits:
            break
        facts = found[:fits]
        batch = FactBatch(
            tenant=me.tenant,
            bank=me.bank,
            epoch=mark.epoch,
            first=last + 1,
            facts=[stored for stored, _ in facts],
            beside=[beside for _, beside in facts],
            applied=mark.applied,
        )
        batches.append(sign(me.signing_key(), "facts", pack(batch)))
        room -= len(batches[-1])
        last += len(facts)
    return batches, last
