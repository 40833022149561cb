"""What a bank knew, from what it was told and what it told: the rights that an empty copy begins with."""

from uuid import UUID

from cranny.fleet.renewal import Known
from cranny.wire.kinds import CodeExhausted, CollectFinished, DepositStored
from cranny.wire.messages import (
    DeliveryGiven,
    DeliveryWithdrawn,
    GrantGiven,
    GrantRevoked,
    Layout,
    PlaceGiven,
    Policy,
    Renewed,
)

HALL = Layout("Hall", "Europe/Vienna", [])
SOMEBODY = b"somebody"


def delivery(n: int) -> DeliveryGiven:
    return DeliveryGiven(UUID(int=n), UUID(int=100 + n), UUID(int=200 + n), SOMEBODY, [], [], seated=False)


def grant(n: int) -> GrantGiven:
    return GrantGiven(UUID(int=200 + n), "collect", UUID(int=n), n, b"salt", b"code", b"qr")


def stored(door: str, generation: int, n: int, *superseded: int) -> DepositStored:
    ended = [UUID(int=200 + one) for one in superseded]
    return DepositStored(UUID(int=9), door, generation, [UUID(int=n)], UUID(int=200 + n), "sensed", ended)


def collected(door: str, generation: int, n: int) -> CollectFinished:
    return CollectFinished(UUID(int=9), door, generation, "collect", UUID(int=200 + n), [UUID(int=n)], "sensed")


def known(*numbers: int) -> Known:
    found = Known()
    for given in (HALL, Policy(), *(one for n in numbers for one in (delivery(n), grant(n)))):
        found.give(given)
    return found


def test_what_is_awaited_lies_there_and_opens():
    bank = known(1, 2, 3, 4)
    bank.give(DeliveryWithdrawn(UUID(int=4)))
    bank.give(GrantRevoked(UUID(int=204)))
    bank.tell(stored("01", 1, 1))
    bank.tell(stored("02", 1, 2))
    bank.tell(collected("02", 1, 2))
    assert list(bank.all(2)) == [
        Renewed(2),
        HALL,
        Policy(),
        delivery(3),
        delivery(1),
        PlaceGiven("01", 1, UUID(int=201), SOMEBODY, [UUID(int=1)]),
        grant(1),
        grant(3),
    ]


def test_parcels_that_share_a_door_share_a_grant():
    bank = known(1, 2)
    bank.tell(stored("01", 1, 1))
    shared = DepositStored(UUID(int=9), "01", 1, [UUID(int=2)], UUID(int=201), "sensed", [UUID(int=202)])
    bank.tell(shared)
    place = PlaceGiven("01", 1, UUID(int=201), SOMEBODY, [UUID(int=1), UUID(int=2)])
    assert list(bank.all(2))[3:] == [delivery(1), delivery(2), place, grant(1)]


def test_a_code_that_was_switched_off_stays_off():
    bank = known(1)
    bank.tell(CodeExhausted(UUID(int=201), 10))
    (given,) = [one for one in bank.all(2) if isinstance(one, GrantGiven)]
    assert (given.code_verifier, given.qr_verifier) == (b"", b"qr")


def test_a_parcel_that_nobody_had_announced_keeps_its_place():
    bank = known()
    bank.tell(DepositStored(UUID(int=9), "01", 1, [UUID(int=5)], None, "sensed", [], [UUID(int=5)]))
    assert list(bank.all(2))[-1] == PlaceGiven("01", 1, None, b"", [UUID(int=5)])


def test_a_renewal_of_a_renewal_is_the_same():
    """The facts that led to the first one are told once more, and change nothing."""
    first = known(1, 2, 3)
    facts = [stored("01", 1, 1), stored("02", 1, 2), collected("02", 1, 2), stored("02", 2, 3)]
    for fact in facts:
        first.tell(fact)
    second = Known()
    for given in first.all(2):
        second.give(given)
    for fact in facts:
        second.tell(fact)
    assert list(second.all(2)) == list(first.all(2))
