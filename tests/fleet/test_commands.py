"""Commands on the server's side, with a bank made by hand: who has to agree, what is sent, and what settles it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid5

import httpx2
import pytest

from cranny import fleet, sites
from cranny.fleet import presence
from cranny.fleet.commands import asking, settling
from cranny.fleet.commands.tables import CommandRow
from cranny.fleet.postgres import stores
from cranny.platform import reactions, tenants
from cranny.platform.feature import Parts
from cranny.platform.sequencer import sequence
from cranny.platform.server import create_server
from cranny.wire import signing, subjects
from cranny.wire.brokers.memory import Hub
from cranny.wire.commands import Command, CommandReply
from cranny.wire.kdf import CheapKdf
from cranny.wire.kinds import CommandAnswered, OpeningIntended
from cranny.wire.messages import Beat, pack, unpack

WHY = "the latch was frozen"
BOOT = UUID(int=7)


@dataclass
class Bench:
    """A server, and a bank that answers what `answer` says; None is silence."""

    db: Any
    box: Any
    keyring: Any
    hub: Hub
    client: httpx2.AsyncClient
    key: UUID
    other: httpx2.AsyncClient
    heard: list[Command] = field(default_factory=list)
    answer: Callable[[Command], CommandReply | None] = lambda command: CommandReply(
        command.command, "executed", doors=tuple(target.door for target in command.targets)
    )
    sign_with: Any = None
    journal: Any = None

    async def serve(self) -> None:
        await self.hub.join("bank").subscribe(subjects.command(self.box.tenant, self.box.bank), self._obey)

    async def _obey(self, message: Any) -> None:
        public = self.keyring.downlink_key(self.box.tenant).public_key()
        command = unpack(signing.verify(public, "command", message.payload), Command)
        self.heard.append(command)
        reply = self.answer(command)
        if reply is not None:
            await message.respond(signing.sign(self.sign_with or self.box.key, "command-reply", pack(reply)))

    async def beat(self, *, boot: UUID = BOOT, head: int = 0, mono_ms: int = 1000, epoch: int = 0) -> None:
        """As one comes in: its token is new."""
        token = self.db.rng.bytes(16)
        beat = Beat(boot, epoch, head, head, 2, token, 0, "good", "test", 12, mono_ms=mono_ms)
        async with self.db.transaction(self.box.tenant) as tx:
            await presence.note_beats(tx, {self.box.bank: (beat, self.db.clock.now(), self.box.identity)})

    async def ask(self, door: str = "01", action: str = "open", *, idem: str = "", **more: Any) -> httpx2.Response:
        body = {"action": action, "reason": WHY, **({"door": door} if door else {}), **more}
        deed = idem or str(self.db.ids.new())
        headers = {"Idempotency-Key": str(uuid5(UUID(int=0), deed))}
        return await self.client.post(f"/v1/banks/{self.box.bank}/commands", json=body, headers=headers)

    async def agree(self, client: httpx2.AsyncClient, command: str, deed: str = "confirm") -> httpx2.Response:
        headers = {"Idempotency-Key": str(self.db.ids.new())}
        return await client.post(f"/v1/commands/{command}/{deed}", headers=headers)

    async def row(self, command: str) -> CommandRow:
        async with self.db.transaction(self.box.tenant) as tx:
            return await asking.get(tx, UUID(command))

    async def sweep(self) -> None:
        await settling.sweep(self.db, self.box.tenant)

    async def tell(self, *bodies: Any) -> None:
        """The bank's journal comes up, and what follows from it."""
        self.journal = self.journal or self.box.journal()
        for body in bodies:
            self.journal.say(body)
        async with stores(self.db, self.keyring)(self.box.tenant) as store:
            await fleet.take_one(store, self.box.arrival(self.journal.batch()))
        await sequence(self.db, self.box.tenant)
        while await reactions.advance(self.db, settling.REACTION, self.box.tenant):
            pass


