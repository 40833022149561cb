"""Asking for something from the wall: who may, what is said, and that a form sent twice is one command."""

import re
from contextlib import asynccontextmanager
from dataclasses import replace

import httpx2
import nkeys
import pytest

from cranny import people
from cranny.core.rng import SeededRng
from cranny.fleet import presence
from cranny.pages.operator import FEATURE
from cranny.platform import tenants
from cranny.platform.permissions import Role
from cranny.platform.server import create_server
from cranny.wire import nkey, signing, subjects
from cranny.wire.brokers.memory import Hub
from cranny.wire.commands import Command, CommandReply
from cranny.wire.messages import Beat, pack, unpack
from tests.platform.conftest import serve

FRAGMENT = {"HX-Request": "true"}


@asynccontextmanager
async def browsers(yard, *, answers=True):
    """Two people's browsers, and the commands that the bank hears."""
    async with yard.db.transaction(yard.tenant) as tx:
        _, second = await tenants.add_key(tx, label="night desk")
        beat = Beat(tx.ids.new(), 0, 0, 0, 2, b"t" * 16, 0, "good", "test", 6, mono_ms=1)
        await presence.note_beats(tx, {yard.box.bank: (beat, tx.now(), yard.box.identity)})
    seed = nkeys.encode_seed(SeededRng(yard.boxes - 1).bytes(32), nkeys.PREFIX_BYTE_USER)
    hub, heard = Hub(), []

    async def obey(message) -> None:
        public = yard.keyring.downlink_key(yard.tenant).public_key()
        command = unpack(signing.verify(public, "command", message.payload), Command)
        heard.append(command)
        doors = tuple(target.door for target in command.targets)
        reply = CommandReply(command.command, "executed", doors=doors)
        await message.respond(signing.sign(nkey.private(seed), "command-reply", pack(reply)))

    if answers:
        await hub.join("bank").subscribe(subjects.command(yard.tenant, yard.box.bank), obey)
    parts = replace(yard.parts, broker=hub.join("server"))
    app = create_server(list(FEATURE.routes(parts)), parts, visitors=people.Visitors(parts.db))
    async with (
        serve(app) as mine,
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://server") as theirs,
    ):
        for client, key in ((mine, yard.key), (theirs, second)):
            answer = await client.post("/sign-in", data={"key": key, "next": "/walls"})
            assert answer.status_code == httpx2.codes.SEE_OTHER
        yield mine, theirs, heard


def hidden(text: str) -> dict[str, str]:
    """The fields of the form."""
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', text))


async def question(client, yard, **asked: str) -> dict[str, str]:
    text = (await client.get(f"/walls/{yard.box.bank}/ask", params=asked, headers=FRAGMENT)).text
    assert 'name="reason"' in text
    return hidden(text)


async def test_a_door_is_opened_and_a_form_sent_twice_is_one_command(yard) -> None:
    async with browsers(yard) as (mine, _, heard):
        form = await question(mine, yard, action="open", door="A2")
        path = f"/walls/{yard.box.bank}/commands"
        empty = await mine.post(path, data={**form, "reason": " "}, headers=FRAGMENT)
        assert "Say why" in empty.text
        for _ in range(2):
            done = await mine.post(path, data={**form, "reason": "the latch <was> frozen"}, headers=FRAGMENT)
            assert "Door A2 is open" in done.text
        assert [target.door for command in heard for target in command.targets] == ["A2"]
        details = (await mine.get(f"/walls/{yard.box.bank}?door=A2", headers=FRAGMENT)).text
        assert "“the latch &lt;was&gt; frozen”" in details


async def test_every_door_needs_somebody_else(yard) -> None:
    async with browsers(yard) as (mine, theirs, heard):
        form = await question(mine, yard, action="open_all")
        path = f"/walls/{yard.box.bank}/commands"
        asked = await mine.post(path, data={**form, "reason": "a fire drill"}, headers=FRAGMENT)
        assert "waits for a second person" in asked.text
        confirm = f"{path}/{form['id']}/confirm"
        assert "Take it back" in (await mine.get(f"/walls/{yard.box.bank}")).text
        assert "somebody else has to confirm" in (await mine.post(confirm, headers=FRAGMENT)).text
        page = (await theirs.get(f"/walls/{yard.box.bank}")).text
        assert f'action="{confirm}"' in page
        assert heard == []
        assert "6 doors are open" in (await theirs.post(confirm, headers=FRAGMENT)).text
        assert "dealt with it already" in (await theirs.post(confirm, headers=FRAGMENT)).text
        assert len(heard) == 1


