"""A hostile bank, a replaced box and a broker that lies, against the server's side."""

import asyncio

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cranny import fleet
from cranny.core.errors import Invalid, Unavailable
from cranny.fleet import enrolment as enrolled
from cranny.fleet.downlinker import Downlinker
from cranny.fleet.ingestor import Ingestor
from cranny.fleet.presence import Presence
from cranny.wire import acks, nkey, signing, subjects
from cranny.wire.brokers.memory import Hub
from cranny.wire.messages import Pull, pack
from tests.fleet.test_wire import a_beat, a_day, rows, running, send

STATES = "SELECT state FROM bank_desks WHERE tenant = $1 ORDER BY id"
HASHES = "SELECT seq, hash FROM facts WHERE tenant = $1 ORDER BY seq"


async def test_a_replaced_box_can_neither_pull_nor_beat_nor_report(db, keyring, box_of):
    hub = Hub()
    box, new = await box_of(1), Ed25519PrivateKey.from_private_bytes(b"n" * 32)
    async with running(
        Downlinker(db, hub.join("server"), keyring),
        Presence(db, hub.join("server")),
        Ingestor(db, hub.join("server"), keyring),
    ):
        bank = hub.join("bank")
        asked = signing.sign(box.key, "pull", pack(Pull(0)))
        await bank.request(subjects.pull(box.tenant, box.bank), asked, timeout=5)
        journal = a_day(box.journal(), 2)
        assert (await send(bank, box, journal.batch(1, 2))).seq == 2
        async with db.transaction(box.tenant) as tx:
            await enrolled.speak_for(tx, box.bank, box.identity, nkey.name(new.public_key()))
        with pytest.raises(Unavailable):
            await bank.request(subjects.pull(box.tenant, box.bank), asked, timeout=0.5)
        assert (await send(bank, box, journal.batch(3))).refused in {"not-enrolled", "signature-invalid"}
        beat = signing.sign(box.key, "beat", pack(a_beat(db)))
        await bank.publish(subjects.beat(box.tenant, box.bank), beat)
        for odd in (b"", pack(a_beat(db)), signing.sign(new, "pull", pack(a_beat(db)))):
            await bank.publish(subjects.beat(box.tenant, box.bank), odd)
        await asyncio.sleep(1.2)
        assert ("online",) not in await rows(db, box.tenant, STATES)
        again = signing.sign(new, "pull", pack(Pull(0)))
        await bank.request(subjects.pull(box.tenant, box.bank), again, timeout=5)


async def test_a_broker_that_rewrites_repeats_and_reorders(db, keyring, box):
    hub = Hub()
    journal = a_day(box.journal(), 20)
    good = [box.signed(journal.batch(first, first + 9)) for first in range(1, 41, 10)]
    subject = subjects.facts(box.tenant, box.bank)
    async with running(Ingestor(db, hub.join("server"), keyring)):
        bank = hub.join("bank")
        for n, message in enumerate([good[2], good[0], good[0], good[3], good[1], good[2], good[0], good[3], good[2]]):
            changed = bytearray(message)
            changed[(n * 97) % len(changed)] ^= 1 << n % 8
            for sent in (bytes(changed), message):
                answer = await bank.request(subject, sent, timeout=10)
                ack = acks.read(box.server, box.tenant, box.bank, sent, answer)
                assert not ack.forked
                assert ack.refused == ("signature-invalid" if sent != message else "")
                with pytest.raises(Invalid):
                    acks.read(box.server, box.tenant, box.bank, b"another", answer)
        assert (await send(bank, box, journal.batch(1, 1))).seq == 40
    held = await rows(db, box.tenant, HASHES)
    assert [seq for seq, _ in held] == list(range(1, 41))
    async with db.transaction(box.tenant) as tx:
        assert await fleet.FEATURE.audit(tx) == []