@pytest.fixture
async def bench(db, tenant, keyring, box) -> AsyncIterator[Bench]:
    async with db.transaction(tenant) as tx:
        key_id, key = await tenants.add_key(tx, label="help desk")
        _, other = await tenants.add_key(tx, label="night desk")
    hub = Hub()
    parts = Parts(db, hub.join("server"), keyring, CheapKdf(), db.clock, db.ids, db.rng)
    app = create_server(fleet.FEATURE.routes(parts), parts)

    def client(bearer: str) -> httpx2.AsyncClient:
        headers = {"Authorization": f"Bearer {bearer}"}
        return httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://localhost", headers=headers)

    async with client(key) as mine, client(other) as theirs:
        bench = Bench(db, box, keyring, hub, mine, key_id, theirs)
        await bench.serve()
        await bench.beat()
        yield bench


async def test_what_a_command_says(bench):
    await bench.beat(mono_ms=5000)
    async with bench.db.transaction(bench.box.tenant) as tx:
        await sites.occupy(tx, [sites.Occupied(bench.box.bank, "02", 4, tx.now(), [UUID(int=1)])])
    done = (await bench.ask("02")).json()
    assert (done["state"], done["opened"], done["asked_by"]["label"]) == ("executed", ["02"], "help desk")
    (command,) = bench.heard
    assert [(target.door, target.generation) for target in command.targets] == [("02", 4)]
    assert (command.boot, command.by, command.reason) == (BOOT, f"keys/{bench.key}", WHY)
    assert 10_000 < command.ttl_ms <= 20_000


async def test_twenty_at_once_with_one_key_are_one(bench):
    answers = await asyncio.gather(*(bench.ask(idem="same") for _ in range(20)))
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len(bench.heard) == 1


async def test_above_three_in_ten_minutes_somebody_else_has_to_agree(bench):
    answers = await asyncio.gather(*(bench.ask(f"{n:02}") for n in range(1, 9)))
    assert sorted(answer.json()["state"] for answer in answers) == ["awaiting_confirmation"] * 5 + ["executed"] * 3
    waits = next(answer.json() for answer in answers if answer.json()["state"] == "awaiting_confirmation")
    own = await bench.agree(bench.client, waits["id"])
    assert (own.status_code, own.json()["code"]) == (403, "own-command")
    two = await asyncio.gather(*(bench.agree(bench.other, waits["id"]) for _ in range(5)))
    assert sorted(answer.status_code for answer in two) == [200, 409, 409, 409, 409]
    assert len(bench.heard) == 4
    # Out of service is no opening, and ten minutes later it is all forgotten.
    assert (await bench.ask("09", "take_out")).json()["state"] == "executed"


@pytest.mark.parametrize("action", ["open_all", "inventory"])
async def test_what_opens_every_door_needs_somebody_else_whoever_asks_and_however_seldom(bench, action):
    waits = (await bench.ask("", action)).json()
    assert (waits["state"], waits["second_person"]) == ("awaiting_confirmation", action.replace("_", "-"))
    assert "it opens every door" in waits["says"]
    assert (await bench.agree(bench.client, waits["id"])).json()["code"] == "own-command"
    assert bench.heard == []
    assert (await bench.agree(bench.other, waits["id"])).json()["state"] == "executed"
    assert len(bench.heard) == 1


async def test_a_high_security_door_needs_somebody_else_for_the_first_opening_already(bench, box_of):
    bench.box = await box_of(2, features="high-security")
    await bench.serve()
    await bench.beat()
    waits = (await bench.ask("01")).json()
    assert (waits["state"], waits["second_person"]) == ("awaiting_confirmation", "high-security")
    assert (await bench.agree(bench.client, waits["id"])).json()["code"] == "own-command"
    assert bench.heard == []
    assert (await bench.agree(bench.other, waits["id"])).json()["opened"] == ["01"]
    # What opens nothing is one person's to ask for.
    assert (await bench.ask("02", "take_out")).json()["state"] == "executed"


async def test_nobody_agrees_in_time(bench):
    command = (await bench.ask("", "open_all")).json()
    assert command["second_person"] == "open-all"
    async with bench.db.transaction(bench.box.tenant) as tx:
        await tx.run("UPDATE commands SET expires = $2 WHERE tenant = $1", tx.tenant, tx.now() - timedelta(seconds=1))
    late = await bench.agree(bench.other, command["id"])
    assert late.json()["code"] == "confirmation-expired"
    await bench.sweep()
    assert (await bench.row(command["id"])).state == "lapsed"
    assert bench.heard == []


