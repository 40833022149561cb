"""Mistakes, planted into the running product at its seams. Each is one that a hurried programmer might make."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from cranny.core.clock import millis
from cranny.edge import (
    collects,
    command_rules,
    controller,
    credentials,
    journal,
    opening,
    rights,
    schema,
    storing,
    uplink,
)
from cranny.edge.change import Change
from cranny.edge.commands import Commander
from cranny.edge.crew import Crew
from cranny.edge.disk import DiskFailed
from cranny.edge.draft import Draft
from cranny.edge.grace import one_less
from cranny.edge.journal import Journal
from cranny.edge.lifecycle import Deed
from cranny.edge.rows import Command, Delivery, Occupancy, Opening, Order
from cranny.edge.state import State
from cranny.edge.tokens import Tokens
from cranny.fleet import Commits
from cranny.fleet import rules as fleet_rules
from cranny.wire.facts import GENESIS
from cranny.wire.messages import FactAck

Plant = Callable[[pytest.MonkeyPatch], None]


def ack_before_commit(patch: pytest.MonkeyPatch) -> None:
    """The server says that it holds what it is about to write."""
    take = Commits.take
    writing = set()

    async def hasty(self: Commits, arrival: Any) -> FactAck:
        task = asyncio.ensure_future(take(self, arrival))
        writing.add(task)
        task.add_done_callback(writing.discard)
        task.add_done_callback(lambda task: task.cancelled() or task.exception())
        return FactAck(epoch=arrival.batch.epoch, seq=arrival.batch.first + len(arrival.batch.facts) - 1)

    patch.setattr(Commits, "take", hasty)


def pulse_before_the_intent_is_durable(patch: pytest.MonkeyPatch) -> None:
    """The journal writes in the background, because that is faster."""
    commit = Journal.commit
    writing = set()

    async def lazy(self: Journal, rule: Any, *, essential: bool = True) -> Any:
        change, told = rule(self.state)
        if not any(type(body).__name__ == "OpeningIntended" for body in change.bodies):
            return await commit(self, rule, essential=essential)
        for row in change.rows:
            self.state.put(row)
        task = asyncio.ensure_future(commit(self, lambda _: (change, told), essential=essential))
        writing.add(task)
        task.add_done_callback(writing.discard)
        task.add_done_callback(lambda task: task.cancelled() or task.exception())
        return told

    patch.setattr(Journal, "commit", lazy)


def a_code_is_for_a_door(patch: pytest.MonkeyPatch) -> None:
    """Whoever may open a door may open it whatever lies there by now."""
    behind = State.lies_behind

    def any_generation(self: State, grant: Any) -> Any:
        return self.occupancies.get(grant.door) if grant.door else behind(self, grant)

    def again(state: State, sight: Any, last: Any, ids: Any) -> Any:
        under_way = state.under_way(last.door)
        if under_way is not None:
            return Draft(state).change(), collects._already(sight, under_way, last.grant)
        box = state.compartment(last.door)
        opened = collects._opening(last.as_grant(), last.door, box.generation, "reopen", ids)
        return collects.release_for(state, sight, opened, one_less(last))

    patch.setattr(State, "lies_behind", any_generation)
    patch.setattr(collects, "intend_again", again)


def numbers_start_again(patch: pytest.MonkeyPatch) -> None:
    """After a restart the facts are counted from 1."""
    load = journal._load

    def forgetful(connection: Any, new: Any) -> State:
        state = load(connection, new)
        state.put(msgspec.structs.replace(state.mark, seq=0, acked=0, head=GENESIS))
        return state

    patch.setattr(journal, "_load", forgetful)
    patch.setattr(schema, "ADD_FACT", schema.ADD_FACT.replace("INSERT", "INSERT OR REPLACE"))


def nothing_is_known_twice(patch: pytest.MonkeyPatch) -> None:
    """The server takes every batch for a new one."""
    patch.setattr(fleet_rules, "overlap", lambda _cursor, _batch: range(0))


def a_doubtful_door_stays_in_the_pool(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Draft, "block", lambda _self, _door, _reason: None)


def a_disk_error_is_swallowed(patch: pytest.MonkeyPatch) -> None:
    """What could not be written is taken for written."""
    commit = Journal.commit

    async def careless(self: Journal, rule: Any, *, essential: bool = True) -> Any:
        try:
            return await commit(self, rule, essential=essential)
        except DiskFailed:
            self._broken = False
            change, told = rule(self.state)
            for row in change.rows:
                self.state.put(row)
            return told

    patch.setattr(Journal, "commit", careless)


def a_revoked_grant_still_opens(patch: pytest.MonkeyPatch) -> None:
    end = rights.end
    patch.setattr(rights, "end", lambda grant, deed: grant if deed is Deed.REVOKE else end(grant, deed))


def a_restart_opens_the_door_again(patch: pytest.MonkeyPatch) -> None:
    """The controller finishes what it began before the power went."""
    start = controller.Controller.start

    def eager(self: Any) -> None:
        start(self)
        for under_way in self.journal.state.openings.values():
            box = self.journal.state.boxes[under_way.door]
            self._crew.spawn(self._driver.pulse(box.unit, box.channel), name="again")

    patch.setattr(controller.Controller, "start", eager)


def a_lock_is_tried_out_after_each_start(patch: pytest.MonkeyPatch) -> None:
    """Two minutes after a start one lock is released, to see that the board does what it is told."""
    start = controller.Controller.start

    def curious(self: Any) -> None:
        start(self)

        async def try_out() -> None:
            await asyncio.sleep(120)
            box = next(iter(self.journal.state.boxes.values()))
            await self._driver.pulse(box.unit, box.channel)

        self._crew.spawn(try_out(), name="try out")

    patch.setattr(controller.Controller, "start", curious)


def what_was_sent_counts_as_held(patch: pytest.MonkeyPatch) -> None:
    """Any answer is taken for an acknowledgement of everything."""

    def trusting(state: State, _: FactAck) -> Any:
        return Change(rows=[msgspec.structs.replace(state.mark, acked=state.mark.seq)]), None

    patch.setattr(uplink, "acknowledged", trusting)


def a_parcel_counts_when_the_door_opens(patch: pytest.MonkeyPatch) -> None:
    """Whatever happened to the door, the deposit is stored once it is shut."""
    patch.setattr(storing, "_verdict", lambda *_: ("inferred", "empty", ""))


def every_try_is_an_opening_of_its_own(patch: pytest.MonkeyPatch) -> None:
    """A further pulse is not written down."""

    async def silent(self: Any, id_: Any) -> Any:
        return self._journal.state.openings[id_]

    patch.setattr(opening.Opener, "_try_again", silent)


def a_lock_may_be_released_late(patch: pytest.MonkeyPatch) -> None:
    """However long the disk took for the intent."""
    patch.setattr(opening, "LATE_S", 1e9)


def a_failed_task_is_not_noticed(patch: pytest.MonkeyPatch) -> None:
    """The controller goes on with what is left of it."""
    patch.setattr(Crew, "_fail", lambda _self, _error: None)


def what_was_withdrawn_is_taken_in(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(rights, "_withdraw", lambda _state, _given, _rows: None)


def a_restart_forgets_what_was_under_way(patch: pytest.MonkeyPatch) -> None:
    """The openings of the last run are of no interest."""
    patch.setitem(schema.LOAD, Opening, "SELECT * FROM openings WHERE false")


def commands_never_get_old(patch: pytest.MonkeyPatch) -> None:
    """A command that was signed by the server is good, whenever it comes."""
    patch.setattr(Tokens, "until", lambda _self, _token, _ttl_ms: float("inf"))


def commands_get_old_by_the_wall_clock(patch: pytest.MonkeyPatch) -> None:
    """A command says when it was made, and the bank looks at its own clock."""

    def too_late(self: Commander, asked: Any) -> str:
        age_ms = millis(self._clock.now()) - (asked.command.int >> 80)
        return "stale" if age_ms > asked.ttl_ms else ""

    patch.setattr(Commander, "_too_late", too_late)
    patch.setattr(Commander, "_until", lambda _self, _asked: float("inf"))


def commands_are_remembered_in_memory(patch: pytest.MonkeyPatch) -> None:
    """Which commands were obeyed is nothing for the disk."""
    patch.setitem(schema.PUT, Command, "SELECT ?, ?, ?, ?, ?, ?, ?")
    patch.setitem(schema.PUT, Order, "SELECT ?, ?, ?")


def commands_outlive_a_restart(patch: pytest.MonkeyPatch) -> None:
    """A restart takes but a moment, so why should it end anything? The tokens are kept somewhere."""
    patch.setattr(Commander, "_too_late", lambda *_: "")
    patch.setattr(Commander, "_until", lambda _self, _asked: float("inf"))


def a_command_is_for_a_door(patch: pytest.MonkeyPatch) -> None:
    """Whoever asks for a door wants it open, whatever lies there by now."""
    kept_shut = command_rules._kept_shut

    def easily(state: State, sight: Any, target: Any) -> str:
        reason = kept_shut(state, sight, target)
        return "" if reason == "changed" and sight.ready(target.door) else reason

    patch.setattr(command_rules, "_kept_shut", easily)


def a_code_can_be_tried_for_ever(patch: pytest.MonkeyPatch) -> None:
    """The keypad is slow enough: why switch anybody's code off?"""
    count = credentials.count_failure
    patch.setattr(credentials, "count_failure", lambda state, _grant, slowed_s, pad: count(state, None, slowed_s, pad))


