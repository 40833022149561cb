"""A claim is good for one box, once, for a day; whoever enrols replaces whoever spoke before."""

import asyncio
from datetime import timedelta

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from cranny import fleet
from cranny.core.errors import Conflict, CrannyError, Invalid, Refused
from cranny.core.rng import SeededRng
from cranny.wire import enrolment, nkey
from cranny.wire.kinds import DoorForced

SEALING = X25519PrivateKey.from_private_bytes(bytes(31) + b"\x01")
NATS = ("nats://broker:4222",)


def ask(claim, n=50):
    return enrolment.ask(claim, nkey.seed(SeededRng(n).bytes(32)), SEALING, "1.0")


async def claim_for(db, box, **valid):
    async with db.transaction(box.tenant) as tx:
        return (await fleet.create_claim(tx, box.bank, **valid)).claim


async def refused(db, keyring, request):
    with pytest.raises(CrannyError) as error:
        await fleet.enrol(db, keyring, NATS, request)
    return type(error.value), error.value.code, error.value.detail


async def test_unknown_used_expired_and_replaced_claims_are_all_the_same_no(db, keyring, box):
    expired = await claim_for(db, box, valid=timedelta(seconds=-1))
    replaced = await claim_for(db, box)
    used = await claim_for(db, box)
    reply = await fleet.enrol(db, keyring, NATS, ask(used))
    assert enrolment.unseal(reply, SEALING).pepper == keyring.pepper(box.bank)
    unknown = enrolment.show_claim(enrolment.draw_claim(SeededRng(9)))
    answers = {await refused(db, keyring, ask(claim)) for claim in (expired, replaced, used, unknown)}
    assert len(answers) == 1
    assert answers.pop()[:2] == (Refused, "claim-invalid")


async def test_of_two_boxes_with_one_claim_one_enrols(db, keyring, box):
    claim = await claim_for(db, box)
    requests = [ask(claim, n) for n in (50, 51, 52)]
    answers = await asyncio.gather(
        *(fleet.enrol(db, keyring, NATS, request) for request in requests), return_exceptions=True
    )
    assert sorted(isinstance(answer, Refused) for answer in answers) == [False, True, True]


async def test_who_enrols_anew_replaces_the_box_before_and_begins_an_epoch(db, keyring, box):
    from cranny.fleet.ingest import take_one
    from cranny.fleet.postgres import PostgresStore

    journal = box.journal()
    journal.say(DoorForced("01"))
    async with db.transaction(box.tenant) as tx:
        await take_one(PostgresStore(tx, keyring), box.arrival(journal.batch()))
    assert await fleet.speaks_for(db, box.identity) == (box.tenant, box.bank)
    request = ask(await claim_for(db, box))
    reply = await fleet.enrol(db, keyring, NATS, request)
    assert reply.epoch == 2
    assert await fleet.speaks_for(db, box.identity) is None
    assert await fleet.speaks_for(db, request.identity) == (box.tenant, box.bank)
    journal.say(DoorForced("01"))
    async with db.transaction(box.tenant) as tx:
        ack = await take_one(PostgresStore(tx, keyring), box.arrival(journal.batch(2)))
    assert ack.refused == "not-enrolled"


async def test_one_key_that_enrols_at_many_banks_at_once_is_let_in_at_one(db, keyring, box_of):
    claims = [await claim_for(db, await box_of(n)) for n in range(1, 5)]
    answers = await asyncio.gather(
        *(fleet.enrol(db, keyring, NATS, ask(claim)) for claim in claims), return_exceptions=True
    )
    refusals = [answer for answer in answers if isinstance(answer, Exception)]
    assert [(type(refusal), refusal.code) for refusal in refusals] == [(Conflict, "key-in-use")] * 3


async def test_a_key_is_one_box_at_one_bank_and_has_to_be_its_own(db, keyring, box_of):
    first, second = await box_of(1), await box_of(2)
    await fleet.enrol(db, keyring, NATS, ask(await claim_for(db, first)))
    claim = await claim_for(db, second)
    assert (await refused(db, keyring, ask(claim)))[:2] == (Conflict, "key-in-use")
    forged = msgspec.structs.replace(ask(claim, 51), sealing_public=bytes(31) + b"\x09")
    assert (await refused(db, keyring, forged))[:2] == (Invalid, "proof-invalid")
    # Neither of them has used the claim up.
    assert (await fleet.enrol(db, keyring, NATS, ask(claim, 51))).bank == second.bank


async def test_a_claim_and_a_key_are_in_no_event_and_no_table_in_clear(db, keyring, box):
    claim = await claim_for(db, box)
    await fleet.enrol(db, keyring, NATS, ask(claim))
    async with db.transaction(box.tenant) as tx:
        told = await tx.all("SELECT data::text AS data FROM events WHERE tenant = $1", box.tenant)
        kept = await tx.all("SELECT row_to_json(d)::text AS data FROM bank_desks d WHERE tenant = $1", box.tenant)
    for row in [*told, *kept]:
        assert claim not in row["data"]
        assert claim.replace("-", "") not in row["data"]
