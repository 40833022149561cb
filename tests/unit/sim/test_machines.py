"""The machines of a simulated world: tables that roll back, disks that lose what was not committed, a network that
loses, repeats and parts."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from cranny.edge.disk import DiskFailed, DiskFull
from cranny.edge.journal import load
from cranny.edge.steps import started
from cranny.sim.dice import Dice
from cranny.sim.loop import VirtualClock, VirtualLoop, live
from cranny.sim.machines.adversary import Adversary
from cranny.sim.machines.disk import Platter, SimDisk, Written
from cranny.sim.machines.fates import Fates, Life, Section
from cranny.sim.machines.net import Net
from cranny.sim.reference.table import Table
from cranny.sim.trace import Trace
from cranny.sim.troubles import Troubles, mix, pause
from cranny.sim.world import START
from cranny.wire.brokers.memory import Hub
from tests.unit.sim.ids import BANK, BOOT, TENANT

NONE = Troubles(0, 0, 0, 0, 0, 0)


def trace() -> Trace:
    return Trace(lambda: 0.0)


def certain(*sections: Section) -> Fates:
    """Strikes the first time that one of `sections` is passed."""
    return Fates("bank", dict.fromkeys(sections, 1.0), Dice(1), trace())


# ---------------------------------------------------------------- tables


def test_what_is_not_committed_was_never_written() -> None:
    table: Table[str, int] = Table()
    table.begin()
    table.put("a", 1)
    assert table.get("a") == 1
    assert table.kept == {}
    table.begin()
    table.put("a", 2)
    table.put("b", 3)
    assert table.items() == [("a", 2), ("b", 3)]
    table.rollback()
    assert table.values() == [1]
    table.commit()
    assert table.kept == {"a": 1}
    with pytest.raises(KeyError):
        table.must("b")


# ---------------------------------------------------------------- disks


def on_disk(story: Any, *, path: Path | None = None, fates: Fates | None = None) -> list[Written]:
    """`story(disk, platter, life)` with a journal that was begun on the disk."""
    loop, written = VirtualLoop(), list[Written]()

    async def whole() -> None:
        platter, life = Platter(path, written.append), Life()
        disk = SimDisk(platter, life, fates or Fates("bank", {}, Dice(1), trace()), Dice(2))
        clock = VirtualClock(loop, START)
        calm = SimDisk(platter, Life(), Fates("bank", {}, Dice(1), trace()), Dice(2))
        await load(calm, TENANT, BANK, clock=clock, boot=BOOT, offline=lambda: True)

        async def journal(on: SimDisk = disk) -> Any:
            return await load(on, TENANT, BANK, clock=clock, boot=BOOT, offline=lambda: True)

        await story(journal, platter, life)
        await platter.close()

    live(whole(), loop)
    return written


def test_a_commit_is_told_with_its_facts_and_survives_the_power_cut(tmp_path: Path) -> None:
    async def story(journal: Any, platter: Platter, life: Life) -> None:
        await (await journal()).commit(lambda state: started(state, "1"))
        life.end()
        await platter.power_off()
        assert await platter.read("SELECT seq FROM marks") == [(1,)]

    written = on_disk(story, path=tmp_path / "bank.db")
    assert [len(one.facts) for one in written if one.facts] == [1]


@pytest.mark.parametrize(
    ("section", "kept"), [(Section.ROLLBACK, 0), (Section.WRITTEN, 1), (Section.FAILED, 0), (Section.UNSURE, 1)]
)
def test_what_a_struck_transaction_leaves(section: Section, kept: int, tmp_path: Path) -> None:
    async def story(journal: Any, platter: Platter, life: Life) -> None:
        calm = await journal(SimDisk(platter, Life(), Fates("bank", {}, Dice(1), trace()), Dice(2)))
        calm.disk = SimDisk(platter, life, certain(section), Dice(2))
        commit = asyncio.ensure_future(calm.commit(lambda state: started(state, "1")))
        await asyncio.sleep(60)
        if section in (Section.FAILED, Section.UNSURE):
            with pytest.raises(DiskFailed):
                await commit
        else:
            assert life.over
            assert not commit.done()
            commit.cancel()
        assert len(await platter.read("SELECT seq FROM facts")) == kept

    on_disk(story, path=tmp_path / "bank.db")


def test_a_dead_program_writes_nothing_and_a_full_disk_takes_what_must_be() -> None:
    async def story(journal: Any, platter: Platter, life: Life) -> None:
        held = await journal()
        platter.full = True
        with pytest.raises(DiskFull):
            await held.commit(lambda state: started(state, "1"), essential=False)
        await held.commit(lambda state: started(state, "1"))
        life.end()
        commit = asyncio.ensure_future(held.commit(lambda state: started(state, "1")))
        await asyncio.sleep(60)
        assert not commit.done()
        commit.cancel()

    assert sum(len(one.facts) for one in on_disk(story)) == 1


# ---------------------------------------------------------------- the network


def through(net: Net, times: int = 400) -> list[tuple[float, ...]]:
    return [tuple(net.fate("bank-1", "server", "any")) for _ in range(times)]


def test_a_bad_network_loses_repeats_and_delays_until_it_is_calm() -> None:
    net = Net(Dice(1), Troubles(2, 0, 0, 0, 0, 0), trace())
    fates = through(net)
    assert () in fates
    assert any(len(fate) > 1 for fate in fates)
    assert max(max(fate, default=0.0) for fate in fates) > 1
    net.calm = True
    assert set(through(net)) == {(0.01,)}
    assert () not in through(Net(Dice(1), NONE, trace()))


def test_storms_part_a_bank_in_every_way_and_leave_it_whole() -> None:
    loop = VirtualLoop()
    told = Trace(loop.time)

    async def story() -> None:
        hub = Hub()
        net = Net(Dice(1), Troubles(0, 3, 0, 0, 0, 0), told)
        broker = net.join(hub, "bank-1")
        storm = asyncio.ensure_future(net.storms(hub, "bank-1", "server"))
        seen = set()
        for _ in range(4000):
            await asyncio.sleep(10)
            up, down = net.fate("bank-1", "server", ""), net.fate("server", "bank-1", "")
            seen.add((broker.connected, bool(up), bool(down)))
        assert seen == {
            (True, True, True),
            (False, True, True),
            (True, False, True),
            (True, True, False),
            (True, False, False),
        }
        storm.cancel()
        await asyncio.gather(storm, return_exceptions=True)
        assert broker.connected
        assert net.fate("bank-1", "server", "")

    live(story(), loop)
    assert told.counts["partitions"] > 20


def test_who_starts_in_a_storm_is_cut_off_as_well() -> None:
    net, hub = Net(Dice(1), NONE, trace()), Hub()
    net._cut.add("bank-1")
    assert not net.join(hub, "bank-1").connected


def test_what_happens_to_a_message_is_told_and_what_a_partition_does_is_not() -> None:
    told = list[tuple[str, str]]()
    net = Net(Dice(1), Troubles(2, 0, 0, 0, 0, 0), trace())
    net.spoilt = lambda fault, subject: told.append((fault, subject))
    fates = through(net)
    assert told.count(("lost message", "any")) == fates.count(())
    assert told.count(("repeated message", "any")) == sum(len(fate) > 1 for fate in fates)
    assert set(told) == {(f"{what} message", "any") for what in ("lost", "repeated", "overtaken")}
    deaf = Net(Dice(1), NONE, trace())
    deaf.spoilt = net.spoilt
    deaf._deaf.add(("bank-1", "server"))
    told.clear()
    assert set(through(deaf)) == {()}
    assert told == []


def test_one_that_arrives_before_an_earlier_one_has_overtaken_it(monkeypatch: pytest.MonkeyPatch) -> None:
    now, told = 0.0, list[str]()
    net = Net(Dice(1), NONE, Trace(lambda: now))
    net.spoilt = lambda fault, _: told.append(fault)
    delays = iter((5.0, 3.0, 3.0, 3.0, 1.0))
    monkeypatch.setattr(net, "_delay", lambda: next(delays))
    net.fate("bank-1", "server", "first")  # arrives at 5
    net.fate("server", "bank-1", "other way")
    assert told == []
    net.fate("bank-1", "server", "second")  # at 3
    assert told == ["overtaken message"]
    now = 2.0
    net.fate("bank-1", "server", "third")  # at 5, with the first
    now = 5.0
    net.fate("bank-1", "server", "fourth")  # nothing is under way any more
    assert told == ["overtaken message"]


async def test_whoever_holds_the_broker_is_told_of() -> None:
    told = list[tuple[str, str]]()
    adversary = Adversary(Dice(1), 50.0, trace(), pace=1.0)
    adversary.heard = lambda fault, subject: told.append((fault, subject))
    assert adversary.touch("request", "a.bank.up.facts", b"fact") != b"fact"
    assert told == [("tampering", "a.bank.up.facts")]
    adversary.calm = True
    assert adversary.touch("request", "a.bank.up.facts", b"fact") == b"fact"
    assert len(told) == 1


# ---------------------------------------------------------------- troubles


def test_every_seed_has_its_own_mix_and_none_is_none() -> None:
    assert len({mix(seed) for seed in range(1, 21)}) > 15
    assert mix(3) == mix(3)

    async def story() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(pause(Dice(1), 1.0, 0.0), 10_000)
        await asyncio.wait_for(pause(Dice(1), 1.0, 1.0), 10_000)

    live(story(), VirtualLoop())


def test_each_place_is_struck_once_for_certain_unless_all_is_calm() -> None:
    fates = Fates("bank", {Section.PULSE: 1e-9, Section.INTENT: 0.0}, Dice(1), trace())
    assert sum(fates.strikes(Section.PULSE) for _ in range(100)) == 1
    assert not any(fates.strikes(Section.INTENT) for _ in range(100))
    calm = certain(Section.PULSE)
    calm.calm = True
    assert not any(calm.strikes(Section.PULSE) for _ in range(100))
