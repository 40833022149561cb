"""A scripted technician at a cabinet with planted mistakes: each is found, in a quarter of an hour for sixty doors."""

import asyncio
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cranny.core.errors import Conflict, Invalid
from cranny.edge import wiring
from cranny.edge.commissioning import Notes, Stopped, report
from cranny.edge.drivers import BoardSilent
from cranny.edge.owner import sole_owner
from cranny.edge.wiring import Wire, Wiring
from cranny.wire.kinds import DoorTried
from tests.edge.technician import KEY_S, LOOK_S, Cabinet, Contact, Room, all_work, both, doors, story

QUARTER_S = 15 * 60


def test_sixty_doors_take_one_key_each_and_less_than_a_quarter_of_an_hour(tmp_path: Path) -> None:
    room = Room(tmp_path, Cabinet(doors(60)))

    async def work() -> None:
        wires = room.wires(await room.sit())
        assert all(wire == Wire(door, meant, meant, meant) for (door, meant), wire in both(room, wires))
        assert report(list(wires.values())) == []
        asked = [prompt for prompt in room.person.prompts if "open?" in prompt]
        assert (len(asked), len(room.person.prompts)) == (60, 61), "one key a door, and one to begin"
        assert room.loop.elapsed < QUARTER_S, f"{room.loop.elapsed:.0f} s"
        facts = await room.facts()
        assert len(facts) == 120
        assert [facts[at].door for at in range(0, 120, 2)] == list(room.cabinet.meant)
        assert [count for _, count in room.cabinet.pulses] == list(range(1, 61)), "each intent was on the disk first"

    story(room, work())


def test_planted_mistakes_are_found_and_what_can_be_mended_by_a_file_works(tmp_path: Path) -> None:
    meant = doors(60)
    cabinet = Cabinet(meant)
    cabinet.swap_locks("03", "04")
    cabinet.swap_contacts("10", "11")
    cabinet.swap_locks("59", "60")
    cabinet.swap_contacts("59", "60")
    cabinet.contacts[meant["20"]].inverted = True
    cabinet.locks[meant["30"]] = None
    cabinet.contacts[meant["31"]].doors.clear()
    cabinet.contacts[meant["40"]].latch_inverted = True
    cabinet.contacts[meant["41"]].latch_dead = True
    cabinet.contacts[meant["50"]].doors.add("51")
    cabinet.contacts[meant["51"]].doors.clear()
    room = Room(tmp_path, cabinet)

    async def work() -> None:
        wires = room.wires(await room.sit())
        odd = {door: wire for (door, at), wire in both(room, wires) if wire != Wire(door, at, at, at)}
        assert odd == {
            "03": Wire("03", meant["03"], meant["04"], meant["03"]),
            "04": Wire("04", meant["04"], meant["03"], meant["04"]),
            "10": Wire("10", meant["10"], meant["10"], meant["11"]),
            "11": Wire("11", meant["11"], meant["11"], meant["10"]),
            "20": Wire("20", meant["20"], meant["20"], meant["20"], inverted=True),
            "30": Wire("30", meant["30"], None, None, fault="lock"),
            "31": Wire("31", meant["31"], meant["31"], None, fault="sensor"),
            "40": Wire("40", meant["40"], meant["40"], meant["40"], latch="inverted"),
            "41": Wire("41", meant["41"], meant["41"], meant["41"], latch="ignored"),
            "50": Wire("50", meant["50"], meant["50"], meant["50"], fault="sensor"),
            "51": Wire("51", meant["51"], meant["51"], meant["50"], fault="sensor"),
            "59": Wire("59", meant["59"], meant["60"], meant["60"]),
            "60": Wire("60", meant["60"], meant["59"], meant["59"]),
        }
        said = report(list(wires.values()))
        for door in odd:
            assert any(sentence.startswith(f"Door {door}:") for sentence in said), door
        assert room.loop.elapsed < QUARTER_S, f"{room.loop.elapsed:.0f} s"
        await all_work(cabinet, wires)

    story(room, work())


