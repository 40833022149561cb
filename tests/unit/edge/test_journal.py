"""The journal: facts and rows in one transaction, memory after the disk, and a database that refuses nonsense."""

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest

from cranny.core.errors import Conflict, Refused
from cranny.edge import columns, rows, schema
from cranny.edge.change import Change
from cranny.edge.disk import DiskFailed, InlineDisk
from cranny.edge.journal import Journal, load
from cranny.edge.lifecycle import Delivery, Grant, Opening
from cranny.edge.rows import Compartment, Occupancy
from cranny.edge.state import State
from cranny.wire.facts import decode
from cranny.wire.kinds import DoorForced
from cranny.wire.messages import ItemGiven

TENANT, BANK, BOOT = UUID(int=1), UUID(int=2), UUID(int=3)
ITEM = ItemGiven(TENANT, b"\x00\xff", 1, 2, 3)


class Clock:
    wall = datetime(2026, 11, 22, tzinfo=UTC)
    mono = 0.0

    def now(self) -> datetime:
        return self.wall

    def monotonic(self) -> float:
        return self.mono


async def opened(disk: InlineDisk, clock: Clock | None = None) -> Journal:
    return await load(disk, TENANT, BANK, clock=clock or Clock(), boot=BOOT, offline=lambda: True)


def forced(*doors: str) -> Any:
    return lambda _: (Change([DoorForced(door=door) for door in doors]), None)


def test_columns_and_structs_are_the_same() -> None:
    connection = sqlite3.connect(":memory:")
    for statement in schema.TABLES:
        connection.execute(statement)
    for kind, statement in schema.LOAD.items():
        found = [column[0] for column in connection.execute(statement).description]
        assert found == list(kind.__struct_fields__)
    assert set(schema.PUT) == set(schema.LOAD) == set(rows.Row.__subclasses__())
    connection.close()


@pytest.mark.parametrize(
    "row",
    [
        rows.Mark(1, TENANT, BANK, 1, 5, b"h" * 32, 3, 4, 99),
        rows.Setting("policy", b"\x80"),
        Compartment("A1", 3, 9, "forced"),
        Occupancy("A1", 3, None, b"c", BOOT, [TENANT, BANK]),
        Occupancy("A1", 3, TENANT, b"", BOOT, [], ended=True),
        rows.Delivery(
            BOOT,
            Delivery.STORED,
            TENANT,
            None,
            b"",
            [ItemGiven(TENANT, b"\x00\xff", 1, 2, 3)],
            ["chilled"],
            seated=True,
        ),
        rows.Grant(BOOT, Grant.REVOKED, "recall", 7, b"s", b"v", b"q", "A1", 3, 4, code_off=True),
        rows.Opening(
            BOOT,
            "A1",
            3,
            "deposit",
            None,
            "tracking",
            [TENANT],
            BANK,
            Opening.DOUBTFUL,
            2,
            seen_open=True,
            overdue=True,
        ),
        rows.Tracking(BOOT, "JD014"),
    ],
)
def test_a_row_comes_back_from_the_disk_as_it_was(row: Any) -> None:
    connection = sqlite3.connect(":memory:")
    for statement in schema.TABLES:
        connection.execute(statement)
    for _ in range(2):
        connection.execute(schema.PUT[type(row)], columns.write(row))
    table = schema.LOAD[type(row)].split(" WHERE ")[0]
    assert [columns.read(type(row), found) for found in connection.execute(table)] == [row]
    connection.close()


async def test_facts_are_numbered_and_chained_over_restarts() -> None:
    disk = InlineDisk()
    first = await opened(disk)
    await first.commit(forced("A1", "A2"))
    again = await opened(disk)
    await again.commit(forced("A3"))
    begin, unsent = await again.unsent(200)
    facts = [decode(one.stored) for one in unsent]
    assert (begin, [fact.seq for fact in facts]) == (1, [1, 2, 3])
    assert [fact.body["door"] for fact in facts] == ["A1", "A2", "A3"]
    assert again.grown.is_set()
    await disk.close()


