"""Who is there: heartbeats, merged to one statement for many banks, and a sweep for those that fell silent."""

import asyncio
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog

from cranny.core.clock import ago
from cranny.core.errors import Invalid
from cranny.fleet import tables
from cranny.fleet.lifecycle import BANK, BankState, BankTrigger
from cranny.fleet.verifier import Verifier
from cranny.platform import events
from cranny.platform.db import Database, Tx
from cranny.wire import subjects
from cranny.wire.brokers import Broker, Incoming
from cranny.wire.messages import Beat, unpack

EVERY_S: Final = 0.5
"""Beats are written this often."""
SILENCE: Final = timedelta(seconds=90)
"""A bank that is not heard for so long, in real time, is offline."""
SWEEP_S: Final = 15.0
AT_ONCE: Final = 64
"""Banks whose keys are looked up together."""

log = structlog.get_logger(__name__)

Heard = dict[UUID, tuple[Beat, datetime, str]]
"""By bank: its newest beat, when it came, and the NKEY that signed it."""


class Presence:
    """Of all workers one hears each beat. One that is lost, or could not be written, is made good by the next."""

    def __init__(self, db: Database, broker: Broker) -> None:
        self._db = db
        self._broker = broker
        self._verifier = Verifier(db)
        self._heard: dict[UUID, Heard] = {}

    async def run(self) -> None:
        """Until cancelled."""
        subscription = await self._broker.subscribe(subjects.ANY_BEAT, self.hear, queue="presence", concurrent=AT_ONCE)
        try:
            while True:
                await asyncio.sleep(EVERY_S)
                await self.write()
        finally:
            await subscription.stop()

    async def hear(self, message: Incoming) -> None:
        """Remember a beat. What is none is told of in the log."""
        try:
            tenant, bank = subjects.owner(message.subject)
            name, payload = await self._verifier.signer(tenant, bank, "beat", message.payload)
            beat = unpack(payload, Beat)
        except Invalid as invalid:
            log.warning("beat refused", subject=message.subject, reason=invalid.code)
            return
        self._heard.setdefault(tenant, {})[bank] = (beat, self._db.clock.now(), name)

    async def write(self) -> None:
        """Write down what was heard since the last time."""
        heard, self._heard = self._heard, {}
        for tenant, beats in heard.items():
            try:
                async with self._db.transaction(tenant) as tx:
                    await note_beats(tx, beats)
            except Exception:
                log.exception("beats not written", tenant=str(tenant), banks=len(beats))


async def note_beats(tx: Tx, beats: Heard) -> None:
    """Remember when and how each bank was last heard; tell of those that were offline, and poke those that miss
    entries. Banks that nobody speaks for, and beats of a box that was replaced, are passed over."""
    rows = [(bank, at, beat) for bank, (beat, at, _) in beats.items()]
    noted = await tx.all(
        tables.NOTE_BEATS,
        tx.tenant,
        [bank for bank, _, _ in rows],
        [at for _, at, _ in rows],
        [beat.boot for _, _, beat in rows],
        [beat.epoch for _, _, beat in rows],
        [beat.head for _, _, beat in rows],
        [beat.applied for _, _, beat in rows],
        [beat.free for _, _, beat in rows],
        [beat.clock_quality for _, _, beat in rows],
        [beat.version for _, _, beat in rows],
        [beat.token for _, _, beat in rows],
        [beat.mono_ms for _, _, beat in rows],
        [name for _, _, name in beats.values()],
        [beat.readings for _, _, beat in rows],
    )
    back = [row["id"] for row in noted if row["state"] == BankState.OFFLINE]
    if back:
        await events.move(tx, BANK, back, BankTrigger.BEAT, strict=False)
    for row in noted:
        if row["behind"]:
            tx.poke(subjects.poke(tx.tenant, row["id"]))


async def sweep(db: Database, tenant: UUID) -> int:
    """Tell of the banks that fell silent. Returns how many."""
    async with db.transaction(tenant) as tx:
        silent = [row["id"] for row in await tx.all(tables.SILENT, tenant, ago(tx.clock, SILENCE))]
        if silent:
            await events.move(tx, BANK, silent, BankTrigger.SILENCE, strict=False)
    return len(silent)
