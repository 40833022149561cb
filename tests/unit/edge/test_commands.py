"""Commands from the server: opened once or not at all, never late, never after a restart, and told in the journal."""

import asyncio
from typing import Any
from uuid import UUID

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cranny.core.errors import Unavailable
from cranny.edge.commands import Rebooting
from cranny.edge.outcomes import Collected, Opened
from cranny.wire import subjects
from cranny.wire.commands import LONGEST_MS, Command, CommandReply, Target
from cranny.wire.messages import Beat, pack, unpack
from cranny.wire.signing import sign, verify

from .conftest import BANK, TENANT

BY = "keys/0192"


class Desk:
    """Who asks: hears the heartbeats, signs, and waits for an answer."""

    def __init__(self, lab: Any) -> None:
        self.lab = lab
        self.broker = lab.hub.join("desk")
        self.beats: list[Beat] = []

    @classmethod
    async def at(cls, lab: Any) -> "Desk":
        desk = cls(lab)
        await desk.broker.subscribe(subjects.ANY_BEAT, desk._hear)
        await asyncio.sleep(16)
        return desk

    async def _hear(self, message: Any) -> None:
        self.beats.append(unpack(verify(self.lab.server.bank_key.public_key(), "beat", message.payload), Beat))

    def command(self, action: str = "open", *doors: str, generation: int = 0, **changed: Any) -> Command:
        beat = self.beats[-1]
        made = Command(
            command=self.lab.ids.new(),
            tenant=TENANT,
            bank=BANK,
            boot=beat.boot,
            token=beat.token,
            ttl_ms=20_000,
            action=action,  # type: ignore[arg-type]
            by=BY,
            reason="the latch was frozen",
            targets=tuple(Target(door, generation) for door in doors),
        )
        return msgspec.structs.replace(made, **changed)

    async def send(self, command: Command, *, key: Ed25519PrivateKey | None = None, purpose: Any = "command") -> Any:
        return await self.post(sign(key or self.lab.server.key, purpose, pack(command)))

    async def post(self, message: bytes) -> CommandReply:
        answer = await self.broker.request(subjects.command(TENANT, BANK), message, timeout=30)
        bank_key = self.lab.server.bank_key.public_key()
        return unpack(verify(bank_key, "command-reply", answer), CommandReply)

    def answers(self) -> list[tuple[str, str, str, list[str]]]:
        told = self.lab.bodies("command.answered")
        return [(body.action, body.outcome, body.reason, body.doors) for body in told]