@settings(max_examples=25, deadline=None)
@given(
    order=st.permutations(range(6)),
    contacts=st.permutations(range(6)),
    inverted=st.sets(st.integers(0, 5)),
    dead_locks=st.sets(st.integers(0, 5), max_size=2),
    dead_contacts=st.sets(st.integers(0, 5), max_size=2),
)
def test_however_it_is_wired_what_works_is_found(
    *,
    tmp_path_factory: pytest.TempPathFactory,
    order: list[int],
    contacts: list[int],
    inverted: set[int],
    dead_locks: set[int],
    dead_contacts: set[int],
) -> None:
    meant = doors(6)
    names, lines = list(meant), list(meant.values())
    cabinet = Cabinet(meant)
    for at, door in enumerate(order):
        cabinet.locks[lines[at]] = None if door in dead_locks else names[door]
    for at, door in enumerate(contacts):
        doors_ = set[str]() if door in dead_contacts else {names[door]}
        cabinet.contacts[lines[at]] = Contact(doors_, inverted=door in inverted)
    room = Room(tmp_path_factory.mktemp("home"), cabinet)

    async def work() -> None:
        wires = room.wires(await room.sit())
        faults = {door: wire.fault for door, wire in wires.items()}
        assert faults == {
            name: "lock" if at in dead_locks else "sensor" if at in dead_contacts else ""
            for at, name in enumerate(names)
        }
        assert all(count >= at for at, (_, count) in enumerate(cabinet.pulses, 1)), "intent first, each time"
        await all_work(cabinet, wires)

    story(room, work())


def test_it_is_left_at_any_door_and_goes_on_there(tmp_path: Path) -> None:
    room = Room(tmp_path, Cabinet(doors(8)))
    room.person.says["05"] = ["q"]

    async def work() -> None:
        with pytest.raises(Stopped):
            await room.sit()
        room.cabinet.move("05", open_=False)
        room.person.prompts.clear()
        again = asyncio.create_task(room.sit())
        await asyncio.sleep(20)  # the power goes, somewhere in the middle
        again.cancel()
        await asyncio.gather(again, return_exceptions=True)
        for door in list(room.cabinet.open):
            room.cabinet.move(door, open_=False)
        notes = await room.sit()
        assert notes.open_doors() == []
        asked = re.findall(r"Door (\d\d) open", "\n".join(room.person.prompts))
        assert asked[0] == "05"
        assert sorted(set(asked)) == ["05", "06", "07", "08"]
        tried = [fact.door for fact in await room.facts() if isinstance(fact, DoorTried)]
        assert len(tried) == len(room.cabinet.pulses), "every pulse of every sitting is on record"

    story(room, work())


def test_after_a_repair_only_the_doors_with_faults_are_tried_again(tmp_path: Path) -> None:
    cabinet = Cabinet(doors(6))
    cabinet.locks[cabinet.meant["02"]] = None
    cabinet.contacts[cabinet.meant["05"]].doors.clear()
    room = Room(tmp_path, cabinet)

    async def work() -> None:
        assert (await room.sit()).open_doors() == ["02", "05"]
        cabinet.locks[cabinet.meant["02"]] = "02"
        cabinet.contacts[cabinet.meant["05"]].doors.add("05")
        room.person.prompts.clear()
        notes = await room.sit()
        assert notes.open_doors() == []
        assert len(room.person.prompts) == 3
        assert report(list(room.wires(notes).values())) == []

    story(room, work())


def test_somebody_who_looks_badly_is_asked_to_look_again(tmp_path: Path) -> None:
    room = Room(tmp_path, Cabinet(doors(3)))
    room.person.says["01"] = ["n", "99", "y0", ""]

    async def work() -> None:
        notes = await room.sit(["01"])
        assert notes.findings["01"].good
        assert any("Look again" in text for text in room.person.heard)
        assert sum("has no door" in text for text in room.person.heard) == 2
        assert len(room.cabinet.pulses) == 1, "looking again releases nothing again"

    story(room, work())


