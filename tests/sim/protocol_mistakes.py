"""Mistakes in what bank and server tell each other. Rarer than those in `mistakes`, so it takes more lives to find
them."""

from typing import Any, Final

import msgspec
import pytest

from cranny.access import GRANT, Grant
from cranny.access import Deed as GrantDeed
from cranny.core.errors import Refused
from cranny.core.lifecycle import Move
from cranny.edge import collects, downlink, placing, rights, sums, uplink
from cranny.edge.change import Change
from cranny.edge.rows import Row
from cranny.edge.state import State
from cranny.sim.reference import server
from cranny.sim.reference.rights import Rights
from cranny.wire.messages import FactAck
from tests.sim.mistakes import Plant

UNHEARD: Final = 40
"""Facts that wait for the server: a day or two of a quiet bank."""


def rights_are_believed_unsigned(patch: pytest.MonkeyPatch) -> None:
    """The broker is ours, so what comes from it is true."""
    patch.setattr(downlink, "verify", lambda _key, _purpose, message: message[9:-66])


def the_last_writer_wins(patch: pytest.MonkeyPatch) -> None:
    """A page of rights is the truth, whatever came before it."""

    def take(state: State, entries: Any) -> tuple[Change, int]:
        rows: dict[object, Row] = {}
        for entry in entries:
            rights._take(state, entry.given, rows, [])
        if not entries:
            return Change(), 0
        mark = msgspec.structs.replace(state.mark, applied=entries[-1].seq)
        return Change(rows=[*rows.values(), mark]), len(entries)

    patch.setattr(rights, "take", take)


def the_dead_revive(patch: pytest.MonkeyPatch) -> None:
    """A grant that was revoked is bound all the same, and works again."""
    patch.setitem(GRANT.table, (Grant.REVOKED, GrantDeed.BIND), Move(Grant.ACTIVE, "grant.activated"))


def any_door_is_free(patch: pytest.MonkeyPatch) -> None:
    """Somebody else knows which doors are free, and says so."""
    patch.setattr(placing, "free", lambda state, _sight: iter(state.boxes.values()))


def nobody_looks_for_rot(patch: pytest.MonkeyPatch) -> None:
    """SQLite says that its file is in order."""
    patch.setattr(sums, "check", lambda connection: connection.execute(sums.TABLE))
    patch.setattr(sums, "counting", _not_counting)


def what_was_acknowledged_is_held_for_ever(patch: pytest.MonkeyPatch) -> None:
    """Servers have backups, so nothing is ever asked for twice."""
    acknowledged = uplink.acknowledged

    def once(state: State, ack: FactAck) -> Any:
        return (Change(), None) if ack.seq < state.mark.acked else acknowledged(state, ack)

    patch.setattr(uplink, "acknowledged", once)


def a_number_says_where_a_bank_stands(patch: pytest.MonkeyPatch) -> None:
    """Entries are numbered: what else should tell them apart?"""
    patch.setattr(server, "is_ours", lambda place, pull: pull.applied <= place.head)


def a_locator_may_be_two_people_s(patch: pytest.MonkeyPatch) -> None:
    """The server sees to it that it is not, and the server is always right."""
    patch.setattr(rights, "_located", lambda *_: False)


def a_refusal_is_noted(patch: pytest.MonkeyPatch) -> None:
    """The bank says that it can't keep a grant, and that is in the log now."""
    patch.setattr(Rights, "refused", lambda *_: None)


def a_bank_that_is_alone_trusts_nobody(patch: pytest.MonkeyPatch) -> None:
    """The server has not taken our facts for so long: it may have revoked everything meanwhile."""
    intend = collects.intend

    def wary(state: State, *given: Any) -> Any:
        if state.mark.seq - state.mark.acked > UNHEARD:
            raise Refused("alone", code="wrong")
        return intend(state, *given)

    patch.setattr(collects, "intend", wary)


class _Nothing:
    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        pass


def _not_counting(*_: object) -> _Nothing:
    return _Nothing()


PROTOCOL_MISTAKES: dict[str, Plant] = {
    plant.__name__: plant
    for plant in (
        rights_are_believed_unsigned,
        the_last_writer_wins,
        the_dead_revive,
        any_door_is_free,
        nobody_looks_for_rot,
        what_was_acknowledged_is_held_for_ever,
        a_number_says_where_a_bank_stands,
        a_locator_may_be_two_people_s,
        a_refusal_is_noted,
        a_bank_that_is_alone_trusts_nobody,
    )
}