def test_a_door_is_opened_and_the_journal_says_for_whom(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        desk = await Desk.at(bank)
        command = desk.command("open", "03")
        reply = await desk.send(command)
        assert (reply.command, reply.outcome, reply.doors) == (command.command, "executed", ("03",))
        assert bank.pulsed == [bank.at("03")]
        intent = bank.bodies("opening.intended")[0]
        assert (intent.command, intent.credential, intent.purpose, intent.grant) == (
            command.command, "command", "inspect", None,
        )  # fmt: skip
        assert isinstance(bank.outcomes()[-1], Opened)
        await bank.shut("03")
        assert bank.kinds() == ["opening.intended", "door.opened", "command.answered", "door.shut"]
        assert bank.bodies("command.answered")[0].by == BY
        assert not bank.state.compartment("03").blocked  # the sensor says empty

    live_bank(story)


def test_what_lies_inside_is_not_collected_by_it(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        parcel = await bank.announce("PARCEL")
        door = await bank.deposit(parcel)
        desk = await Desk.at(bank)
        assert (await desk.send(desk.command("open", door, generation=1))).outcome == "executed"
        await bank.shut(door)
        assert bank.kinds()[-1] == "collect.left"
        assert bank.state.occupancies[door].deliveries == [parcel.delivery]
        await bank.controller.type_code(parcel.digits)
        await bank.take(door)
        assert isinstance(bank.outcomes()[-1], Collected)

    live_bank(story)


def test_what_the_sensor_sees_gone_is_told(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        door = await bank.deposit(await bank.announce("PARCEL"))
        desk = await Desk.at(bank)
        await desk.send(desk.command("open", door, generation=1))
        await bank.take(door)
        finished = bank.bodies("collect.finished")[0]
        assert (finished.purpose, finished.grant, finished.evidence) == ("inspect", None, "sensed")

    live_bank(story)


@pytest.mark.parametrize("occupied", [True, False])
def test_where_nobody_can_look_inside_the_door_waits_for_a_person(live_bank: Any, occupied: bool) -> None:
    async def story(bank: Any) -> None:
        parcel = await bank.announce("PARCEL")
        door = await bank.deposit(parcel) if occupied else "05"
        desk = await Desk.at(bank)
        await desk.send(desk.command("open", door, generation=int(occupied)))
        await bank.shut(door)
        assert bank.state.compartment(door).blocked == "opened-by-operator"
        if occupied:  # whose it is still gets it
            assert isinstance(await bank.controller.type_code(parcel.digits), Opened)
            await bank.take(door)

    live_bank(story, content=False)


def test_the_same_command_twice_is_one_opening(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        desk = await Desk.at(bank)
        command = desk.command("open", "03")
        first, second = await asyncio.gather(desk.send(command), desk.send(command))
        assert {first.outcome, second.outcome} <= {"executed", "taken"}
        await bank.shut("03")
        assert (await desk.send(command)).outcome == "executed"
        assert bank.pulsed == [bank.at("03")]
        assert desk.answers() == [("open", "executed", "", ["03"])]

    live_bank(story)


def test_a_late_command_opens_nothing(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        desk = await Desk.at(bank)
        late = desk.command("open", "03")
        await asyncio.sleep(21)
        assert (await desk.send(late)).reason == "stale"
        # Whatever a command says of itself, a minute is the most; and an old token is forgotten.
        greedy = desk.command("open", "03", ttl_ms=LONGEST_MS, token=desk.beats[0].token)
        await asyncio.sleep(70)
        assert (await desk.send(greedy)).reason == "stale"
        assert (await desk.send(desk.command("open", "03", token=bytes(16)))).reason == "stale"
        assert bank.pulsed == []
        assert [told[1:3] for told in desk.answers()] == [("refused", "stale")] * 3

    live_bank(story)


def test_a_slow_disk_makes_no_late_opening(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        desk = await Desk.at(bank)
        command = desk.command("open", "03", ttl_ms=4_000)
        bank.disk.slow_s = 4.5
        reply = await desk.send(command)
        assert (reply.outcome, bank.pulsed) == ("refused", [])
        assert not bank.state.compartment("03").blocked

    live_bank(story)


def test_nothing_is_obeyed_after_a_restart(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        desk = await Desk.at(bank)
        before, done = desk.command("open", "03"), desk.command("open", "04")
        assert (await desk.send(done)).outcome == "executed"
        await bank.restart()
        await bank.shut("04")
        assert (await desk.send(before)).reason == "rebooted"
        assert (await desk.send(done)).outcome == "executed"  # known, and not done again
        assert bank.pulsed == [bank.at("04")]
        assert desk.answers() == [("open", "executed", "", ["04"]), ("open", "refused", "rebooted", [])]

    live_bank(story)


def test_what_is_not_signed_for_this_bank_leaves_no_trace(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        desk = await Desk.at(bank)
        command = desk.command("open", "03")
        signed = bytearray(sign(bank.server.key, "command", pack(command)))
        signed[-80] ^= 1
        other = Ed25519PrivateKey.from_private_bytes(b"x" * 32)
        strange: Any = "downlink"
        replies = [
            await desk.post(bytes(signed)),
            await desk.send(command, key=other),
            await desk.send(command, purpose=strange),
            await desk.send(msgspec.structs.replace(command, bank=UUID(int=9))),
            await desk.send(msgspec.structs.replace(command, tenant=UUID(int=9))),
            await desk.post(sign(bank.server.key, "command", b"\xc1 nothing")),
        ]
        assert [reply.reason for reply in replies] == [
            *("signature-invalid",) * 3, "foreign", "foreign", "message-unreadable",
        ]  # fmt: skip
        assert {(reply.command, reply.outcome) for reply in replies} == {(None, "refused")}
        assert (bank.pulsed, bank.kinds()) == ([], [])

    live_bank(story)


def test_a_door_whose_occupancy_changed_stays_shut(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        desk = await Desk.at(bank)
        door = await bank.deposit(await bank.announce("PARCEL"))
        reasons = [
            (await desk.send(command)).reason
            for command in (
                desk.command("open", door),
                desk.command("open", door, generation=2),
                desk.command("open", "77"),
            )
        ]
        assert reasons == ["changed", "changed", "no-such-door"]
        bank.board.force(bank.at("09"))
        await bank.settle()
        assert (await desk.send(desk.command("open", "09"))).reason == "not-ready"
        bank.board.jam(bank.at("08"))
        assert (await desk.send(desk.command("open", "08"))).reason == "not-opened"
        assert bank.state.compartment("08").blocked == "not-opened"

    live_bank(story)


@pytest.mark.parametrize("pulsed", [False, True])
def test_cut_off_between_intent_and_result_the_journal_tells(live_bank: Any, pulsed: bool) -> None:
    async def story(bank: Any) -> None:
        desk = await Desk.at(bank)
        real = bank.board.pulse

        async def pulse(unit: int, channel: int) -> None:
            if pulsed:
                await real(unit, channel)
            await asyncio.Event().wait()

        bank.board.pulse = pulse
        command = desk.command("open", "03")
        asking = asyncio.ensure_future(desk.send(command))
        await bank.settle(0.4)
        await bank.crash()
        with pytest.raises(Unavailable):
            await asking
        bank.board.pulse = real
        await bank.boot()
        told = ("open", "executed", "", ["03"]) if pulsed else ("open", "refused", "not-seen-open", [])
        assert desk.answers() == [told]
        assert bank.pulsed == [bank.at("03")] * pulsed
        assert (await desk.send(command)).outcome == told[1]
        assert len(desk.answers()) == 1

    live_bank(story)


def test_all_doors_open_and_each_that_does_not_is_passed_over(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        taken = await bank.deposit(await bank.announce("PARCEL"))
        bank.board.force(bank.at("09"))
        desk = await Desk.at(bank)
        doors = [box.label for box in bank.layout.compartments]
        command = desk.command("open", *doors)
        first, second = await asyncio.gather(desk.send(command), desk.send(command))
        assert {first.outcome, second.outcome} == {"taken"}
        await bank.settle(20)
        ((action, outcome, _, opened),) = desk.answers()
        assert (action, outcome) == ("open", "executed")
        assert sorted(opened) == sorted(set(doors) - {taken, "09"})  # the one with a parcel was thought to be free
        assert len(bank.pulsed) == len(doors) - 2 + 1
        assert len(set(bank.pulsed)) == len(doors) - 1

    live_bank(story)


def test_all_doors_and_the_controller_dies_half_way(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        desk = await Desk.at(bank)
        command = desk.command("open", *[box.label for box in bank.layout.compartments])
        bank.disk.slow_s = 0.05
        assert (await desk.send(command)).outcome == "taken"
        await bank.settle(0.6)
        await bank.crash()
        opened = len(bank.pulsed)
        assert 0 < opened < 20
        await bank.boot()
        await bank.settle(30)
        assert len(bank.pulsed) == opened
        ((_, outcome, _, doors),) = desk.answers()
        assert outcome == "executed"
        assert 0 < len(doors) <= opened

    live_bank(story)


def test_out_of_service_and_back(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        desk = await Desk.at(bank)
        free = bank.controller.free()
        assert (await desk.send(desk.command("put_back", "03"))).reason == "in-use"
        assert (await desk.send(desk.command("take_out", "03"))).outcome == "executed"
        assert bank.bodies("door.blocked")[0].reason == "out-of-service"
        assert bank.controller.free() == free - 1
        assert (await desk.send(desk.command("take_out", "03"))).reason == "already-out"
        assert (await desk.send(desk.command("put_back", "03"))).outcome == "executed"
        assert bank.controller.free() == free
        # A doubt is not settled by asking.
        await desk.send(desk.command("take_out", "03"))
        bank.board.force(bank.at("03"))
        await bank.settle()
        bank.board.shut(bank.at("03"))
        await bank.settle()
        assert bank.state.compartment("03").blocked == "forced"
        assert (await desk.send(desk.command("put_back", "03"))).reason == "in-doubt"
        assert bank.pulsed == []

    live_bank(story)


def test_a_reboot_ends_the_run_and_the_next_one_tells(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        desk = await Desk.at(bank)
        await bank.controller.scan((await bank.announce("PARCEL")).tracking[0])
        assert (await desk.send(desk.command("reboot"))).reason == "busy"
        await bank.shut("01")
        command = desk.command("reboot")
        assert (await desk.send(command)).outcome == "taken"
        with pytest.raises(Rebooting):
            await bank.bank.run()
        assert desk.answers()[1:] == []
        await bank.restart()
        assert desk.answers()[1:] == [("reboot", "executed", "", [])]
        assert (await desk.send(command)).outcome == "executed"

    live_bank(story)


def test_an_inventory_begins_and_opens_nothing_by_itself(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        desk = await Desk.at(bank)
        asked = desk.command("inventory")
        assert (await desk.send(asked)).outcome == "executed"
        await bank.settle(1)
        assert bank.state.inventory.command == asked.command
        assert bank.controller.counter.session == bank.state.inventory.inventory
        assert bank.pulsed == []

    live_bank(story)


def test_what_makes_no_sense_is_refused(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        desk = await Desk.at(bank)
        assert (await desk.send(desk.command("open"))).reason == "unsupported"

    live_bank(story)


def test_where_nothing_can_be_written_nothing_opens_and_nothing_is_kept_for_later(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        desk = await Desk.at(bank)
        command = desk.command("open", "03")
        bank.disk.stuffed = True
        assert (await desk.send(command)).reason == "disk-full"
        bank.disk.stuffed = False
        assert (await desk.send(command)).reason == "disk-full"
        assert bank.pulsed == []
        assert (await desk.send(desk.command("open", "03"))).outcome == "executed"

    live_bank(story)
