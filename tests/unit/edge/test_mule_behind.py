"""A server that was restored from a backup, and a bank that only ever hears of it by paper: the files tell it what it
lost, epoch by epoch, as the network would. An old paper moves nothing."""

from functools import partial
from typing import Any

import pytest

from cranny.edge import mule
from cranny.edge.disk import InlineDisk
from cranny.edge.inbox import forward
from cranny.fleet.rules import NOTHING_YET, Verdict, answer, overlap, plan
from cranny.wire.facts import decode
from cranny.wire.messages import FactAck, FactBatch, unpack
from cranny.wire.mule import Carried
from cranny.wire.signing import verify
from tests.unit.edge.test_behind import Ruled, lose, ruled
from tests.unit.edge.test_renewal import copy_of


def at(server: Ruled, batch: FactBatch) -> FactAck:
    """What the server takes of it, and its answer."""
    links = {seq: server.held.get((batch.epoch, seq)) for seq in overlap(server.cursor, batch)}
    made = plan(server.cursor, batch, {seq: link.hash for seq, link in links.items() if link})
    if made.verdict is not Verdict.GAP:
        server.cursor = made.cursor
    server.held |= {(link.epoch, link.seq): link for link in made.links}
    return answer(made)


async def carry(bank: Any, server: Ruled) -> tuple[list[FactAck], int, int]:
    """There and back: the answers, how many facts were told, how many are left."""
    body, told, left = mule.carry(bank.connection, bank.identity)
    key = bank.server.bank_key.public_key()
    batches = [unpack(verify(key, "facts", one), FactBatch) for one in unpack(body, Carried).batches]
    assert sum(len(batch.facts) for batch in batches) == told
    acks = [at(server, batch) for batch in batches]
    await hear(bank, acks)
    return acks, told, left


async def hear(bank: Any, acks: list[FactAck]) -> None:
    """As the inbox does it."""
    for ack in acks:
        await bank.controller.journal.commit(partial(forward, ack=ack))
    await bank.controller.journal.commit(partial(mule.heard, ack=acks[-1]))


@pytest.mark.slow
@pytest.mark.parametrize("left", [True, False], ids=["the disk holds them", "nothing is left of them"])
@pytest.mark.parametrize("everything", [True, False], ids=["all is lost", "two epochs are"])
def test_a_server_restored_past_whole_epochs(live_bank: Any, left: bool, everything: bool) -> None:
    async def story(bank: Any) -> None:
        await bank.deposit(await bank.announce("PARCEL"))
        server = await ruled(bank)
        image, backup = copy_of(bank), (server.cursor, dict(server.held))
        bank.board.force(bank.at("01"))
        await bank.settle()
        for epoch in (2, 3):
            await lose(bank, image if left else InlineDisk())
            image = copy_of(bank)
            bank.board.force(bank.at(f"0{epoch}"))
            await bank.settle(20)
        bank.hub.cut("bank")
        bank.board.force(bank.at("04"))
        await bank.settle(20)
        server.cursor, server.held = (NOTHING_YET, {}) if everything else (backup[0], dict(backup[1]))
        await carry(bank, server)  # begins where the bank believes the server to be, and hears where it is
        assert server.cursor.epoch < 3
        mark = bank.state.mark.acked
        await carry(bank, server)
        assert (server.cursor.epoch, server.cursor.seq) == (3, bank.state.mark.seq)
        assert bank.state.mark.acked == bank.state.mark.seq > mark
        newest = [fact for fact in bank.stored() if decode(fact).epoch == 3]
        assert server.stored()[-len(newest) :] == newest
        assert any(epoch == 2 for epoch, _ in server.held) is left
        acks, told, more = await carry(bank, server)  # nothing is left to tell
        assert (len(acks), told, more) == (1, 0, 0)
        assert not acks[0].forked

    live_bank(story)


def test_a_server_restored_within_an_epoch_and_an_old_paper(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        server = await ruled(bank)
        backup = server.cursor, dict(server.held)
        bank.hub.cut("bank")
        bank.board.force(bank.at("04"))
        await bank.settle(20)
        await carry(bank, server)
        held, mark = len(server.held), bank.state.mark
        assert mark.acked == mark.seq
        server.cursor, server.held = backup[0], dict(backup[1])
        for _ in range(2):
            await carry(bank, server)
        assert len(server.held) == held
        old = FactAck(epoch=1, seq=1)
        await hear(bank, [old])
        assert bank.state.mark.acked == mark.acked  # never back
        acks, told, _ = await carry(bank, server)  # it only tells what is known
        assert told == mark.seq - 1
        assert (acks[-1].seq, len(server.held)) == (mark.seq, held)
        assert (await carry(bank, server))[1] == 0

    live_bank(story)