async def test_a_silent_bank_is_asked_nothing(bench):
    async with bench.db.transaction(bench.box.tenant) as tx:
        old = tx.now() - timedelta(seconds=55)
        await tx.run("UPDATE bank_desks SET last_beat = $2 WHERE tenant = $1", tx.tenant, old)
    refused = await bench.ask()
    assert (refused.status_code, refused.json()["code"]) == (409, "bank-offline")
    assert bench.heard == []


@pytest.mark.parametrize("bad", [{"action": "dance"}, {"reason": "  "}, {"reason": "x" * 201}, {"door": "77"}])
async def test_what_makes_no_sense_is_said(bench, bad):
    answer = await bench.ask(**{"door": "01", **bad})
    assert answer.status_code in (400, 404), answer.text
    assert bench.heard == []


async def test_an_answer_that_is_not_the_bank_s_own_says_nothing(bench, box_of):
    bench.sign_with = (await box_of(2)).key
    command = (await bench.ask()).json()
    assert command["state"] == "unknown"


async def test_what_nobody_answered_the_journal_settles(bench):
    bench.answer = lambda _: CommandReply(None, "refused", "crowded")
    command = (await bench.ask()).json()
    assert command["state"] == "unknown"
    id_ = UUID(command["id"])
    await bench.tell(
        OpeningIntended(UUID(int=5), "01", 0, "inspect", None, "command", command=id_),
        CommandAnswered(id_, "open", "executed", "keys/x", doors=["01"]),
    )
    row = await bench.row(command["id"])
    assert (row.state, row.opened) == ("executed", ["01"])


async def test_what_the_journal_passes_by_never_arrived(bench):
    bench.answer = lambda _: CommandReply(None, "refused", "crowded")
    command = (await bench.ask()).json()
    await bench.sweep()
    assert (await bench.row(command["id"])).state == "unknown"  # the bank was not heard since
    await bench.beat(mono_ms=9_000)
    await bench.sweep()
    assert (await bench.row(command["id"])).state == "unknown"  # it might still obey it
    await bench.beat(mono_ms=60_000, head=3)
    await bench.sweep()
    assert (await bench.row(command["id"])).state == "unknown"  # it has facts that are not here
    await bench.beat(mono_ms=61_000)
    await bench.sweep()
    row = await bench.row(command["id"])
    assert (row.state, row.answer) == ("refused", "never-arrived")


async def test_an_opening_under_way_is_waited_for(bench):
    bench.answer = lambda _: CommandReply(None, "refused", "crowded")
    command = (await bench.ask()).json()
    await bench.tell(OpeningIntended(UUID(int=5), "01", 0, "inspect", None, "command", command=UUID(command["id"])))
    await bench.beat(mono_ms=90_000, head=1, epoch=1)
    await bench.sweep()
    assert (await bench.row(command["id"])).state == "unknown"


async def test_a_contradiction_is_listed(bench):
    bench.answer = lambda command: CommandReply(command.command, "refused", "busy")
    command = (await bench.ask()).json()
    assert command["answer"] == "busy"
    await bench.tell(CommandAnswered(UUID(command["id"]), "open", "executed", "keys/x", doors=["01"]))
    await bench.tell(CommandAnswered(UUID(int=99), "open", "executed", "keys/x", doors=["01"]))
    listed = (await bench.client.get("/v1/anomalies")).json()["items"]
    assert {one["kind"] for one in listed} >= {"command_contradicted"}
    assert (await bench.row(command["id"])).state == "refused"


async def test_pages_of_commands(bench):
    for n in range(1, 4):
        await bench.ask(f"{n:02}")
        await asyncio.sleep(0.002)
    first = await bench.client.get("/v1/commands?limit=2")
    assert [one["doors"] for one in first.json()["items"]] == [["03"], ["02"]]
    rest = await bench.client.get(f"/v1/commands?limit=2&after={first.json()['next']}")
    assert [one["doors"] for one in rest.json()["items"]] == [["01"]]
    assert (await bench.client.get("/v1/commands?state=unknown")).json()["items"] == []
    assert (await bench.client.get(f"/v1/commands/{UUID(int=1)}")).json()["code"] == "command-not-found"