async def test_a_rule_that_refuses_writes_nothing() -> None:
    disk = InlineDisk()
    journal = await opened(disk)

    def refuses(_: State) -> tuple[Change, None]:
        raise Refused("no")

    with pytest.raises(Refused):
        await journal.commit(refuses)
    assert await journal.commit(lambda state: (Change(), state.mark.seq)) == 0
    assert (await journal.unsent(9))[1] == []
    await disk.close()


async def test_the_database_refuses_what_must_never_be() -> None:
    async def broken_by(*wrong: rows.Row) -> None:
        disk = InlineDisk()
        journal = await opened(disk)
        await journal.commit(
            lambda _: (Change(rows=[Compartment("A1", 5), Occupancy("A1", 5, None, b"", BOOT, [])]), None)
        )
        before = journal.state.mark
        with pytest.raises(DiskFailed):
            await journal.commit(lambda _: (Change([DoorForced(door="A1")], wrong), None))
        assert journal.state.mark == before
        with pytest.raises(DiskFailed, match="read anew"):
            await journal.commit(forced("A1"))
        assert (await opened(disk)).state.mark == before
        await disk.close()

    ended = rows.Grant(BOOT, Grant.USED, "collect", 1, b"", b"", b"", "", 0)
    await broken_by(Occupancy("A1", 6, None, b"", BOOT, []))
    await broken_by(Compartment("A1", 4))
    await broken_by(ended, msgspec.structs.replace(ended, state=Grant.LIVE))
    await broken_by(
        Occupancy("A1", 5, None, b"", BOOT, [], ended=True), Occupancy("A1", 5, None, b"", BOOT, [], ended=False)
    )


async def test_facts_can_not_be_changed_afterwards() -> None:
    disk = InlineDisk()
    journal = await opened(disk)
    await journal.commit(forced("A1"))
    with pytest.raises(DiskFailed, match="a fact was changed"):
        await disk.run(lambda c: c.execute("UPDATE facts SET stored = x'00'"))
    await disk.close()


async def test_another_banks_journal_and_a_torn_one_are_refused() -> None:
    disk = InlineDisk()
    journal = await opened(disk)
    await journal.commit(forced("A1"))
    with pytest.raises(Conflict, match="belongs to bank"):
        await load(disk, TENANT, UUID(int=9), clock=Clock(), boot=BOOT, offline=lambda: True)
    await disk.run(lambda c: c.execute("DELETE FROM facts"))
    with pytest.raises(Conflict, match="torn"):
        await opened(disk)
    await disk.close()


async def test_a_clock_that_goes_back_is_in_doubt() -> None:
    disk, clock = InlineDisk(), Clock()
    journal = await opened(disk, clock)
    noon = clock.wall
    for wall in (noon, noon - timedelta(seconds=1), noon - timedelta(hours=1), datetime(1970, 1, 2, tzinfo=UTC), noon):
        clock.wall, clock.mono = wall, clock.mono + 1.5
        await journal.commit(forced("A1"))
    facts = [decode(one.stored) for one in (await journal.unsent(9))[1]]
    assert [fact.clock_quality for fact in facts] == ["good", "good", "doubtful", "doubtful", "good"]
    assert [fact.mono_ms for fact in facts] == [1500, 3000, 4500, 6000, 7500]
    await disk.close()


async def test_a_journal_begins_with_the_epoch_of_the_enrolment() -> None:
    disk = InlineDisk()
    journal = await load(disk, TENANT, BANK, epoch=4, clock=Clock(), boot=BOOT, offline=lambda: False)
    await journal.commit(forced("A1"))
    fact = decode((await journal.unsent(1))[1][0].stored)
    assert (fact.epoch, fact.seq, fact.offline) == (4, 1, False)
    again = await load(disk, TENANT, BANK, epoch=1, clock=Clock(), boot=BOOT, offline=lambda: False)
    assert again.state.mark.epoch == 4
    await disk.close()


async def test_a_file_keeps_what_was_committed(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    disk = InlineDisk(path)
    await (await opened(disk)).commit(forced("A1"))
    await disk.close()
    again = InlineDisk(path)
    assert (await opened(again)).state.mark.seq == 1
    await again.close()
