"""Over the broker: facts up and answered after the commit, rights down and signed, beats merged."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from cranny import fleet, sites
from cranny.core.errors import Unavailable
from cranny.fleet import append
from cranny.fleet import enrolment as enrolled
from cranny.fleet.audit import audit
from cranny.fleet.downlinker import Downlinker
from cranny.fleet.ingestor import Ingestor
from cranny.fleet.presence import Presence
from cranny.platform.db import Database
from cranny.platform.feature import Parts
from cranny.wire import acks, enrolment, nkey, signing, subjects
from cranny.wire.brokers.memory import Hub
from cranny.wire.brokers.nats import NatsBroker
from cranny.wire.kdf import CheapKdf
from cranny.wire.kinds import DoorForced
from cranny.wire.messages import Beat, Downlink, GrantRevoked, Layout, Policy, Pull, pack, unpack

STATES = "SELECT state FROM bank_desks WHERE tenant = $1 ORDER BY id"
COUNTS = "SELECT count(*) FROM facts WHERE tenant = $1"
ANOMALIES = "SELECT kind, times FROM anomalies WHERE tenant = $1 ORDER BY id"


@pytest.fixture(params=["memory", "nats"])
async def brokers(request, db) -> AsyncIterator[tuple[object, object]]:
    """(the server's, the banks')"""
    if request.param == "memory":
        hub = Hub()
        yield hub.join("server"), hub.join("bank")
        return
    engines = request.getfixturevalue("engines")
    seed = engines.keyring.nats_user_seed("server")
    both = [NatsBroker([engines.nats.url], rng=db.rng, nkey_seed=seed) for _ in range(2)]
    for broker in both:
        await broker.connect(within=10)
    yield both[0], both[1]
    for broker in both:
        await broker.close()


@asynccontextmanager
async def running(*loops):
    tasks = [asyncio.create_task(loop.run()) for loop in loops]
    await asyncio.sleep(0.1)
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task


async def send(broker, box, batch, *, key=None):
    message = (box if key is None else key).signed(batch)
    answer = await broker.request(subjects.facts(box.tenant, box.bank), message, timeout=10)
    return acks.read(box.server, box.tenant, box.bank, message, answer)


async def pull(broker, box, keyring, applied=0):
    asked = signing.sign(box.key, "pull", pack(Pull(applied)))
    answer = await broker.request(subjects.pull(box.tenant, box.bank), asked, timeout=5)
    server = keyring.downlink_key(box.tenant).public_key()
    return unpack(signing.verify(server, "downlink", answer), Downlink)


def a_day(journal, n):
    for i in range(n):
        journal.stored(f"{i % 12 + 1:02}", i // 12 + 1)
        journal.collected(f"{i % 12 + 1:02}", i // 12 + 1)
    return journal


async def rows(db, tenant, sql):
    async with db.transaction(tenant) as tx:
        return [tuple(row.values()) for row in await tx.all(sql, tenant)]


async def test_banks_report_at_once_and_the_audit_finds_nothing(db, keyring, box_of, brokers):
    server, banks = brokers
    boxes = [await box_of(n) for n in range(1, 7)]

    async def report(box):
        journal = a_day(box.journal(), 30)
        for first in range(1, 61, 20):
            ack = await send(banks, box, journal.batch(first, first + 19))
            assert (ack.seq, ack.refused, ack.forked) == (first + 19, "", False)

    async with running(Ingestor(db, server, keyring)):
        await asyncio.gather(*map(report, boxes))
    assert await rows(db, boxes[0].tenant, COUNTS) == [(360,)]
    async with db.transaction(boxes[0].tenant) as tx:
        assert await audit(tx) == []


async def test_one_bank_s_nonsense_does_not_hold_up_the_others(db, keyring, box_of, brokers):
    server, banks = brokers
    good, bad = await box_of(1), await box_of(2)
    spoilt = bad.journal()
    spoilt.stored("01", 1)
    spoilt.stored("01", 2)
    spoilt.say(DoorForced("01"))
    async with running(Ingestor(db, server, keyring)):
        acks = await asyncio.gather(
            send(banks, good, a_day(good.journal(), 10).batch()), send(banks, bad, spoilt.batch())
        )
    assert [ack.seq for ack in acks] == [20, 3]
    assert await rows(db, good.tenant, ANOMALIES) == [("fact_refused", 1)]


async def test_a_server_that_dies_after_its_commit_is_told_again_and_takes_nothing_twice(db, keyring, box):
    hub = Hub()
    journal = a_day(box.journal(), 5)

    class Dies:
        """The worker is gone before its answer is out."""

        subject = subjects.facts(box.tenant, box.bank)
        payload = box.signed(journal.batch())

        async def respond(self, _):
            raise Unavailable("killed", code="not-connected")

    ingestor = Ingestor(db, hub.join("server"), keyring)
    async with running(ingestor):
        with pytest.raises(Unavailable):
            await ingestor.arrived(Dies())
        assert await rows(db, box.tenant, COUNTS) == [(10,)]
        ack = await send(hub.join("bank"), box, journal.batch())
    assert ack.seq == 10
    assert await rows(db, box.tenant, COUNTS) == [(10,)]
    async with db.transaction(box.tenant) as tx:
        assert await audit(tx) == []


async def test_nothing_is_answered_when_nothing_was_committed(db, keyring, box, monkeypatch):
    hub = Hub()
    ingestor = Ingestor(db, hub.join("server"), keyring)
    bank = hub.join("bank")
    batch = a_day(box.journal(), 5).batch()
    async with running(ingestor):
        await send(bank, box, box.journal().batch())
        with monkeypatch.context() as patch:
            patch.setattr(db, "pool", _Gone())
            with pytest.raises(Unavailable):
                await bank.request(subjects.facts(box.tenant, box.bank), box.signed(batch), timeout=0.3)
        assert await rows(db, box.tenant, COUNTS) == [(0,)]
        assert (await send(bank, box, batch)).seq == 10


class _Gone:
    def acquire(self):
        raise OSError("no route to the database")


async def test_only_its_own_key_speaks_for_a_bank(db, keyring, box_of, brokers):
    server, banks = brokers
    box, other = await box_of(1), await box_of(2)
    journal = a_day(box.journal(), 2)
    async with running(Ingestor(db, server, keyring)):
        assert (await send(banks, box, journal.batch(), key=other)).refused == "signature-invalid"
        assert (await send(banks, box, other.journal().batch())).refused == "foreign-bank"
        assert (await send(banks, box, journal.batch())).seq == 4
        async with db.transaction(box.tenant) as tx:
            _, identity = new_key(99)
            await enrolled.speak_for(tx, box.bank, box.identity, identity)
        assert (await send(banks, box, journal.batch())).refused == "not-enrolled"
        key, _ = new_key(99)
        box.key = key
        assert (await send(banks, box, journal.batch())).seq == 4
    assert await rows(db, box.tenant, ANOMALIES) == [("signature_invalid", 1), ("foreign_bank", 1)]


def new_key(n):
    key = nkey.private(nkey.seed(bytes([n]) * 32))
    return key, nkey.name(key.public_key())


async def test_rights_come_down_in_order_signed_and_in_pages(db, keyring, box, brokers):
    server, banks = brokers
    async with db.transaction(box.tenant) as tx:
        assert await append(tx, box.bank, [GrantRevoked(db.ids.new()) for _ in range(300)]) == 302
    async with running(Downlinker(db, server, keyring)):
        page = await pull(banks, box, keyring)
        assert (page.tenant, page.bank, page.head) == (box.tenant, box.bank, 302)
        assert [entry.seq for entry in page.entries] == list(range(1, 201))
        assert isinstance(page.entries[0].given, Layout)
        assert len(page.entries[0].given.compartments) == 12
        assert isinstance(page.entries[1].given, Policy)
        rest = await pull(banks, box, keyring, applied=200)
        assert [entry.seq for entry in rest.entries] == list(range(201, 303))
        assert (await pull(banks, box, keyring, applied=302)).entries == []


async def test_who_is_no_bank_of_ours_gets_no_answer(db, keyring, box):
    hub = Hub()
    async with running(Downlinker(db, hub.join("server"), keyring)):
        subject = subjects.pull(box.tenant, db.ids.new())
        with pytest.raises(Unavailable):
            await hub.join("bank").request(subject, signing.sign(box.key, "pull", pack(Pull(0))), timeout=0.2)


def a_beat(db, applied=2, **odd):
    plain = {"epoch": 1, "head": 7, "acked": 5, "version": "1.0", "free": 12, "clock_quality": "good"}
    return Beat(boot=db.ids.new(), applied=applied, token=bytes(16), wall_ms=0, **{**plain, **odd})


async def test_beats_bring_banks_online_and_poke_those_that_are_behind(db, keyring, box_of, brokers):
    server, banks = brokers
    boxes = [await box_of(n) for n in range(1, 4)]
    poked, both = set(), asyncio.Event()
    speaking = Database(db.pool, clock=db.clock, ids=db.ids, rng=db.rng, poke=lambda s: server.publish(s, b""))

    async def note(message):
        poked.add(subjects.owner(message.subject)[1])
        if len(poked) == 2:
            both.set()

    for box in boxes:
        await banks.subscribe(subjects.poke(box.tenant, box.bank), note)
    async with running(Presence(speaking, server)):
        for applied, box in enumerate(boxes):
            await banks.publish(
                subjects.beat(box.tenant, box.bank), signing.sign(box.key, "beat", pack(a_beat(db, applied)))
            )
        await banks.publish(subjects.beat(boxes[0].tenant, boxes[0].bank), b"no beat")
        async with asyncio.timeout(5):
            await both.wait()
    assert poked == {boxes[0].bank, boxes[1].bank}
    assert await rows(db, boxes[0].tenant, STATES) == [("online",)] * 3


async def test_a_box_from_its_claim_to_its_first_fact_over_a_broker_that_lets_nobody_else_in(
    db, engines, tenant, box_with
):
    """The whole way with the permissions of a bank, and the loops as a worker runs them."""
    async with db.transaction(tenant) as tx:
        bank = await sites.add_bank(tx, sites.shipped_bank("corner-20"))
        claim = (await fleet.create_claim(tx, bank.id)).claim
    seed, sealing_key = nkey.seed(bytes(31) + b"\x2a"), X25519PrivateKey.generate()
    server = NatsBroker([engines.nats.url], rng=db.rng, nkey_seed=engines.keyring.nats_user_seed("server"))
    await server.connect(within=10)
    parts = Parts(db, server, engines.keyring, CheapKdf(), db.clock, db.ids, db.rng, nats=(engines.nats.url,))
    async with running(*fleet.FEATURE.loops(parts)):
        with pytest.raises(Unavailable):
            await stranger(parts, bank.id, seed).connect(within=0.5)
        reply = await fleet.enrol(db, parts.keyring, parts.nats, enrolment.ask(claim, seed, sealing_key, "1.0"))
        banks = stranger(parts, reply.bank, seed)
        await banks.connect(within=10)
        box = box_with(
            reply.tenant, reply.bank, nkey.private(seed), Ed25519PublicKey.from_public_bytes(reply.server_key)
        )
        page = await pull(banks, box, parts.keyring)
        assert [type(entry.given) for entry in page.entries] == [Layout, Policy]
        journal = box.journal(epoch=reply.epoch)
        journal.say(DoorForced("A01"))
        assert (await send(banks, box, journal.batch())).seq == 1
        await banks.close()
    await server.close()


def stranger(parts, bank, seed):
    return NatsBroker(parts.nats, rng=parts.rng, nkey_seed=seed, inbox_prefix=subjects.inbox(bank))
