"""Sends commands and hears the answers, in the process that was asked. Each is sent once; whatever goes wrong on the
way, what became of it is the journal's to tell."""

import asyncio
from typing import Final
from uuid import UUID

import structlog

from cranny.core.errors import Invalid, Unavailable
from cranny.fleet import tables as fleet_tables
from cranny.fleet.commands import tables
from cranny.fleet.commands.asking import Outgoing, get
from cranny.fleet.commands.lifecycle import CommandState
from cranny.fleet.commands.settling import lose, settle
from cranny.fleet.commands.tables import CommandRow
from cranny.platform.db import Database
from cranny.platform.keys import Keyring
from cranny.wire import nkey, signing, subjects
from cranny.wire.brokers import Broker, NobodyListens
from cranny.wire.commands import CommandReply
from cranny.wire.messages import pack, unpack

LOOK_EVERY_S: Final = 0.2
PATIENCE_S: Final = 25.0
"""How long whoever asked is kept waiting for the outcome; it can be read later as well."""

log = structlog.get_logger(__name__)


class Dispatcher:
    def __init__(self, db: Database, broker: Broker, keyring: Keyring) -> None:
        self._db = db
        self._broker = broker
        self._keyring = keyring
        self._sending: dict[asyncio.Task[None], None] = {}  # in order, so that a simulated stop is always the same

    def dispatch(self, outgoing: Outgoing) -> None:
        """Send it, and note the answer, whether or not somebody waits for it. To be called once its transaction is
        through, and only then."""
        task = asyncio.create_task(self._send(outgoing), name="command")
        self._sending[task] = None
        task.add_done_callback(self._sending.pop)

    async def stop(self) -> None:
        """Waits for no answer any more: what became of what was sent, the journals tell."""
        for task in list(self._sending):
            task.cancel()
        await asyncio.gather(*self._sending, return_exceptions=True)

    async def outcome(self, tenant: UUID, id_: UUID, *, within: float = PATIENCE_S) -> CommandRow:
        """How it stands once it is settled, or after so many seconds. Raises NotFound, code `command-not-found`."""
        loop = asyncio.get_running_loop()
        end = loop.time() + within
        while True:
            async with self._db.transaction(tenant) as tx:
                row = await get(tx, id_)
            if row.state is not CommandState.ISSUED or loop.time() >= end:
                return row
            await asyncio.sleep(LOOK_EVERY_S)

    async def _send(self, outgoing: Outgoing) -> None:
        command = outgoing.command
        signed = signing.sign(self._keyring.downlink_key(command.tenant), "command", pack(command))
        subject = subjects.command(command.tenant, command.bank)
        try:
            answer = await self._broker.request(subject, signed, timeout=outgoing.wait_s)
            reply = await self._read(outgoing, answer)
        except NobodyListens:
            await self._note(outgoing, CommandReply(command.command, "refused", "absent"))
        except (Unavailable, Invalid) as error:
            # It may have arrived: never again, and nobody knows.
            log.warning("command not answered", command=str(command.command), reason=error.code)
            async with self._db.transaction(command.tenant) as tx:
                await lose(tx, command.command)
        else:
            await self._note(outgoing, reply)

    async def _read(self, outgoing: Outgoing, answer: bytes) -> CommandReply:
        """The bank's own answer. Raises Invalid when it is anybody else's, or about something else: whoever holds the
        broker can keep an answer away, and can't make one."""
        command = outgoing.command
        async with self._db.transaction(command.tenant) as tx:
            name = await tx.value(fleet_tables.GET_KEY, command.tenant, command.bank)
        reply = unpack(signing.verify(nkey.public(name or ""), "command-reply", answer), CommandReply)
        if reply.command != command.command:
            raise Invalid(f"The bank could not believe what it was asked: {reply.reason}.", code="reply-foreign")
        return reply

    async def _note(self, outgoing: Outgoing, reply: CommandReply) -> None:
        command = outgoing.command
        async with self._db.transaction(command.tenant) as tx:
            if reply.outcome == "taken":
                await tx.run(tables.ACKNOWLEDGE, command.tenant, command.command, tx.now())
                return
            executed = reply.outcome == "executed"
            await settle(tx, command.command, executed=executed, answer=reply.reason, opened=reply.doors)
