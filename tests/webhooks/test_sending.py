"""From the log to somebody else's server, on a real database and a real socket."""

import asyncio
from datetime import timedelta

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from cranny.core.clock import ScaledClock, SystemClock
from cranny.usecases.privacy.keeping import forget
from cranny.webhooks import FEATURE, endpoints, messages, signing, trying

from .conftest import Yard
from .receiver import answer, receiving

pytestmark = pytest.mark.engines


async def test_an_event_goes_out_signed_and_is_verified_by_the_specifications_own_package(yard: Yard) -> None:
    await yard.tell(("delivery.stored", "deliveries/before"))
    id_, secret = await yard.add()
    await yard.tell(("delivery.stored", "deliveries/1"), door="Á09")
    await yard.work()
    (got,) = yard.receiver.got
    verified = Webhook(signing.shown(secret)).verify(got.body, got.headers)
    assert verified == got.event
    assert (got.event["type"], got.event["subject"], got.event["data"]) == (
        "delivery.stored",
        "deliveries/1",
        {"door": "Á09"},
    )
    assert (got.event["specversion"], got.event["source"]) == ("1.0", "urn:test")
    assert got.headers["content-type"] == "application/cloudevents+json"
    assert got.headers["webhook-id"] == got.event["id"]
    assert got.headers["host"] == f"127.0.0.1:{yard.receiver.port}"
    (message,) = await yard.messages(id_)
    assert (message.state, message.tries, str(message.event)) == ("delivered", 1, got.event["id"])
    (attempt,) = await yard.attempts(message.id)
    assert (attempt.status, attempt.error) == (200, "")
    await yard.work()
    assert len(yard.receiver.got) == 1, "once"


async def test_only_what_is_wanted_and_never_what_webhooks_do_themselves(yard: Yard) -> None:
    everything, _ = await yard.add()
    async with receiving() as second:
        some, _ = await yard.add("delivery.*", "grant.used", url=second.url)
        types = ["delivery.stored", "grant.used", "grant.activated", "bank.offline", "delivery.collected"]
        await yard.tell(*((type_, f"things/{n}") for n, type_ in enumerate(types)))
        await yard.work()
        assert sorted(yard.receiver.subjects) == [f"things/{n}" for n in range(5)]
        assert sorted(second.subjects) == ["things/0", "things/1", "things/4"]
    assert {row.type for row in await yard.messages(everything)} == set(types)
    assert len(await yard.messages(some)) == 3


async def test_the_audit_trail_goes_to_whoever_asks_for_it_and_nobody_else(yard: Yard) -> None:
    await yard.add()
    async with receiving() as auditor, receiving() as mixed:
        await yard.add("audit.*", url=auditor.url)
        await yard.add("audit.reveal_grant", "door.shut", url=mixed.url)
        await yard.tell(("audit.reveal_grant", "keys/1"), ("audit.refused", "keys/2"), ("door.shut", "doors/3"))
        await yard.work()
        assert sorted(yard.receiver.subjects) == ["doors/3"]
        assert sorted(auditor.subjects) == ["keys/1", "keys/2"]
        assert sorted(mixed.subjects) == ["doors/3", "keys/1"]


async def test_a_receiver_verifies_it_by_its_own_clock_where_ours_is_scaled(yard: Yard) -> None:
    """In a demonstration days pass in minutes; the timestamp is the world's, or nobody could verify it."""
    world = SystemClock()
    yard.db.clock = ScaledClock(1000.0, world.now() - timedelta(hours=1), world)
    _, secret = await yard.add()
    await yard.tell(("door.shut", "doors/1"))
    await yard.work()
    (got,) = yard.receiver.got
    assert Webhook(signing.shown(secret)).verify(got.body, got.headers) == got.event
    assert abs(int(got.headers["webhook-timestamp"]) - world.now().timestamp()) < 60
    assert got.event["time"] > (world.now() + timedelta(days=30)).isoformat()


