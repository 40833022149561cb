"""Up and down the wire: nothing forgotten, nothing believed that the server did not sign."""

from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cranny.edge.outcomes import Opened, Refusal
from cranny.wire import subjects
from cranny.wire.messages import Downlink, Entry, FactAck, Policy, pack
from cranny.wire.signing import sign, verify


def test_a_bank_that_is_alone_works_on_and_tells_later(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        parcels = [await bank.announce(f"PARCEL{n}") for n in range(3)]
        known = len(bank.server.facts)
        bank.hub.cut("bank")
        for parcel in parcels:
            door = await bank.deposit(parcel)
            await bank.controller.type_code(parcel.digits)
            assert await bank.take(door) == [parcel]
        assert bank.controller.state().link == "offline"
        assert len(bank.server.facts) == known
        assert all(fact.offline for fact in bank.facts()[-20:])
        await bank.restart()
        bank.hub.mend("bank")
        await bank.settle(2)
        assert bank.server.facts == bank.stored()
        assert bank.controller.state().link == "online"
        assert bank.state.mark.acked == bank.state.mark.seq

    live_bank(story)


@pytest.mark.slow
def test_a_long_absence_comes_up_in_batches(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        bank.hub.cut("bank")
        for _ in range(450):
            bank.board.force(bank.at("01"))
            await bank.settle(0.5)
            bank.board.shut(bank.at("01"))
            await bank.settle(0.5)
        assert bank.state.mark.seq > 900
        bank.hub.mend("bank")
        await bank.settle(5)
        assert bank.server.facts == bank.stored()

    live_bank(story)


def test_an_answer_that_is_lost_is_asked_for_again(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        real, lost = bank.server.take, []

        async def deaf(message: Any) -> None:
            if len(lost) >= 2:
                await real(message)
                return
            lost.append(message)

            class Mute:
                payload = message.payload

                async def respond(self, _: bytes) -> None:
                    """The answer gets lost, the commit does not."""

            await real(Mute())

        bank.hub._brokers[1].subscriptions[0]._lanes._handler = deaf
        bank.board.force(bank.at("01"))
        await bank.settle(60)
        assert len(lost) == 2
        assert bank.server.facts == bank.stored()
        assert bank.state.mark.acked == bank.state.mark.seq

    live_bank(story)


def test_a_server_restored_from_a_copy_gets_the_rest_again(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        await bank.deposit(await bank.announce("PARCEL"))
        await bank.settle()
        del bank.server.facts[2:], bank.server.beside[2:]
        bank.board.force(bank.at("20"))
        await bank.settle(30)
        assert bank.server.facts == bank.stored()

    live_bank(story)


@pytest.mark.slow
def test_a_quiet_bank_notices_that_the_server_was_restored(live_bank: Any) -> None:
    """Nothing happens there for days, so nothing is sent that would show it."""

    async def story(bank: Any) -> None:
        await bank.deposit(await bank.announce("PARCEL"))
        await bank.settle()
        told = len(bank.stored())
        del bank.server.facts[2:], bank.server.beside[2:]
        await bank.settle(2 * 3600)
        assert bank.server.facts == bank.stored()
        assert len(bank.stored()) == told

    live_bank(story)


def test_a_fact_that_memory_missed_is_no_fork(live_bank: Any) -> None:
    """The disk fails behind a commit: the fact goes up, and is acknowledged, before the restart."""

    async def story(bank: Any) -> None:
        bank.hub.cut("bank")
        bank.board.force(bank.at("01"))
        await bank.settle()
        bank.board.force(bank.at("02"))
        await bank.settle(0.25)
        bank.disk.fail_at, bank.disk.after = 1, True
        await bank.settle(0.1)
        missed = bank.state.mark.seq
        assert len(bank.facts()) > missed
        bank.hub.mend("bank")
        await bank.settle(5)
        assert len(bank.server.facts) > missed
        assert bank.controller.state().link != "forked"
        await bank.restart()
        assert bank.server.facts == bank.stored()

    live_bank(story)


def test_a_refusal_is_shown_and_tried_again(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        real = bank.server.take

        async def refusing(message: Any) -> None:
            await bank.server.answer(message, FactAck(epoch=0, seq=0, refused="not-enrolled"))

        lanes = bank.hub._brokers[1].subscriptions[0]._lanes
        lanes._handler = refusing
        bank.board.force(bank.at("01"))
        await bank.settle(5)
        assert bank.controller.state().link == "refused"
        lanes._handler = real
        await bank.settle(60)
        assert bank.controller.state().link == "online"
        assert bank.server.facts == bank.stored()

    live_bank(story)


def test_rights_that_the_server_did_not_sign_are_not_believed(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        parcel = await bank.announce("PARCEL")
        applied = bank.state.mark.applied
        other_key = Ed25519PrivateKey.from_private_bytes(b"x" * 32)

        def resigned(message: bytes) -> bytes:
            return sign(other_key, "downlink", verify(bank.server.key.public_key(), "downlink", message))

        def other_purpose(message: bytes) -> bytes:
            return sign(bank.server.key, "facts", verify(bank.server.key.public_key(), "downlink", message))

        def other_bank(message: bytes) -> bytes:
            page = msgspec.msgpack.decode(verify(bank.server.key.public_key(), "downlink", message), type=Downlink)
            return sign(bank.server.key, "downlink", pack(msgspec.structs.replace(page, bank=page.tenant)))

        def flipped(message: bytes) -> bytes:
            return message[:40] + bytes([message[40] ^ 1]) + message[41:]

        for tamper in (resigned, other_purpose, other_bank, flipped, lambda _: b"", lambda _: b"\x00" * 50):
            bank.server.tamper = tamper
            await bank.give(Policy(unknown_tracking="accept"))
            await bank.settle(20)
            assert bank.state.mark.applied == applied
        assert await bank.controller.scan("UNKNOWN") == Refusal("unknown_tracking")
        bank.server.tamper = bytes
        await bank.settle(20)
        assert bank.state.mark.applied == applied + 6
        assert isinstance(await bank.controller.scan(parcel.tracking[0]), Opened)

    live_bank(story)


def test_repeats_are_passed_over_and_gaps_refused(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        await bank.announce("PARCEL")
        applied, given = bank.state.mark.applied, []

        async def crooked(message: Any) -> None:
            entries = [Entry(seq, Policy(visit_idle_s=seq)) for seq in given]
            page = Downlink(bank.identity.tenant, bank.identity.bank, entries, 99)
            await message.respond(sign(bank.server.key, "downlink", pack(page)))

        bank.hub._brokers[1].subscriptions[1]._lanes._handler = crooked
        for crook, idle, taken in (
            ([1, applied], 90, 0),
            ([applied + 2, applied + 3], 90, 0),
            ([1, 2, applied, applied + 1, applied + 3], applied + 1, 1),
        ):
            given = crook
            await bank.settle(20)
            assert bank.state.policy.visit_idle_s == idle
            assert bank.state.mark.applied == applied + taken

    live_bank(story)


def test_many_rights_come_in_pages(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        bank.server.page = 7
        await bank.give(*(Policy(visit_idle_s=n) for n in range(100, 150)))
        await bank.settle(1)
        assert bank.state.policy.visit_idle_s == 149
        assert bank.state.mark.applied == len(bank.server.entries)

    live_bank(story)


def test_a_lost_poke_is_made_good_by_the_heartbeat(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        bank._append(Policy(visit_idle_s=7))
        await bank.settle(16)
        assert bank.state.policy.visit_idle_s == 7

    live_bank(story)


def test_rights_come_as_soon_as_a_silent_network_speaks_again(live_bank: Any) -> None:
    """Whoever was told of a code meanwhile does not stand there until the next heartbeat."""

    async def story(bank: Any) -> None:
        bank.beat_s = 3600.0
        await bank.restart()
        lanes = [subscription._lanes for subscription in bank.hub._brokers[1].subscriptions]
        real = [lane._handler for lane in lanes]

        async def silent(_: Any) -> None:
            """Nobody notices: the connection stands."""

        for lane in lanes:
            lane._handler = silent
        bank.board.force(bank.at("01"))
        await bank.give(Policy(visit_idle_s=7))
        await bank.settle(300)
        assert bank.controller.state().link == "offline"
        assert bank.state.policy.visit_idle_s != 7
        for lane, handler in zip(lanes, real, strict=True):
            lane._handler = handler
        while bank.state.mark.acked < bank.state.mark.seq:
            await bank.settle(0.1)
        await bank.settle(0.5)
        assert bank.state.policy.visit_idle_s == 7

    live_bank(story)


def test_a_bank_that_comes_back_says_so_at_once(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        heard: list[Any] = []

        async def hear(message: Any) -> None:
            heard.append(message)

        await bank.hub.join("listener").subscribe(subjects.ANY_BEAT, hear)
        await bank.settle(20)
        steady = len(heard)
        assert steady in (1, 2)
        bank.hub.cut("bank")
        await bank.settle(40)
        assert len(heard) == steady
        bank.hub.mend("bank")
        await bank.settle(1)
        assert len(heard) == steady + 1
        await bank.settle(16)
        assert len(heard) == steady + 2

    live_bank(story)


def test_a_new_layout_takes_effect_at_once(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        grown = msgspec.structs.replace(
            bank.layout,
            compartments=[
                *bank.layout.compartments,
                msgspec.structs.replace(bank.layout.compartments[-1], label="XL", height=900, channel=60),
            ],
        )
        await bank.give(grown)
        await bank.settle()
        bank.layout = grown
        await bank.announce("HUGE", size=(800, 300, 400))
        assert (await bank.controller.scan("HUGE")).door == "XL"

    live_bank(story)


def test_a_broker_without_a_server_behind_it_is_no_server(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        for subscription in list(bank.hub._brokers[1].subscriptions):
            await subscription.stop()
        await bank.settle(20)
        assert bank.broker.connected
        assert bank.controller.state().link == "offline"

    live_bank(story)


def test_policies_are_applied_in_their_order(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        await bank.give(Policy(open_wait_s=5), Policy(open_wait_s=6))
        assert bank.state.policy.open_wait_s == 6
        await bank.restart()
        assert bank.state.policy.open_wait_s == 6

    live_bank(story)
