"""Mistakes in what the first tier tells in words of its own: the server's SQL, its jobs, its reactions."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest

from cranny.platform import jobs, reactions
from cranny.platform.db import Tx
from cranny.usecases.deliveries import tables

Plant = Callable[[pytest.MonkeyPatch], None]


def a_locator_is_given_out_twice(patch: pytest.MonkeyPatch) -> None:
    """Whoever looks for a free one forgets to ask whether it is free."""
    issue = import_module("cranny.access.issue")
    patch.setattr(issue, "ISSUE", _without(issue.ISSUE, "AND grant_id IS NULL"))


def a_job_ends_before_it_is_done(patch: pytest.MonkeyPatch) -> None:
    """Taken off the queue in a transaction of its own, because the other one is long enough."""
    do, finish = jobs.Worker._do, jobs.Worker._finish

    async def hasty(self: jobs.Worker, job: Any) -> None:
        async with self._db.transaction() as tx:
            await finish(self, tx, job)
        await do(self, job)

    async def nothing(self: jobs.Worker, tx: Tx, job: Any) -> None:
        del self, tx, job

    patch.setattr(jobs.Worker, "_do", hasty)
    patch.setattr(jobs.Worker, "_finish", nothing)


def the_cursor_moves_first(patch: pytest.MonkeyPatch) -> None:
    """A reaction notes how far it is, and then does what there is to do."""
    step = reactions._step

    async def eager(tx: Tx, reaction: Any, **more: Any) -> Any:
        later: list[Any] = []

        async def note(_: Tx, event: Any) -> None:
            later.append(event)

        dealt_with = await step(tx, reactions.Reaction(reaction.name, reaction.types, note), **more)
        await tx.run("COMMIT")
        await tx.run(f"BEGIN; SELECT set_config('app.tenant', '{tx.tenant.hex}', true)")
        for event in later:
            await reaction.handle(tx, event)
        return dealt_with

    patch.setattr(reactions, "_step", eager)


def what_lies_there_has_any_door(patch: pytest.MonkeyPatch) -> None:
    """The statement that notes where something was stored leaves the generation out."""
    patch.setattr(tables, "STORE", tables.STORE.replace("generation = $4", "generation = greatest($4 - 1, 0)"))


def _without(sql: str, part: str) -> str:
    assert part in sql
    return sql.replace(part, "")


WHOLE_MISTAKES: dict[str, Plant] = {
    plant.__name__: plant
    for plant in (
        a_locator_is_given_out_twice,
        a_job_ends_before_it_is_done,
        the_cursor_moves_first,
        what_lies_there_has_any_door,
    )
}