async def test_what_is_about_one_thing_comes_in_order_and_trouble_with_it_holds_up_nothing_else(yard: Yard) -> None:
    id_, _ = await yard.add()
    yard.receiver.says = lambda got: answer(500 if got.event["subject"] == "things/bad" else 204)
    for n in range(5):
        await yard.tell(("thing.seen", "things/bad"), ("thing.seen", f"things/{n}"), n=n)
        await yard.tell(("thing.seen", "things/good"), n=n)
    await yard.work()
    bad = [got.event["data"]["n"] for got in yard.receiver.got if got.event["subject"] == "things/bad"]
    good = [got.event["data"]["n"] for got in yard.receiver.got if got.event["subject"] == "things/good"]
    assert (bad, good) == ([0], [0, 1, 2, 3, 4])
    assert len(yard.receiver.got) == 11
    yard.receiver.says = answer(204)
    await yard.later(minutes=1)
    bad = [got.event["data"]["n"] for got in yard.receiver.got if got.event["subject"] == "things/bad"]
    assert bad == [0, 0, 1, 2, 3, 4]
    first = (await yard.messages(id_))[0]
    assert [(one.status, one.error) for one in await yard.attempts(first.id)] == [(500, "not-accepted"), (204, "")]


async def test_pauses_grow_until_the_deadline_and_then_it_has_visibly_failed(yard: Yard) -> None:
    id_, _ = await yard.add()
    yard.receiver.says = answer(503, "come back\x00 later")
    await yard.tell(("thing.seen", "things/1"), ("thing.seen", "things/1"))
    for _ in range(30):
        await yard.later(hours=2)
    first, second = await yard.messages(id_)
    assert first.tries == 31 - 1
    assert second.tries == 0
    assert (await yard.attempts(first.id))[0].answer == "come back\ufffd later"
    await yard.later(hours=15)
    assert await yard.sweep() == 2
    assert [row.state for row in await yard.messages(id_)] == ["failed", "failed"]
    assert (await yard.told("webhook_message")) == ["webhook_message.failed"] * 2
    tried = len(yard.receiver.got)
    await yard.later(hours=2)
    assert len(yard.receiver.got) == tried
    async with yard.db.transaction(yard.tenant) as tx:
        assert await FEATURE.audit(tx) == []
    # Somebody has seen to it.
    yard.receiver.says = answer(200)
    async with yard.db.transaction(yard.tenant) as tx:
        await messages.resend(tx, first.id)
    await yard.later(hours=1)
    assert [row.state for row in await yard.messages(id_)] == ["delivered", "failed"]


async def test_the_circuit_opens_after_five_and_closes_when_one_comes_through(yard: Yard) -> None:
    id_, _ = await yard.add()
    yard.receiver.says = answer(500)
    await yard.tell(*(("thing.seen", f"things/{n}") for n in range(40)))
    await yard.work()
    tried = len(yard.receiver.got)
    assert trying.TRIP <= tried < trying.TRIP + 4
    await yard.later(seconds=10)
    assert len(yard.receiver.got) == tried, "it rests"
    await yard.later(seconds=120)
    assert len(yard.receiver.got) == tried + 1, "one feels its way"
    assert (await yard.endpoint(id_)).open_until is not None
    yard.receiver.says = answer(200)
    await yard.later(minutes=10)
    await yard.later(minutes=10)
    assert {row.state for row in await yard.messages(id_)} == {"delivered"}
    row = await yard.endpoint(id_)
    assert (row.failures, row.open_until) == (0, None)
    assert [type_ for type_ in await yard.told() if "added" not in type_] == [
        "webhook_endpoint.failing",
        "webhook_endpoint.recovered",
    ]


async def test_gone_switches_it_off_until_somebody_switches_it_on(yard: Yard) -> None:
    id_, _ = await yard.add()
    yard.receiver.says = answer(410)
    await yard.tell(("thing.seen", "things/1"))
    await yard.work()
    assert (await yard.endpoint(id_)).state == "off"
    assert (await yard.told())[-1] == "webhook_endpoint.switched_off"
    await yard.tell(("thing.seen", "things/2"))
    await yard.later(hours=1)
    assert len(yard.receiver.got) == 1
    yard.receiver.says = answer(200)
    async with yard.db.transaction(yard.tenant) as tx:
        await endpoints.switch(tx, id_, on=True)
    await yard.tell(("thing.seen", "things/3"))
    await yard.later(minutes=1)
    # Ordered per subject: which of two subjects comes first is nobody's promise.
    assert sorted(yard.receiver.subjects) == ["things/1", "things/1", "things/3"], "what waited, and what is new"