def what_was_taken_still_lies_there(patch: pytest.MonkeyPatch) -> None:
    """The hand-over is told, and the books are put right by whoever looks behind the door next."""
    finish = collects.finish

    def lazy(*given: Any) -> Any:
        change, settled = finish(*given)
        kept = [row for row in change.rows if not isinstance(row, Occupancy | Delivery)]
        return replace(change, rows=kept), settled

    patch.setattr(collects, "finish", lazy)


MISTAKES: dict[str, Plant] = {
    plant.__name__: plant
    for plant in (
        ack_before_commit,
        pulse_before_the_intent_is_durable,
        a_code_is_for_a_door,
        numbers_start_again,
        nothing_is_known_twice,
        a_doubtful_door_stays_in_the_pool,
        a_disk_error_is_swallowed,
        a_revoked_grant_still_opens,
        a_restart_opens_the_door_again,
        a_lock_is_tried_out_after_each_start,
        what_was_sent_counts_as_held,
        a_parcel_counts_when_the_door_opens,
        every_try_is_an_opening_of_its_own,
        a_lock_may_be_released_late,
        a_failed_task_is_not_noticed,
        what_was_withdrawn_is_taken_in,
        a_restart_forgets_what_was_under_way,
        commands_never_get_old,
        commands_get_old_by_the_wall_clock,
        commands_are_remembered_in_memory,
        commands_outlive_a_restart,
        a_command_is_for_a_door,
        a_code_can_be_tried_for_ever,
        what_was_taken_still_lies_there,
    )
}
