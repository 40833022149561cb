"""The broker asks us who may connect: the right key is in and below its own name only, every other stays out."""

import asyncio
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from cranny.core.clock import SystemClock
from cranny.core.errors import Unavailable
from cranny.core.rng import SystemRng
from cranny.fleet import callout
from cranny.fleet.callout import Callout
from cranny.wire import nkey, subjects
from cranny.wire.brokers.nats import NatsBroker

pytestmark = pytest.mark.engines
TENANT = UUID("018f2a00-0000-7000-8000-000000000001")
BANK = UUID("018f2a00-0000-7000-8000-000000000002")
OTHER = UUID("018f2a00-0000-7000-8000-000000000003")
SEED = nkey.seed(b"b" * 32)
NAME = nkey.name(nkey.private(SEED).public_key())


async def until(condition, within=10):
    async with asyncio.timeout(within):
        while not condition():  # noqa: ASYNC110 - nobody sets an event for a test
            await asyncio.sleep(0.01)


@pytest.fixture
async def server(engines):
    """Our own process at the broker, answering callouts for the keys in `server.known`."""
    broker = NatsBroker([engines.nats.url], rng=SystemRng(), nkey_seed=engines.keyring.nats_user_seed("server"))
    await broker.connect(within=5)
    broker.known = {NAME: (TENANT, BANK)}

    async def lookup(name):
        return broker.known.get(name)

    responder = Callout(broker, engines.keyring.nats_account_seed(), lookup, clock=SystemClock(), rng=SystemRng())
    running = asyncio.create_task(responder.run())
    await asyncio.sleep(0.1)
    yield broker
    running.cancel()
    await asyncio.wait([running])
    await broker.close()


@asynccontextmanager
async def box(engines, seed=SEED, bank=BANK, within=5):
    broker = NatsBroker([engines.nats.url], rng=SystemRng(), nkey_seed=seed, inbox_prefix=subjects.inbox(bank))
    try:
        await broker.connect(within=within)
        yield broker
    finally:
        await broker.close()


async def refusals(engines, seed):
    """The keys that were refused by name when a box with `seed` did not get in."""
    with capture_logs() as logs, pytest.raises(Unavailable):
        async with box(engines, seed, within=0.7):
            pass
    assert any("Authorization Violation" in str(entry.get("error")) for entry in logs)
    return {entry["key"] for entry in logs if entry["event"] == "refused at the broker"}


async def echo(message):
    await message.respond(message.payload)


async def test_the_right_key_is_in_and_both_sides_may_ask(engines, server):
    async with box(engines) as bank:
        await server.subscribe(subjects.ANY_FACTS, echo, queue="ingest")
        assert await bank.request(subjects.facts(TENANT, BANK), b"batch", timeout=5) == b"batch"
        heard = asyncio.Event()

        async def hear(_):
            heard.set()

        await bank.subscribe(subjects.poke(TENANT, BANK), hear)
        await server.publish(subjects.poke(TENANT, BANK), b"")
        await asyncio.wait_for(heard.wait(), 5)
        await bank.subscribe(f"{subjects.below(TENANT, BANK)}.down.command", echo)
        assert await server.request(f"{subjects.below(TENANT, BANK)}.down.command", b"open", timeout=5) == b"open"


async def test_a_key_that_nobody_knows_is_refused_and_told_in_the_log(engines, server):
    assert await refusals(engines, nkey.seed(b"x" * 32)) == {nkey.name(nkey.private(nkey.seed(b"x" * 32)).public_key())}
    assert await refusals(engines, None) == {""}


async def test_who_names_a_key_without_holding_it_is_refused(engines, server):
    class Impostor(NatsBroker):
        """Signs with its own key and names another's."""

        async def _open(self, client, lost):
            connect_command = client._connect_command

            def lie():
                mine = nkey.name(nkey.private(nkey.seed(b"x" * 32)).public_key()).encode()
                return connect_command().replace(mine, NAME.encode())

            client._connect_command = lie
            await super()._open(client, lost)

    impostor = Impostor([engines.nats.url], rng=SystemRng(), nkey_seed=nkey.seed(b"x" * 32))
    with capture_logs() as logs, pytest.raises(Unavailable):
        await impostor.connect(within=0.7)
    await impostor.close()
    assert {entry["key"] for entry in logs if entry["event"] == "refused at the broker"} == {NAME}