async def test_two_secrets_are_live_for_a_while(yard: Yard) -> None:
    id_, old = await yard.add()
    async with yard.db.transaction(yard.tenant) as tx:
        _, new = await endpoints.rotate(tx, yard.keyring, id_, timedelta(hours=24))
    await yard.tell(("thing.seen", "things/1"))
    await yard.work()
    got = yard.receiver.got[-1]
    for secret in (old, new):
        Webhook(signing.shown(secret)).verify(got.body, got.headers)
    yard.clock.passed += timedelta(hours=25)
    await yard.tell(("thing.seen", "things/2"))
    await yard.work()
    assert yard.receiver.got[-1].headers["webhook-signature"].count("v1,") == 1
    assert await messages.forget_secrets(yard.db, yard.tenant) == 1
    assert (await yard.endpoint(id_)).old_secret is None
    async with yard.db.transaction(yard.tenant) as tx:
        await endpoints.rotate(tx, yard.keyring, id_, timedelta())
    yard.clock.passed = timedelta()
    await yard.tell(("thing.seen", "things/3"))
    await yard.work()
    got = yard.receiver.got[-1]
    with pytest.raises(WebhookVerificationError):
        Webhook(signing.shown(new)).verify(got.body, got.headers)


async def test_a_slow_endpoint_holds_up_neither_others_nor_itself_for_ever(yard: Yard) -> None:
    slow, _ = await yard.add()
    yard.receiver.hold.clear()
    async with receiving() as quick:
        await yard.add(url=quick.url)
        await yard.tell(*(("thing.seen", f"things/{n}") for n in range(12)))
        courier = yard.worker(all_within=20)
        await courier.work(yard.tenant)
        async with asyncio.timeout(10):
            while len(quick.got) < 12 or len(yard.receiver.got) < 4:  # noqa: ASYNC110 - two sockets are watched
                await asyncio.sleep(0.01)
        assert yard.receiver.most == 4
        assert quick.most <= 4
        yard.receiver.hold.set()
        await courier.idle()
    assert {row.state for row in await yard.messages(slow)} == {"delivered"}


async def test_many_workers_send_each_message_once(yard: Yard) -> None:
    await yard.add()
    await yard.tell(*(("thing.seen", f"things/{n % 7}") for n in range(60)))
    workers = [yard.worker(all_within=20) for _ in range(4)]
    for _ in range(20):
        await asyncio.gather(*(yard.work(worker) for worker in workers))
    ids = [got.headers["webhook-id"] for got in yard.receiver.got]
    assert len(ids) == len(set(ids)) == 60
    for n in range(7):
        places = [got.event["position"] for got in yard.receiver.got if got.event["subject"] == f"things/{n}"]
        assert places == sorted(places)


async def test_a_worker_that_dies_leaves_a_message_that_is_sent_again_with_the_same_id(yard: Yard) -> None:
    id_, _ = await yard.add()
    await yard.tell(("thing.seen", "things/1"))
    yard.receiver.hold.clear()
    dying = yard.worker(all_within=20)
    running = asyncio.create_task(dying.run())
    async with asyncio.timeout(10):
        while not yard.receiver.got:  # noqa: ASYNC110 - a socket is watched
            await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    yard.receiver.hold.set()
    await yard.work()
    assert len(yard.receiver.got) == 1, "leased"
    await yard.later(seconds=31)
    assert len({got.headers["webhook-id"] for got in yard.receiver.got}) == 1
    assert len(yard.receiver.got) == 2
    assert (await yard.messages(id_))[0].state == "delivered"


async def test_a_removed_endpoint_gets_nothing_and_keeps_no_secret(yard: Yard) -> None:
    id_, _ = await yard.add()
    await yard.tell(("thing.seen", "things/1"))
    yard.receiver.says = answer(500)
    await yard.work()
    async with yard.db.transaction(yard.tenant) as tx:
        await endpoints.remove(tx, id_)
        assert await tx.value("SELECT secret FROM webhook_endpoints WHERE id = $1", id_) == b""
    await yard.tell(("thing.seen", "things/2"))
    await yard.later(hours=1)
    assert len(yard.receiver.got) == 1
    assert [row.state for row in await yard.messages(id_)] == ["dropped"]
    # What became of it is forgotten after a month.
    yard.clock.passed += timedelta(days=31)
    (kept,) = FEATURE.kept
    assert await forget(yard.db, yard.tenant, kept, kept.days) == 1


async def test_a_secret_never_lies_in_the_database_in_the_clear(yard: Yard) -> None:
    id_, secret = await yard.add()
    async with yard.db.transaction(yard.tenant) as tx:
        row = str(await tx.all("SELECT webhook_endpoints::text FROM webhook_endpoints"))
    assert secret.hex() not in row
    assert signing.shown(secret) not in row
    assert str(id_) in row
