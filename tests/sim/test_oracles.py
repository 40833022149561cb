"""What the oracles say to single facts: where lives are too rare to ask them."""

import asyncio
from uuid import UUID

import pytest

from cranny.sim import Plan, run
from cranny.sim.oracles.chain import Chain
from cranny.sim.oracles.codes import Codes
from cranny.sim.oracles.custody import Custody
from cranny.sim.oracles.doors import Doors
from cranny.sim.oracles.given import RightsGiven
from cranny.sim.oracles.verdicts import Verdicts
from cranny.sim.reference.authority import Lost
from cranny.sim.reference.ledger import Ledger
from cranny.sim.reference.server import Server
from cranny.sim.trace import Trace
from cranny.wire.kinds import CollectFinished, DepositStored, OpeningIntended
from cranny.wire.messages import Entry, GrantGiven

BANK, LOOK, GRANT, PARCEL, OTHER, OPENING = (UUID(int=number) for number in range(1, 7))


@pytest.fixture
def verdicts() -> Verdicts:
    return Verdicts(Trace(lambda: 0.0))


def given(grant: UUID, purpose: str, locator: int = 7, door: str = "", generation: int = 0) -> GrantGiven:
    return GrantGiven(grant, purpose, None, locator, bytes(16), bytes(32), bytes(32), door, generation)  # type: ignore[arg-type]


def test_a_right_to_look_inside_ends_when_somebody_else_uses_the_door(verdicts: Verdicts) -> None:
    ledger = Ledger({(BANK, 1, 5): (Entry(1, given(LOOK, "inspect", door="01"), 5), 0)})
    rights = RightsGiven(BANK, ledger)
    assert rights.advance(1, 5)
    doors = Doors("bank", rights, lambda: 0.0, verdicts)
    assert doors.opens(LOOK, "code")
    doors.hear(OpeningIntended(OPENING, "01", 1, "deposit", None, "tracking"))
    assert not doors.opens(LOOK, "code")
    doors.hear(DepositStored(OPENING, "01", 1, [PARCEL], GRANT, "sensed"))
    doors.hear(CollectFinished(OPENING, "01", 1, "collect", GRANT, [PARCEL], "sensed"))
    assert not doors.opens(LOOK, "code")  # nothing lies there again, and it is another nothing


def test_two_live_codes_are_never_alike(verdicts: Verdicts) -> None:
    ended: set[UUID] = set()
    codes = Codes("bank", ended.__contains__, verdicts)
    codes.given(given(GRANT, "collect"))
    codes.given(given(OTHER, "collect", locator=8))
    ended.add(GRANT)
    codes.given(given(LOOK, "inspect"))
    assert not verdicts.found
    codes.given(given(PARCEL, "collect"))
    assert [found.invariant for found in verdicts.found] == ["I9"]


def test_a_code_is_off_after_ten_wrong_tries(verdicts: Verdicts) -> None:
    codes = Codes("bank", lambda _: False, verdicts)
    codes.given(given(GRANT, "collect"))
    for _ in range(10):
        codes.tried("007 000 000", right=None, wrong=True)
    codes.opened(GRANT, "code")
    assert not verdicts.found
    for _ in range(11):
        codes.tried("007 000 000", right=None, wrong=True)
    codes.opened(GRANT, "qr")
    assert not verdicts.found  # the QR goes on
    for _ in range(11):
        codes.tried("007 000 000", right=None, wrong=True)
    codes.close()
    codes.opened(GRANT, "code")
    assert [found.invariant for found in verdicts.found] == ["I9", "I9"]


def test_everything_has_one_custodian(verdicts: Verdicts) -> None:
    custody = Custody(verdicts)
    custody.stored("bank-1", [PARCEL])
    custody.handed_over("bank-1", [PARCEL])
    custody.stored("bank-2", [PARCEL])
    assert not verdicts.found
    custody.stored("bank-1", [PARCEL])
    custody.handed_over("bank-2", [PARCEL])
    custody.handed_over("bank-2", [OTHER])
    assert [found.invariant for found in verdicts.found] == ["I12", "I12", "I12"]


def test_what_was_acknowledged_is_lost_from_when_the_server_has_gone_back(monkeypatch: pytest.MonkeyPatch) -> None:
    order = list[tuple[str, float]]()
    restore, restored = Server.restore, Chain.restored

    async def go_back(server: Server) -> Lost:
        lost = await restore(server)
        order.append(("back", asyncio.get_running_loop().time()))
        return lost

    def told(chain: Chain) -> None:
        order.append(("told", asyncio.get_running_loop().time()))
        restored(chain)

    monkeypatch.setattr(Server, "restore", go_back)
    monkeypatch.setattr(Chain, "restored", told)
    run(13, Plan(banks=1, hours=1.2, deliveries=4))  # of this size the first life with a restore
    times = [time for _, time in order[::2]]
    assert order == [(word, time) for time in times for word in ("back", "told")] != []