async def test_another_banks_subjects_are_closed_both_ways(engines, server):
    server.known[nkey.name(nkey.private(nkey.seed(b"o" * 32)).public_key())] = (TENANT, OTHER)
    heard, overheard = [], []

    async def hear(message):
        heard.append(message.subject)

    async def overhear(message):
        overheard.append(message.subject)

    await server.subscribe("cranny.>", hear)
    async with box(engines) as bank, box(engines, nkey.seed(b"o" * 32), OTHER) as other:
        with capture_logs() as logs:
            for subject in (
                subjects.facts(TENANT, OTHER),
                subjects.poke(TENANT, BANK),
                subjects.log(TENANT),
                callout.SUBJECT,
                "_INBOX.x",
                f"{subjects.inbox(OTHER)}.x",
            ):
                await bank.publish(subject, b"")
            for subject in (
                f"{subjects.below(TENANT, OTHER)}.down.>",
                subjects.ANY_FACTS,
                "cranny.>",
                f"{subjects.inbox(OTHER)}.>",
                "_INBOX.>",
                "$SYS.>",
                ">",
            ):
                await bank.subscribe(subject, overhear)
            await until(lambda: len([e for e in logs if e["event"] == "broker refused a subject"]) == 13)
        await server.subscribe(subjects.ANY_PULL, echo)
        assert await other.request(subjects.pull(TENANT, OTHER), b"mine", timeout=5) == b"mine"
        await server.publish(subjects.poke(TENANT, OTHER), b"")
        await until(lambda: subjects.poke(TENANT, OTHER) in heard)
    assert heard == [subjects.pull(TENANT, OTHER), subjects.poke(TENANT, OTHER)]
    assert overheard == []


async def test_a_bank_can_t_let_the_server_speak_where_it_may_not_itself(engines, server):
    """Who asks names where the answer goes, and the broker does not check that."""
    heard = []

    async def hear(message):
        heard.append(message.subject)

    await server.subscribe(subjects.ANY_FACTS, echo)
    await server.subscribe("cranny.*.*.down.>", hear)
    await server.subscribe(subjects.ANY_LOG, hear)
    async with box(engines) as bank:
        for elsewhere in (
            subjects.poke(TENANT, OTHER),
            subjects.log(TENANT),
            subjects.facts(TENANT, OTHER),
            f"{subjects.inbox(OTHER)}.x",
        ):
            await bank._client.publish(subjects.facts(TENANT, BANK), b"batch", reply=elsewhere)
        assert await bank.request(subjects.facts(TENANT, BANK), b"mine", timeout=5) == b"mine"
        await asyncio.sleep(0.2)
    assert heard == []


async def test_a_revoked_key_is_refused_and_is_not_in_for_ever(engines, server, monkeypatch):
    monkeypatch.setattr(callout, "LASTS", timedelta(seconds=1))
    monkeypatch.setattr(callout, "SPREAD_S", 1)
    async with box(engines) as bank:
        await until(lambda: not bank.connected)
        await until(lambda: bank.connected)
        server.known.clear()
        await until(lambda: not bank.connected)
        with capture_logs() as logs:
            await until(lambda: any(e["event"] == "refused at the broker" for e in logs))
        assert await refusals(engines, SEED) == {NAME}


async def test_when_the_directory_does_not_answer_nobody_is_in_and_all_comes_back(engines, server):
    class Broken(dict):
        def get(self, _):
            raise ConnectionError

    known, server.known = server.known, Broken()
    async with box(engines, within=None) as bank:
        await asyncio.sleep(0.3)
        assert not bank.connected
        server.known = known
        await until(lambda: bank.connected, within=20)
