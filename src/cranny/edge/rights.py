"""Rights from the server, turned into rows: pure. What has ended stays ended, whatever comes late. A server that was
restored from a backup may give what can't be: it is told, and gives another one."""

from collections.abc import Sequence
from typing import Final, TypeVar
from uuid import UUID

import msgspec

from cranny.edge import lifecycle
from cranny.edge.change import Change
from cranny.edge.rows import Badge, Delivery, GivenMeanwhile, Grant, Occupancy, Row, Setting
from cranny.edge.state import State
from cranny.wire.kinds import Body, GrantRefused
from cranny.wire.messages import (
    BadgeGiven,
    DeliveryGiven,
    DeliveryWithdrawn,
    Entry,
    Given,
    GrantGiven,
    GrantRevoked,
    Layout,
    PlaceGiven,
    Policy,
    Renewed,
    pack,
    unpack,
)

NOBODYS_VISIT: Final = UUID(int=0)
R = TypeVar("R", Delivery, Grant)


def take(state: State, entries: Sequence[Entry]) -> tuple[Change, int]:
    """Entries in order: what was applied before is passed over, a gap ends it. Returns the change with the new
    mark, and how many entries were taken."""
    applied, tag, taken, rows, said = state.mark.applied, state.tag, 0, dict[object, Row](), list[Body]()
    for entry in entries:
        if entry.seq > applied + 1 if applied else not begins(state, entry):
            break
        if entry.seq > applied:
            _take(state, entry.given, rows, said)
            applied, tag, taken = entry.seq, entry.tag, taken + 1
    if not taken:
        return Change(), 0
    if tag != state.tag:
        rows["tag"] = Setting("tag", msgspec.msgpack.encode(tag))
    return Change(said, [*rows.values(), msgspec.structs.replace(state.mark, applied=applied)]), taken


def end(grant: Grant, deed: lifecycle.Deed) -> Grant:
    """The grant after `deed`. One that ended opens nothing any more, so its verifiers go."""
    to = lifecycle.GRANT.move(grant.state, deed).to
    if to is lifecycle.Grant.LIVE:
        return grant
    return msgspec.structs.replace(grant, state=to, salt=b"", code_verifier=b"", qr_verifier=b"")


def ended_unseen(grant: UUID, deed: lifecycle.Deed) -> Grant:
    """A grant that ended here before its verifiers came: they will be passed over."""
    return end(
        Grant(
            grant=grant,
            state=lifecycle.Grant.LIVE,
            purpose="collect",
            locator=-1,
            salt=b"",
            code_verifier=b"",
            qr_verifier=b"",
            door="",
            generation=0,
        ),
        deed,
    )


def _take(state: State, given: Given, rows: dict[object, Row], said: list[Body]) -> None:
    match given:
        case Layout():
            rows["layout"] = Setting("layout", pack(given))
        case Policy():
            rows["policy"] = Setting("policy", pack(given))
        case DeliveryGiven():
            _deliver(state, given, rows)
        case DeliveryWithdrawn():
            _withdraw(state, given, rows)
        case GrantGiven():
            _grant(state, given, rows, said)
        case BadgeGiven():
            _badge(state, given.grant, given.badge_verifier, rows)
        case Renewed():
            pass
        case PlaceGiven():
            _place(state, given, rows)
        case GrantRevoked():
            rows.pop(("badge", given.grant), None)
            known = _now(rows, given.grant, state.grants)
            revoke = lifecycle.Deed.REVOKE
            rows[given.grant] = end(known, revoke) if known else ended_unseen(given.grant, revoke)


def begins(state: State, entry: Entry) -> bool:
    """Whether an empty copy begins with this entry."""
    given, epoch = entry.given, state.mark.epoch
    return given.epoch == epoch if isinstance(given, Renewed) else entry.seq == 1 and epoch == 1


def _place(state: State, given: PlaceGiven, rows: dict[object, Row]) -> None:
    """Only where this epoch knows nothing of the door."""
    if not state.inherited(given.door) or given.door in state.occupancies:
        return
    for delivery in given.deliveries:
        known = _now(rows, delivery, state.deliveries) or _nobodys(delivery)
        if known.state is lifecycle.Delivery.STORED:
            continue
        to = lifecycle.DELIVERY.move(known.state, lifecycle.Handling.DEPOSIT).to
        rows[delivery] = msgspec.structs.replace(known, state=to)
    rows[given.door] = Occupancy(
        label=given.door,
        generation=given.generation,
        grant=given.grant,
        collector=given.collector,
        visit=NOBODYS_VISIT,
        deliveries=given.deliveries,
    )