async def test_an_inventory_opens_every_door_and_waits_for_somebody_else(yard) -> None:
    async with browsers(yard) as (mine, theirs, heard):
        asked = await mine.get(f"/walls/{yard.box.bank}/ask", params={"action": "inventory"}, headers=FRAGMENT)
        assert "An inventory opens every door" in asked.text
        form, path = hidden(asked.text), f"/walls/{yard.box.bank}/commands"
        waits = await mine.post(path, data={**form, "reason": "the yearly count"}, headers=FRAGMENT)
        assert "waits for a second person" in waits.text
        confirm = f"{path}/{form['id']}/confirm"
        assert "somebody else has to confirm" in (await mine.post(confirm, headers=FRAGMENT)).text
        assert heard == []
        assert "The inventory has begun" in (await theirs.post(confirm, headers=FRAGMENT)).text
        assert [command.action for command in heard] == ["inventory"]


async def test_a_high_security_door_waits_for_somebody_else(yard) -> None:
    yard.boxes += 1
    yard.box = await yard.add_box(yard.boxes, doors=1, features="high-security")
    yard.boxes += 1  # the seed of the box is the one before the last
    async with browsers(yard) as (mine, theirs, heard):
        asked = await mine.get(f"/walls/{yard.box.bank}/ask?action=open&door=A1", headers=FRAGMENT)
        assert "This is a high-security door" in asked.text
        form, path = hidden(asked.text), f"/walls/{yard.box.bank}/commands"
        waits = await mine.post(path, data={**form, "reason": "to look inside"}, headers=FRAGMENT)
        assert "waits for a second person" in waits.text
        assert heard == []
        assert "Door A1 is open" in (await theirs.post(f"{path}/{form['id']}/confirm", headers=FRAGMENT)).text


async def test_a_bank_that_has_gone_is_said_to_be(yard) -> None:
    async with browsers(yard, answers=False) as (mine, _, _):
        form = await question(mine, yard, action="open", door="A1")
        path = f"/walls/{yard.box.bank}/commands"
        gone = await mine.post(path, data={**form, "reason": "to look"}, headers=FRAGMENT)
        assert "out of reach" in gone.text
        yard.clock.pass_by(minutes=5)
        later = await mine.get(f"/walls/{yard.box.bank}/ask?action=open&door=A1")
        again = await mine.post(path, data={**hidden(later.text), "reason": "to look"})
        assert "out of reach" in again.text


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
async def test_nobody_else_s_page_opens_a_door(yard, site: str) -> None:
    async with browsers(yard) as (mine, _, heard):
        form = await question(mine, yard, action="open", door="A1")
        path = f"/walls/{yard.box.bank}/commands"
        headers = {**FRAGMENT, "Sec-Fetch-Site": site}
        foreign = await mine.post(path, data={**form, "reason": "to look"}, headers=headers)
        assert foreign.status_code == httpx2.codes.FORBIDDEN
        for deed in ("confirm", "decline"):
            assert (await mine.post(f"{path}/{form['id']}/{deed}", headers=headers)).status_code == 403
        mine.cookies.clear()
        anonymous = await mine.post(path, data={**form, "reason": "to look"})
        assert anonymous.status_code == httpx2.codes.FOUND
        assert heard == []


async def test_a_person_asks_and_cannot_agree_with_themselves(yard) -> None:
    async with browsers(yard) as (mine, theirs, heard):
        async with yard.db.transaction(yard.tenant) as tx:
            ada = await people.remember(tx, people.Contact(name="Ada Example", email="ada@example.org"))
            await people.give(tx, yard.keyring, ada, Role.OPERATOR, by="test")
            agent = theirs.headers["User-Agent"]
            secret = await people.begin_session(tx, ("person", ada), "passkey", agent, proven=True)
        theirs.cookies.clear()
        theirs.cookies.set("cranny-session", secret)
        form = await question(theirs, yard, action="open_all")
        path = f"/walls/{yard.box.bank}/commands"
        asked = await theirs.post(path, data={**form, "reason": "a fire drill"}, headers=FRAGMENT)
        assert "waits for a second person" in asked.text
        confirm = f"{path}/{form['id']}/confirm"
        assert "somebody else has to confirm" in (await theirs.post(confirm, headers=FRAGMENT)).text
        assert "Ada Example" in (await mine.get(f"/walls/{yard.box.bank}")).text
        yard.clock.pass_by(minutes=6)
        stale = await theirs.post(f"{path}/{form['id']}/decline", headers=FRAGMENT)
        assert stale.headers["hx-redirect"].startswith("/prove?next=")
        assert heard == []