def test_a_second_door_that_moves_in_the_same_moment_means_once_more(tmp_path: Path) -> None:
    room = Room(tmp_path, Cabinet(doors(3)))
    room.person.says["01"] = [""]

    async def work() -> None:
        sitting = asyncio.create_task(room.sit(["01"]))
        await asyncio.sleep(LOOK_S + KEY_S + 1)
        room.cabinet.move("03", open_=True)
        await asyncio.sleep(5)
        room.cabinet.move("03", open_=False)
        notes = await sitting
        assert notes.findings["01"].good
        assert len(room.cabinet.pulses) == 2

    story(room, work())


def test_a_contact_that_stays_is_a_dead_contact(tmp_path: Path) -> None:
    cabinet = Cabinet(doors(3))
    cabinet.sticks.add("02")
    room = Room(tmp_path, cabinet)
    room.person.says["else"] = ["", "", "n"]
    room.person.says["03"] = [""]

    async def work() -> None:
        wires = room.wires(await room.sit())
        assert {door: wire.fault for door, wire in wires.items()} == {"01": "", "02": "sensor", "03": ""}
        assert sum("still says open" in prompt for prompt in room.person.prompts) == 2

    story(room, work())


def test_a_board_that_does_not_answer_is_told_at_once(tmp_path: Path) -> None:
    room = Room(tmp_path, Cabinet(doors(3)))
    room.cabinet.powered = False

    async def work() -> None:
        with pytest.raises(BoardSilent, match="power"):
            await room.sit()
        assert room.person.prompts == []
        assert room.cabinet.pulses == []

    story(room, work())


def test_a_board_that_falls_silent_costs_its_doors_and_not_the_others(tmp_path: Path) -> None:
    cabinet = Cabinet(doors(3))
    cabinet.silences = {cabinet.meant["01"]: 1, cabinet.meant["02"]: 1}
    room = Room(tmp_path, cabinet)
    room.person.says["else"] = ["", "", "r"]  # to begin; goes on without 01; tries 02 once more

    async def work() -> None:
        notes = await room.sit()
        assert notes.findings["01"].trouble == "silent"
        assert notes.open_doors() == ["01"]
        assert len(await room.facts()) == 2 * 4, "a pulse that nobody answered may have been one"
        assert (await room.sit()).open_doors() == []

    story(room, work())


def test_notes_about_another_board_are_not_gone_on_with(tmp_path: Path) -> None:
    room = Room(tmp_path, Cabinet(doors(2)))

    async def work() -> None:
        await room.sit()
        assert Notes(tmp_path, "board", doors(2)).open_doors() == []
        assert Notes(tmp_path, "another", doors(2)).open_doors() == ["01", "02"]
        assert Notes(tmp_path, "board", doors(3)).open_doors() == ["01", "02", "03"]
        (tmp_path / "commissioning.json").write_text("torn")
        assert Notes(tmp_path, "board", doors(2)).open_doors() == ["01", "02"]

    story(room, work())


def test_the_wiring_is_a_file_that_is_whole_or_not_there(tmp_path: Path) -> None:
    assert wiring.read(tmp_path, "modbus") is None
    found = Wiring("modbus", 0, [Wire("01", (1, 1), (1, 2), None, fault="sensor")])
    path = wiring.write(tmp_path, found)
    assert wiring.read(tmp_path, "modbus") == found
    assert path.stat().st_mode & 0o077 == 0
    assert [file.name for file in tmp_path.iterdir()] == ["wiring.json"]
    with pytest.raises(Invalid, match="commission"):
        wiring.read(tmp_path, "gpio")
    path.write_text("{")
    with pytest.raises(Invalid):
        wiring.read(tmp_path, "modbus")


def test_a_box_has_one_owner(tmp_path: Path) -> None:
    with sole_owner(tmp_path), pytest.raises(Conflict, match="one owner"), sole_owner(tmp_path):
        pass
    with sole_owner(tmp_path):
        pass
