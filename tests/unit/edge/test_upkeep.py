"""A journal's disk in the long run: full and free again, and what everybody has goes."""

from datetime import timedelta
from typing import Any

import pytest

from cranny.edge import renewal, upkeep
from cranny.edge.outcomes import Refusal
from cranny.wire.facts import decode

MONTH = timedelta(days=31)
LOOKED_THROUGH_S = 2 * upkeep.FORGET_EVERY * upkeep.EVERY_S
"""In so many seconds old facts have gone, wherever the rounds stand."""


def test_a_full_disk_is_told_once_and_its_end_as_well(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        parcel = await bank.announce("PARCEL")
        bank.disk.full = bank.disk.low = True
        await bank.settle(180)
        assert bank.kinds()[-1:] == ["disk.filled"]
        assert await bank.controller.scan("PARCEL") == Refusal("deposits_paused")
        await bank.restart()
        await bank.settle(120)
        assert bank.kinds().count("disk.filled") == 1
        bank.disk.full = bank.disk.low = False
        await bank.settle(120)
        assert bank.kinds()[-1] == "disk.freed"
        await bank.deposit(parcel)

    live_bank(story)


@pytest.fixture
def crowded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many facts are on the disk, whatever `many` is."""
    monkeypatch.setattr(upkeep, "KEPT_LEAST", 0)


@pytest.mark.slow
def test_a_wrong_year_makes_no_fact_old(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        await bank.deposit(await bank.announce("PARCEL"))
        before = len(bank.stored())
        bank.clock.skew = 12 * MONTH
        bank.board.force(bank.at("05"))
        await bank.settle(LOOKED_THROUGH_S)
        bank.clock.skew = timedelta()
        await bank.settle(LOOKED_THROUGH_S)
        assert len(bank.stored()) > before
        del bank.server.facts[1:]  # restored from an old backup
        bank.board.shut(bank.at("05"))
        await bank.settle(60)
        assert bank.server.facts == bank.stored()

    live_bank(story)


@pytest.mark.slow
@pytest.mark.usefixtures("crowded")
def test_facts_go_when_the_server_has_them_and_they_are_old(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        door = await bank.deposit(await bank.announce("PARCEL"))
        before = len(bank.stored())
        bank.clock.skew = MONTH / 2
        await bank.settle(LOOKED_THROUGH_S)
        assert len(bank.stored()) == before
        bank.hub.cut("bank")
        bank.board.force(bank.at(door))
        await bank.settle(1)
        bank.clock.skew = 3 * MONTH
        await bank.settle(LOOKED_THROUGH_S)
        left = [fact.kind for fact in map(_read, bank.stored())]
        # What the server may not have stays, however old; so does the newest fact, which the chain goes on from.
        assert left[:2] == ["door.forced", "door.blocked"]
        bank.hub.mend("bank")
        await bank.settle(LOOKED_THROUGH_S)
        assert [fact.kind for fact in map(_read, bank.stored())] == ["door.blocked"]
        await bank.restart()
        await bank.shut(door)
        assert bank.server.facts[-1] == bank.stored()[-1]

    live_bank(story)


@pytest.mark.slow
@pytest.mark.usefixtures("crowded")
def test_a_server_that_asks_for_what_is_gone_gets_a_new_epoch(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        await bank.deposit(await bank.announce("PARCEL"))
        bank.clock.skew = MONTH
        bank.board.force(bank.at("05"))
        await bank.settle(LOOKED_THROUGH_S)
        del bank.server.facts[1:]  # restored from an old backup
        bank.board.shut(bank.at("05"))
        with pytest.raises(renewal.Forked) as forked:
            await bank.bank.run()
        assert forked.value.epoch == 2
        await bank.crash()

    live_bank(story)


def _read(stored: bytes) -> Any:
    return decode(stored)