def _nobodys(delivery: UUID) -> Delivery:
    """One that nobody had announced."""
    return Delivery(
        delivery=delivery,
        state=lifecycle.DELIVERY.start,
        deposit_grant=None,
        collect_grant=None,
        collector=b"",
        items=[],
        features=[],
        seated=False,
    )


def _deliver(state: State, given: DeliveryGiven, rows: dict[object, Row]) -> None:
    """One that is given again has another recipient, or comes back here after it was to go elsewhere. What lies
    inside stays as it is: the server hears where it is, and sees to the rest. So does what is just being put there, as
    something of the old recipient's may go in with it, until it was not put in after all."""
    known = _now(rows, given.delivery, state.deliveries)
    if given.delivery in state.gone or (known and known.state is lifecycle.Delivery.STORED):
        return
    if known and state.being_stored(given.delivery) is not None:
        rows["meanwhile", given.delivery] = GivenMeanwhile(given.delivery, pack(given))
        return
    _settle(state, given.delivery, rows)
    rows[given.delivery] = _as_given(known, given)


def caught_up(state: State, known: Delivery) -> Delivery:
    """The delivery with what was given while a door stood open for it, once it was not put in after all."""
    given = state.meanwhile.get(known.delivery)
    if given is None or known.state is lifecycle.Delivery.STORED or state.being_stored(known.delivery) is not None:
        return known
    return _as_given(known, unpack(given, DeliveryGiven))


def is_withdrawn(state: State, known: Delivery) -> bool:
    """It is not wanted here, and was not given once more since, while its door stood open."""
    return known.state is lifecycle.Delivery.WITHDRAWN and known.delivery not in state.meanwhile


def _settle(state: State, delivery: UUID, rows: dict[object, Row]) -> None:
    """What was given while its door stood open counts no more."""
    if delivery in state.meanwhile or ("meanwhile", delivery) in rows:
        rows["meanwhile", delivery] = GivenMeanwhile(delivery, b"")


def _as_given(known: Delivery | None, given: DeliveryGiven) -> Delivery:
    return Delivery(
        delivery=given.delivery,
        state=lifecycle.DELIVERY.move(known.state, lifecycle.Handling.GIVE).to if known else lifecycle.DELIVERY.start,
        deposit_grant=given.deposit_grant,
        collect_grant=given.collect_grant,
        collector=given.collector,
        items=given.items,
        features=given.features,
        seated=given.seated,
    )


def _withdraw(state: State, given: DeliveryWithdrawn, rows: dict[object, Row]) -> None:
    known = _now(rows, given.delivery, state.deliveries)
    _settle(state, given.delivery, rows)
    if known:
        to = lifecycle.DELIVERY.move(known.state, lifecycle.Handling.WITHDRAW).to
        rows[given.delivery] = msgspec.structs.replace(known, state=to)


def _grant(state: State, given: GrantGiven, rows: dict[object, Row], said: list[Body]) -> None:
    known = _now(rows, given.grant, state.grants)
    if known is not None:
        if known.state is lifecycle.Grant.REVOKED:
            said.append(GrantRefused(grant=given.grant, reason="ended"))
        return
    if _located(state, given, rows):
        rows[given.grant] = ended_unseen(given.grant, lifecycle.Deed.REVOKE)
        said.append(GrantRefused(grant=given.grant, reason="locator"))
        return
    rows[given.grant] = Grant(
        grant=given.grant,
        state=lifecycle.GRANT.start,
        purpose=given.purpose,
        locator=given.locator,
        salt=given.salt,
        code_verifier=given.code_verifier,
        qr_verifier=given.qr_verifier,
        door=given.door,
        generation=given.generation,
    )
    if given.badge_verifier:
        _badge(state, given.grant, given.badge_verifier, rows)


def _located(state: State, given: GrantGiven, rows: dict[object, Row]) -> bool:
    """Whether another live grant has its locator: whoever typed one code might mean the other."""
    fresh = [row for row in rows.values() if isinstance(row, Grant) and row.locator == given.locator]
    held = [_now(rows, grant.grant, state.grants) or grant for grant in state.located(given.locator)]
    return any(grant.state is lifecycle.Grant.LIVE for grant in (*fresh, *held))


def _badge(state: State, grant: UUID, verifier: bytes, rows: dict[object, Row]) -> None:
    """A grant that has ended has no badge any more, whatever comes late."""
    known = _now(rows, grant, state.grants)
    if known and known.state is lifecycle.Grant.LIVE:
        rows["badge", grant] = Badge(grant, verifier)


def _now(rows: dict[object, Row], key: UUID, table: dict[UUID, R]) -> R | None:
    """The row as it is after the entries taken so far."""
    fresh = rows.get(key)
    return fresh if fresh is not None else table.get(key)  # type: ignore[return-value] # ids name one kind of row
