"""The store in PostgreSQL: a merged change of any number of banks in about eight statements."""

from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final
from uuid import UUID

import asyncpg

from cranny import sites
from cranny.core.errors import NotFound
from cranny.fleet import anomalies, renewal, tables
from cranny.fleet.beside import seal
from cranny.fleet.changes import Breach, Change, Started
from cranny.fleet.climate.keeping import keep
from cranny.fleet.lifecycle import BANK, BankTrigger
from cranny.fleet.rules import Cursor
from cranny.fleet.store import Stores, Uplink
from cranny.platform import events
from cranny.platform.db import Database, Tx
from cranny.platform.keys import Keyring

BREACHES: Final = (asyncpg.IntegrityConstraintViolationError, asyncpg.DataError, NotFound)
"""What a fact can bring about that no retry mends. Everything else is the server's own trouble."""


def stores(db: Database, keyring: Keyring) -> Stores:
    """Transactions on `db`; what travels beside facts is sealed with `keyring`."""

    @asynccontextmanager
    async def begin(tenant: UUID) -> AsyncIterator[PostgresStore]:
        async with db.transaction(tenant) as tx:
            yield PostgresStore(tx, keyring)

    return begin


class PostgresStore:
    def __init__(self, tx: Tx, keyring: Keyring) -> None:
        self._tx = tx
        self._keyring = keyring

    async def uplinks(self, banks: Collection[UUID]) -> Mapping[UUID, Uplink]:
        found = await self._tx.all(tables.LOCK_UPLINKS, self._tx.tenant, list(banks))
        return {
            row["bank"]: Uplink(
                bank=row["bank"],
                cursor=Cursor(row["epoch"], row["seq"], row["head_hash"], row["forked"]),
                head_time=row["head_time"],
                down_head=row["down_head"],
                public_key=row["public_key"],
            )
            for row in found
        }

    async def hashes(self, bank: UUID, epoch: int, seqs: range) -> Mapping[int, bytes]:
        found = await self._tx.all(tables.HASHES, self._tx.tenant, bank, epoch, seqs[0], seqs[-1])
        return {row["seq"]: row["hash"] for row in found}

    async def apply(self, changes: Sequence[Change]) -> None:
        if not changes:
            return
        try:
            await self._add_facts(changes)
            await self._follow_doors(changes)
            await self._tell(changes)
            await keep(self._tx, changes)
            await self._advance(changes)
            await self._move_banks(changes)
            await self._renew(changes)
            await anomalies.note_findings(self._tx, [found for change in changes for found in change.findings])
        except BREACHES as breach:
            raise Breach(str(breach)) from breach

    def attempt(self) -> AbstractAsyncContextManager[None]:
        return self._tx.attempt()

    async def _add_facts(self, changes: Sequence[Change]) -> None:
        rows = [(change.bank, row.link, row) for change in changes for row in change.rows]
        if not rows:
            return
        tenant = self._tx.tenant
        await self._tx.run(
            tables.ADD_FACTS,
            tenant,
            self._tx.now(),
            [bank for bank, _, _ in rows],
            [link.epoch for _, link, _ in rows],
            [link.seq for _, link, _ in rows],
            [link.hash for _, link, _ in rows],
            [link.stored for _, link, _ in rows],
            [seal(self._keyring, tenant, bank, (link.epoch, link.seq), link.beside) for bank, link, _ in rows],
            [row.kind for _, _, row in rows],
            [row.projected for _, _, row in rows],
        )

    async def _follow_doors(self, changes: Sequence[Change]) -> None:
        deeds: list[sites.Occupied | sites.Vacated | sites.Blocked] = []
        for change in changes:
            bank = change.bank
            for deed in change.doors:
                if isinstance(deed, Started):
                    deeds.append(sites.Occupied(bank, deed.door, deed.generation, deed.at, deed.deliveries, deed.grant))
                else:
                    deeds.append(sites.Vacated(bank, deed.door, deed.generation, deed.at))
            deeds += [sites.Blocked(bank, door, reason) for door, reason in change.blocked.items() if reason]
        await sites.follow(self._tx, deeds)
        for change in changes:
            for door, reason in change.blocked.items():
                if reason is None:
                    await sites.unblock(self._tx, change.bank, door)

    async def _tell(self, changes: Sequence[Change]) -> None:
        told = [told for change in changes for told in change.told]
        await events.record(self._tx, [one.event for one in told], time=[one.at for one in told])

    async def _advance(self, changes: Sequence[Change]) -> None:
        await self._tx.run(
            tables.ADVANCE,
            self._tx.tenant,
            [change.bank for change in changes],
            [change.cursor.epoch for change in changes],
            [change.cursor.seq for change in changes],
            [change.cursor.head_hash for change in changes],
            [change.cursor.forked for change in changes],
            [change.head_time for change in changes],
        )
        for change in changes:
            if change.lift_downlink:
                await renewal.realign(self._tx, change.bank, change.lift_downlink)

    async def _renew(self, changes: Sequence[Change]) -> None:
        for change in changes:
            if change.renew:
                await renewal.renew(self._tx, change.bank, change.renew)

    async def _move_banks(self, changes: Sequence[Change]) -> None:
        moving: dict[BankTrigger, dict[UUID, dict[str, int]]] = defaultdict(dict)
        for change in changes:
            if change.trigger:
                moving[change.trigger][change.bank] = {"epoch": change.cursor.epoch}
        for trigger, data in moving.items():
            await events.move(self._tx, BANK, list(data), trigger, data=data)
