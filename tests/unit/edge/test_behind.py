"""A server that was restored from a backup older than the epoch that the bank is in: it asks for what it lost, epoch by
epoch, gets what the bank's disk still holds of it, and nobody waits for what nobody has."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from cranny.edge.disk import InlineDisk
from cranny.fleet.rules import NOTHING_YET, Cursor, Verdict, answer, overlap, plan
from cranny.wire.facts import decode
from cranny.wire.messages import FactBatch, unpack
from cranny.wire.signing import verify
from tests.unit.edge.test_renewal import begin_anew, copy_of, replace_disk


@dataclass
class Ruled:
    """A server that keeps facts by the product's own rules."""

    bank: Any
    cursor: Cursor = NOTHING_YET
    held: dict[tuple[int, int], Any] = field(default_factory=dict)
    opened: list[int] = field(default_factory=list)

    async def take(self, message: Any) -> None:
        server = self.bank.server
        batch = unpack(verify(server.bank_key.public_key(), "facts", message.payload), FactBatch)
        links = {seq: self.held.get((batch.epoch, seq)) for seq in overlap(self.cursor, batch)}
        made = plan(self.cursor, batch, {seq: link.hash for seq, link in links.items() if link})
        if made.verdict is not Verdict.GAP:
            self.cursor = made.cursor
        self.held |= {(link.epoch, link.seq): link for link in made.links}
        if made.opened:
            self.opened.append(batch.epoch)
            if batch.epoch > server.epoch:
                server._renew(batch.epoch)
        await server.answer(message, answer(made))

    def stored(self) -> list[bytes]:
        return [self.held[key].stored for key in sorted(self.held)]


async def ruled(bank: Any) -> Ruled:
    """Takes the place of the plain server, and has all that there is."""
    server = Ruled(bank)
    bank.hub._brokers[1].subscriptions[0]._lanes._handler = server.take
    bank.board.force(bank.at("09"))
    await bank.settle(20)
    assert server.stored() == bank.stored()
    return server


async def lose(bank: Any, image: InlineDisk) -> None:
    await replace_disk(bank, image)
    await begin_anew(bank)


@pytest.mark.slow
@pytest.mark.parametrize("left", [True, False], ids=["the disk holds them", "nothing is left of them"])
def test_a_server_restored_past_whole_epochs(live_bank: Any, left: bool) -> None:
    async def story(bank: Any) -> None:
        await bank.deposit(await bank.announce("PARCEL"))
        server = await ruled(bank)
        image, backup = copy_of(bank), (server.cursor, dict(server.held))
        bank.board.force(bank.at("01"))
        await bank.settle()
        for epoch in (2, 3):
            await lose(bank, image if left else InlineDisk())
            assert bank.state.mark.epoch == server.cursor.epoch == epoch
            image = copy_of(bank)
            bank.board.force(bank.at(f"0{epoch}"))
            await bank.settle(20)
        server.cursor, server.held, server.opened = backup[0], dict(backup[1]), []
        bank.board.force(bank.at("04"))
        await bank.settle(300)
        assert server.opened == [2, 3]
        assert (server.cursor.epoch, server.cursor.seq) == (3, bank.state.mark.seq)
        assert bank.state.mark.acked == bank.state.mark.seq
        newest = [fact for fact in bank.stored() if decode(fact).epoch == 3]
        assert server.stored()[-len(newest) :] == newest
        again = [fact for (epoch, _), fact in sorted(server.held.items()) if epoch == 2]
        assert bool(again) is left
        assert {fact.stored for fact in again} <= set(bank.stored())
        assert bank.controller.state().link == "online"

    live_bank(story)


def test_a_server_that_lost_everything_gets_all_that_the_disk_holds(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        await bank.deposit(await bank.announce("PARCEL"))
        server = await ruled(bank)
        image = copy_of(bank)
        bank.board.force(bank.at("01"))
        await bank.settle()
        await lose(bank, image)
        server.cursor, server.held, server.opened = NOTHING_YET, {}, []
        bank.board.force(bank.at("02"))
        await bank.settle(300)
        assert server.stored() == bank.stored()
        assert {epoch for epoch, _ in server.held} == {1, 2}

    live_bank(story)
