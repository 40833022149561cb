"""A bank that never has a network: its rights come and its facts go as files, carried by somebody. The recipient is
told within the hour all the same."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cranny import fleet
from cranny.apps.edge import INBOX, JOURNAL, export_uplink, import_downlink
from cranny.core.errors import Invalid
from cranny.core.ids import TimeIds
from cranny.core.rng import SeededRng
from cranny.edge import identity
from cranny.edge.app import Config, Parts, start
from cranny.edge.disk import ThreadDisk
from cranny.edge.drivers.simulated import SimulatedBoard
from cranny.edge.link import Line
from cranny.fleet.mule import Carrier
from cranny.fleet.postgres import PostgresStore
from cranny.wire import nkey, signing
from cranny.wire.brokers.memory import Hub
from cranny.wire.kdf import CheapKdf
from cranny.wire.messages import FactBatch, unpack
from cranny.wire.mule import LARGEST, Carried, Returned

pytestmark = pytest.mark.engines


class Cabin:
    """A controller with nobody at the other end of the wire."""

    def __init__(self, yard: Any, home: Path) -> None:
        self.yard = yard
        self.home = home
        self.board = SimulatedBoard(rng=SeededRng(9))
        self.bank: Any = None

    @property
    def state(self) -> Any:
        return self.bank.controller.journal.state

    async def until(self, happened: Any) -> None:
        async with asyncio.timeout(30):
            while not happened():  # noqa: ASYNC110 - the disk has no bell
                await asyncio.sleep(0.05)

    async def open(self, door: str, *, put: bool) -> None:
        box = next(box for box in self.state.boxes.values() if box.label == door)
        if put:
            self.board.put((box.unit, box.channel), "parcel")
        else:
            self.board.take((box.unit, box.channel))
        self.board.shut((box.unit, box.channel))

    async def carry(self, carrier: Carrier, *, trip: str) -> Returned:
        """Out of the bank, over to the server, and back."""
        up, down = self.home / f"{trip}.up", self.home / f"{trip}.down"
        export_uplink(self.home, up)
        self.yard.clock.pass_by(minutes=20)
        down.write_bytes(await carrier.take(up.read_bytes()))
        await self.yard.follow()
        import_downlink(self.home, down, SeededRng(len(trip)))
        await self.until(lambda: not list((self.home / INBOX).glob("*.cranny")))
        return unpack(down.read_bytes(), Returned)


@asynccontextmanager
async def cabin(yard: Any, home: Path) -> AsyncIterator[Cabin]:
    seed = nkey.seed(SeededRng(yard.boxes - 1).bytes(32))
    me = identity.Identity(
        tenant=yard.tenant,
        bank=yard.box.bank,
        nats=[],
        seed=seed.decode(),
        server_key=yard.keyring.downlink_key(yard.tenant).public_key().public_bytes_raw(),
        pepper=yard.keyring.pepper(yard.box.bank),
    )
    identity.write(home, me)
    made, rng, broker = Cabin(yard, home), SeededRng(5), Hub().join("bank")
    disk = ThreadDisk(home / JOURNAL)
    parts = Parts(yard.clock, rng, TimeIds(yard.clock, rng), disk, broker, CheapKdf(), made.board)
    line = Line(broker, yard.tenant, yard.box.bank)
    made.bank = await start(Config(me, "0", None, inbox=home / INBOX), parts, line, lambda _: None)
    try:
        yield made
    finally:
        await made.bank.stop()
        await made.board.close()
        await disk.close()


async def directly(yard: Any, home: Path) -> None:
    """Now there is a network: everything comes once more, and what the files held changes nothing."""
    export_uplink(home, home / "third.up")
    key = nkey.private(identity.read(home).seed.encode()).public_key()
    for file in ("third.up", "second.up"):
        for message in unpack((home / file).read_bytes(), Carried).batches:
            batch = unpack(signing.verify(key, "facts", message), FactBatch)
            arrival = fleet.Arrival(batch, yard.box.identity, yard.clock.now())
            async with yard.db.transaction(yard.tenant) as tx:
                assert not (await fleet.take_one(PostgresStore(tx, yard.keyring), arrival)).forked


async def test_two_days_without_any_network(yard, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("cranny.edge.inbox.EVERY_S", 0.05)
    carrier = Carrier(yard.db, yard.keyring)
    shown = await yard.announce("JD 01")
    await yard.work()
    async with cabin(yard, tmp_path) as bank:
        first = await bank.carry(carrier, trip="first")
        assert (len(first.acks), len(first.pages)) == (1, 1)
        await bank.until(lambda: shown.id in bank.state.deliveries)
        await bank.until(lambda: bank.bank.controller.free() == 6)
        assert bank.state.mark.acked > 0

        yard.clock.pass_by(days=1)
        opened = await bank.bank.controller.scan("JD 01")
        await bank.open(opened.door, put=True)
        await bank.until(lambda: bank.state.occupancies)
        assert await yard.state(shown.id) == "announced"

        second = await bank.carry(carrier, trip="second")  # the courier's phone
        assert len(second.acks) == 1
        assert await yard.state(shown.id) == "stored"
        await yard.work()
        assert await yard.one("SELECT count(*) FROM notices WHERE kind = 'ready_to_collect'") == 1
        assert bank.state.mark.acked > 0

        yard.clock.pass_by(days=1)
        code = (await yard.reveal(shown.grants.collect)).code
        collected = await bank.bank.controller.type_code(code)
        assert collected.door == opened.door
        await bank.open(opened.door, put=False)
        await bank.until(lambda: not bank.state.occupancies)

        await directly(yard, tmp_path)
        await bank.carry(carrier, trip="third")
        assert await yard.told(shown.id) == ["announced", "stored", "collected"]
        mark = bank.state.mark
        assert mark.acked == mark.seq
        import_downlink(tmp_path, tmp_path / "second.down", SeededRng(77))  # an old file, once more
        await bank.until(lambda: not list((tmp_path / INBOX).glob("*.cranny")))
        assert bank.state.mark.acked == mark.acked
    assert await yard.one("SELECT count(*) FROM notices WHERE kind = 'ready_to_collect'") == 1
    assert await yard.anomalies() == []
    assert await yard.violations() == []
    assert await yard.chain() == []


async def test_a_file_that_is_not_to_be_believed(yard, tmp_path) -> None:
    carrier = Carrier(yard.db, yard.keyring)
    async with cabin(yard, tmp_path) as bank:
        await bank.until(lambda: bank.state.mark.seq > 0)
        export_uplink(tmp_path, tmp_path / "up")
        good = (tmp_path / "up").read_bytes()
        carried = unpack(good, Carried)
        stranger = Ed25519PrivateKey.from_private_bytes(b"s" * 32)
        odd = [
            (b"", "message-unreadable"),
            (good[:-1], "message-unreadable"),
            (msgspec.msgpack.encode(msgspec.structs.replace(carried, bank=yard.other.bank)), "signature-invalid"),
            (
                msgspec.msgpack.encode(msgspec.structs.replace(carried, pull=signing.sign(stranger, "pull", b"x"))),
                "signature-invalid",
            ),
            (msgspec.msgpack.encode(msgspec.structs.replace(carried, bank=yard.db.ids.new())), "not-enrolled"),
        ]
        for body, code in odd:
            with pytest.raises(Exception, match=r".") as refused:
                await carrier.take(body)
            assert getattr(refused.value, "code", "") == code
        back = await carrier.take(good)
        with pytest.raises(Exception, match="moment"):
            await carrier.take(good)  # at once
        for place in range(0, len(back), 7):
            changed = bytearray(back)
            changed[place] ^= 4
            (tmp_path / "down").write_bytes(bytes(changed))
            with pytest.raises(Invalid):
                import_downlink(tmp_path, tmp_path / "down", SeededRng(place))
    async with yard.client() as client:
        big = await client.post("/v1/uplink", content=bytes(LARGEST + 1))
        assert big.status_code == 413
        del client.headers["Authorization"]
        yard.clock.pass_by(minutes=1)
        sent = await client.post("/v1/uplink", content=good, headers={"Content-Type": "application/octet-stream"})
        assert sent.status_code == 200, sent.text
        assert unpack(sent.content, Returned).bank == yard.box.bank
