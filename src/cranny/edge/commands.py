"""Commands from the server: at most once, never late, never after a restart.

What is not signed by this bank's server leaves no trace but a line in the log. What is signed is told in the journal
once, whether it was done or refused; an answer that is lost on the way is found there. This controller asks for nothing
again and keeps nothing for later.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final
from uuid import UUID

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from cranny.core.clock import Clock
from cranny.core.errors import CrannyError, Invalid, Unavailable
from cranny.core.ids import Ids
from cranny.edge import command_rules, lifecycle
from cranny.edge.change import Ruled
from cranny.edge.controller import Controller
from cranny.edge.crew import Crew
from cranny.edge.disk import DiskFailed, DiskFull
from cranny.edge.link import Line
from cranny.edge.placing import Placed
from cranny.edge.rows import Command as Row
from cranny.edge.state import State
from cranny.edge.tokens import Tokens
from cranny.wire import subjects
from cranny.wire.brokers import Incoming
from cranny.wire.commands import Command, CommandReply, Target
from cranny.wire.messages import pack, unpack
from cranny.wire.signing import sign, verify

AT_ONCE: Final = 16
"""Commands that are looked at together; more are a mistake, or an attack."""
DOORS_AT_ONCE: Final = 4
"""Of one command that opens several: the locks of one line are pulsed one after the other all the same."""

Inventory = Callable[[Command], Awaitable[None]]
"""Begins the guided inventory that `command` asks for."""

log = structlog.get_logger(__name__)


class Rebooting(CrannyError):
    """Told from afar: this process is to end."""

    code = "rebooting"


class Commander:
    def __init__(
        self,
        controller: Controller,
        line: Line,
        tokens: Tokens,
        *,
        server: Ed25519PublicKey,
        key: Ed25519PrivateKey,
        crew: Crew,
        clock: Clock,
        ids: Ids,
        inventory: Inventory | None = None,
    ) -> None:
        """`server` is the key that was pinned at enrolment, `key` the box's own. Without an `inventory` that command
        is refused."""
        self._controller = controller
        self._journal = controller.journal
        self._line = line
        self._tokens = tokens
        self._server = server
        self._key = key
        self._crew = crew
        self._clock = clock
        self._ids = ids
        self._inventory = inventory
        self._busy = 0
        self._turned_away: set[UUID] = set()
        """Refused because nothing could be written: for as long as this run, and so for as long as they are good."""

    async def run(self) -> None:
        """Until cancelled."""
        subject = subjects.command(self._line.tenant, self._line.bank)
        subscription = await self._line.broker.subscribe(subject, self._arrived)
        try:
            await asyncio.Event().wait()
        finally:
            await subscription.stop()

    async def _arrived(self, message: Incoming) -> None:
        if self._busy >= AT_ONCE:
            await self._reply(message, CommandReply(None, "refused", "crowded"))
            return
        self._busy += 1
        self._crew.spawn(self._serve(message), name="command")

    async def _serve(self, message: Incoming) -> None:
        try:
            asked = self._read(message.payload)
            if isinstance(asked, str):
                log.warning("command not believed", reason=asked)
                await self._reply(message, CommandReply(None, "refused", asked))
                return
            try:
                if asked.command not in self._turned_away:
                    await self._obey(asked, message)
                    return
            except DiskFull:
                self._turned_away.add(asked.command)
            await self._reply(message, CommandReply(asked.command, "refused", "disk-full"))
        finally:
            self._busy -= 1

    # ------------------------------------------------------------ is it for us, and now?

    def _read(self, payload: bytes) -> Command | str:
        """The command, when it was signed for this bank; else why it can't be believed."""
        try:
            asked = unpack(verify(self._server, "command", payload), Command)
        except Invalid as invalid:
            return invalid.code
        here = (asked.tenant, asked.bank) == (self._line.tenant, self._line.bank)
        return asked if here else "foreign"

    def _too_late(self, asked: Command) -> str:
        if asked.boot != self._journal.boot:
            return "rebooted"
        return "" if self._clock.monotonic() <= self._until(asked) else "stale"

    def _until(self, asked: Command) -> float:
        until = self._tokens.until(asked.token, asked.ttl_ms)
        return float("-inf") if until is None else until

    # ------------------------------------------------------------ doing it

    async def _obey(self, asked: Command, message: Incoming) -> None:
        """Do it once, and answer. What is known already is answered as it was."""
        if asked.action == "open" and len(asked.targets) == 1:
            await self._reply(message, _answer(await self._open(asked, asked.targets[0])))
            return
        row, fresh = await self._journal.commit(lambda state: self._rule(state, asked))
        await self._reply(message, _answer(row))
        if not fresh:
            return
        if asked.action == "open":
            await self._open_each(asked)
        elif asked.action == "reboot":
            raise Rebooting("The server asked for a restart.")
        elif asked.action == "inventory" and self._inventory is not None:
            await self._inventory(asked)

    def _rule(self, state: State, asked: Command) -> Ruled[tuple[Row, bool]]:
        """What is journalled, and whether there is something left to do. Decided on the state as it is on the disk, at
        the moment of writing."""
        known, late = asked.command in state.commands, self._too_late(asked)
        if known or late:
            change, row = command_rules.refuse(state, asked, late)
            return change, (row, False)
        change, row = self._take(state, asked)
        return change, (row, row.state is not lifecycle.Command.REFUSED)

    def _take(self, state: State, asked: Command) -> Ruled[Row]:
        match asked.action:
            case "take_out" if len(asked.targets) == 1:
                return command_rules.take_out(state, asked)
            case "put_back" if len(asked.targets) == 1:
                return command_rules.put_back(state, asked)
            case "open" if asked.targets:
                return command_rules.take(state, asked)
            case "reboot":
                return command_rules.take(state, asked)
            case "inventory" if self._inventory is not None:
                return command_rules.done(state, asked)
            case _:
                return command_rules.refuse(state, asked, "unsupported")

    async def _open(self, asked: Command, target: Target) -> Row:
        """One door, seen open or not when this returns."""
        arrived, until = self._clock.monotonic(), self._until(asked)

        def rule(state: State) -> Ruled[Placed | Row]:
            late = self._too_late(asked)
            if late or asked.command in state.commands:
                return command_rules.refuse(state, asked, late)
            return command_rules.open_one(state, self._controller.wall, asked, target, self._ids)

        placed = await self._journal.commit(rule)
        if isinstance(placed, Row):
            return placed
        await self._controller.release(placed.opening, arrived, until=until)
        return self._journal.state.commands[asked.command]

    async def _open_each(self, asked: Command) -> None:
        """Several doors, a few at a time, for as long as the command is fresh. Raises DiskFailed, also where the disk
        is full: the command is in the journal, and only a restart can end it there."""
        turns = asyncio.Semaphore(DOORS_AT_ONCE)
        doors = [asyncio.create_task(self._open_in_turn(asked, target, turns)) for target in asked.targets]
        try:
            await asyncio.gather(*doors)
        except DiskFull as error:
            raise DiskFailed("The disk is full in the middle of a command.") from error
        finally:
            for door in doors:
                door.cancel()
            await asyncio.gather(*doors, return_exceptions=True)

    async def _open_in_turn(self, asked: Command, target: Target, turns: asyncio.Semaphore) -> None:
        async with turns:
            arrived, until = self._clock.monotonic(), self._until(asked)

            def rule(state: State) -> Ruled[Placed | Row]:
                if late := self._too_late(asked):
                    return command_rules.stop(state, asked.command, late)
                return command_rules.open_one(state, self._controller.wall, asked, target, self._ids)

            placed = await self._journal.commit(rule)
            if isinstance(placed, Placed):
                await self._controller.release(placed.opening, arrived, until=until)

    async def _reply(self, message: Incoming, reply: CommandReply) -> None:
        """Where it can't be sent, the journal tells."""
        with suppress(Unavailable):
            await message.respond(sign(self._key, "command-reply", pack(reply)))


def _answer(row: Row) -> CommandReply:
    return CommandReply(row.command, row.state.value, row.reason, tuple(row.doors))
