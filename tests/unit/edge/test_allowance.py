"""How long a day is for what nobody announced: by clocks that are wrong, and by the one that nobody can set."""

import msgspec
import pytest

from cranny.core.errors import Refused
from cranny.edge import allowance, moment
from cranny.edge.allowance import DAY_MS, HOUR_MS, Unknown
from cranny.edge.draft import Draft
from cranny.edge.moment import Moment
from cranny.edge.rows import Mark, Setting
from cranny.edge.state import State
from cranny.wire.facts import GENESIS
from cranny.wire.messages import Policy, pack
from tests.unit.edge.conftest import BANK, TENANT

NOW, FAR = 20_000 * DAY_MS, 30_000 * DAY_MS


def state(per_day: int = 2, hours: int = 72) -> State:
    made = State(Mark(id=1, epoch=1, seq=0, head=GENESIS, acked=0, applied=0, wall_ms=0, tenant=TENANT, bank=BANK))
    policy = Policy(unknown_tracking="accept", unknown_per_day=per_day, unknown_offline_h=hours)
    made.put(Setting("policy", pack(policy)))
    return made


def put(state: State, draft: Draft) -> None:
    for row in draft.change().rows:
        state.put(row)


def spend(state: State, at: Moment) -> str:
    """Why not, or nothing."""
    draft = Draft(state)
    try:
        allowance.spend(draft, at)
    except Refused as refused:
        return str(refused.extra["paused"])
    put(state, draft)
    return ""


def in_step(state: State, at: Moment) -> None:
    for row in allowance.in_step(state, at)[0].rows:
        state.put(row)


def spent(state: State, at: Moment) -> None:
    assert [spend(state, at) for _ in range(3)] == ["", "", "budget"]


def test_a_day_by_the_clock() -> None:
    bank = state()
    spent(bank, Moment(NOW))
    spent(bank, Moment(NOW + DAY_MS))


def test_a_clock_that_showed_a_day_far_away_holds_the_budget_for_a_day_and_not_for_years() -> None:
    bank = state()
    spent(bank, Moment(FAR, b"one", 0))
    assert spend(bank, Moment(FAR, b"one", DAY_MS - 1)) == "budget"
    spent(bank, Moment(FAR, b"one", DAY_MS))
    assert spend(bank, Moment(FAR, b"one", 2 * DAY_MS - 1)) == "budget"
    spent(bank, Moment(FAR, b"one", 2 * DAY_MS))


def test_a_clock_that_is_set_to_and_fro_gives_nothing_twice() -> None:
    bank = state()
    spent(bank, Moment(NOW + DAY_MS, b"one", 0))
    for back in (NOW, NOW + DAY_MS, NOW, NOW + DAY_MS):
        assert spend(bank, Moment(back, b"one", 1000)) == "budget"


def test_restarts_bring_no_day_nearer() -> None:
    bank = state()
    spent(bank, Moment(FAR, b"one", 5 * DAY_MS))
    assert spend(bank, Moment(FAR, b"two", DAY_MS - 1)) == "budget"
    assert spend(bank, Moment(FAR, b"three", DAY_MS - 1)) == "budget"
    spent(bank, Moment(FAR, b"three", DAY_MS))


def test_days_that_no_clock_tells_count_as_days_alone() -> None:
    bank = state(hours=72)
    in_step(bank, Moment(FAR, b"one", 0))
    for day in range(4):
        spent(bank, Moment(FAR, b"one", day * DAY_MS))
    assert spend(bank, Moment(FAR, b"one", 4 * DAY_MS)) == "offline"
    in_step(bank, Moment(FAR, b"one", 4 * DAY_MS))
    spent(bank, Moment(FAR, b"one", 4 * DAY_MS))


def test_a_long_rest_counts_whole() -> None:
    bank = state(hours=72)
    in_step(bank, Moment(FAR, b"one", 0))
    spent(bank, Moment(FAR, b"one", 0))
    assert spend(bank, Moment(FAR, b"one", 9 * DAY_MS)) == "offline"


def test_a_bank_in_step_is_not_alone_however_long_its_clock_stands_still() -> None:
    bank = state(hours=24)
    for run in (b"one", b"two"):
        for hour in range(0, 240, 6):
            in_step(bank, Moment(FAR, run, hour * HOUR_MS))
            assert spend(bank, Moment(FAR, run, hour * HOUR_MS)) in ("", "budget")
    assert spend(bank, Moment(FAR, b"two", 270 * HOUR_MS)) == "offline"


def test_what_an_older_version_wrote_is_read() -> None:
    assert msgspec.msgpack.decode(msgspec.msgpack.encode([7, 2, True]), type=Unknown) == Unknown(7, 2, told=True)
    further = msgspec.msgpack.encode([7, 2, True, b"one", 5, 1])
    assert msgspec.msgpack.decode(further, type=Unknown) == Unknown(7, 2, told=True, boot=b"one", mono_ms=5)
    assert moment.unpack(msgspec.msgpack.encode(NOW)) == Moment(NOW)


@pytest.mark.parametrize("far", [NOW, FAR])
def test_it_is_told_once_a_day(far: int) -> None:
    bank = state()
    spent(bank, Moment(far, b"one", 0))
    for expected, mono in ((1, 0), (0, 1), (1, DAY_MS)):
        change, _ = allowance.tell(bank, "budget", Moment(far, b"one", mono))
        assert len(change.bodies) == expected
        for row in change.rows:
            bank.put(row)
