"""The same stories on every broker: what `cranny.wire.brokers` promises."""

import asyncio
from collections import Counter, defaultdict

import pytest
from structlog.testing import capture_logs

from cranny.core.errors import Invalid, Unavailable
from cranny.wire.brokers import LARGEST, NobodyListens


class Heard(list):
    """A handler that keeps what it hears."""

    async def __call__(self, message):
        self.append((message.subject, message.payload))


async def until(condition, within=10):
    async with asyncio.timeout(within):
        while not condition():  # noqa: ASYNC110 - nobody sets an event for a test
            await asyncio.sleep(0.005)


async def settled():
    """Long enough for a message that should not come."""
    await asyncio.sleep(0.1)


async def echo(message):
    await message.respond(b"re: " + message.payload)


def code(caught):
    return caught.value.code


async def test_what_is_published_is_heard_by_all_who_listen_there_in_order(wire):
    server, bank = await wire.connect("server"), await wire.connect("bank")
    one, all_below, star, other = Heard(), Heard(), Heard(), Heard()
    await server.subscribe("cranny.a.up.beat", one)
    await server.subscribe("cranny.a.>", all_below)
    await server.subscribe("cranny.*.up.beat", star)
    await server.subscribe("cranny.*.up", other)
    for n in range(50):
        await bank.publish("cranny.a.up.beat", b"%d" % n)
    await bank.publish("cranny.a.up.facts", b"f")
    beats = [("cranny.a.up.beat", b"%d" % n) for n in range(50)]
    await until(lambda: len(all_below) == 51)
    assert one == star == beats
    assert all_below == [*beats, ("cranny.a.up.facts", b"f")]
    assert other == []


async def test_of_a_queue_one_gets_each_message_and_the_work_is_shared(wire):
    bank = await wire.connect("bank")
    workers, all_heard = [Heard(), Heard(), Heard()], Heard()
    for n, heard in enumerate(workers):
        worker = await wire.connect(f"worker{n}")
        await worker.subscribe("cranny.*.up.facts", heard, queue="ingest")
    watcher = await wire.connect("watcher")
    await watcher.subscribe("cranny.>", all_heard)
    for n in range(300):
        await bank.publish("cranny.b.up.facts", b"%d" % n)
    await until(lambda: len(all_heard) == 300 and sum(map(len, workers)) == 300)
    await settled()
    assert Counter(payload for heard in workers for _, payload in heard) == Counter(b"%d" % n for n in range(300))
    assert min(map(len, workers)) > 30


async def test_a_request_is_answered(wire):
    server, bank = await wire.connect("server"), await wire.connect("bank")
    await server.subscribe("cranny.pull", echo, queue="pull")
    answers = await asyncio.gather(*(bank.request("cranny.pull", b"%d" % n, timeout=5) for n in range(100)))
    assert answers == [b"re: %d" % n for n in range(100)]


async def test_who_asks_may_also_answer_itself(wire):
    broker = await wire.connect("both")
    await broker.subscribe("cranny.self", echo)
    assert await broker.request("cranny.self", b"?", timeout=5) == b"re: ?"


async def test_an_answer_to_nobody_is_nothing(wire):
    server, bank = await wire.connect("server"), await wire.connect("bank")
    answered = asyncio.Event()

    async def answer(message):
        await message.respond(b"to nobody")
        answered.set()

    await server.subscribe("cranny.beat", answer)
    await bank.publish("cranny.beat", b"")
    await asyncio.wait_for(answered.wait(), 5)


async def test_where_nobody_listens_the_asker_knows_at_once(wire):
    bank = await wire.connect("bank")
    started = asyncio.get_running_loop().time()
    with pytest.raises(NobodyListens) as caught:
        await bank.request("cranny.nobody", b"", timeout=30)
    assert code(caught) == "no-answer"
    assert caught.value.retry
    assert asyncio.get_running_loop().time() - started < 5


async def test_an_answer_that_does_not_come_is_waited_for_no_longer_than_said(wire):
    server, bank = await wire.connect("server"), await wire.connect("bank")
    await server.subscribe("cranny.silent", Heard())
    started = asyncio.get_running_loop().time()
    with pytest.raises(Unavailable) as caught:
        await bank.request("cranny.silent", b"", timeout=0.2)
    assert code(caught) == "no-answer"
    assert 0.15 < asyncio.get_running_loop().time() - started < 2


async def test_a_handler_that_fails_is_logged_and_the_next_message_is_heard(wire):
    server, bank = await wire.connect("server"), await wire.connect("bank")

    async def picky(message):
        if message.payload == b"poison":
            raise ValueError(message.payload)
        await message.respond(b"fine")

    with capture_logs() as logs:
        await server.subscribe("cranny.picky", picky)
        with pytest.raises(Unavailable):
            await bank.request("cranny.picky", b"poison", timeout=0.3)
        assert await bank.request("cranny.picky", b"good", timeout=5) == b"fine"
    failed = [entry for entry in logs if entry["event"] == "message handler failed"]
    assert [(entry["log_level"], entry["subject"]) for entry in failed] == [("error", "cranny.picky")]


class Busy:
    """Counts how many messages are handled at the same time, in all and per subject."""

    def __init__(self):
        self.now, self.most, self.order = Counter(), Counter(), defaultdict(list)

    async def __call__(self, message):
        for name in (message.subject, "all"):
            self.now[name] += 1
            self.most[name] = max(self.most[name], self.now[name])
        await asyncio.sleep(0.005)
        self.order[message.subject].append(int(message.payload))
        for name in (message.subject, "all"):
            self.now[name] -= 1


@pytest.mark.parametrize(("concurrent", "most"), [(1, 1), (4, 4), (100, 10)])
async def test_subjects_are_served_at_once_and_each_of_them_in_order(wire, concurrent, most):
    server, bank = await wire.connect("server"), await wire.connect("bank")
    busy = Busy()
    await server.subscribe("cranny.*.up", busy, concurrent=concurrent)
    for n in range(8):
        for name in range(10):
            await bank.publish(f"cranny.{name}.up", b"%d" % n)
    await until(lambda: sum(map(len, busy.order.values())) == 80)
    assert all(order == list(range(8)) for order in busy.order.values())
    assert busy.most.pop("all") == most
    assert set(busy.most.values()) == {1}


async def test_after_stop_nothing_is_heard_and_what_was_under_way_is_cancelled(wire):
    server, bank = await wire.connect("server"), await wire.connect("bank")
    heard, cancelled = Heard(), asyncio.Event()

    async def slow(message):
        heard.append(message.payload)
        try:
            await asyncio.sleep(60)
        finally:
            cancelled.set()

    subscription = await server.subscribe("cranny.slow", slow)
    for _ in range(3):
        await bank.publish("cranny.slow", b"x")
    await until(lambda: heard)
    await subscription.stop()
    await subscription.stop()
    await bank.publish("cranny.slow", b"late")
    await settled()
    assert cancelled.is_set()
    assert heard == [b"x"]


async def test_a_handler_may_stop_its_own_subscription(wire):
    server, bank = await wire.connect("server"), await wire.connect("bank")
    heard = []

    async def once(message):
        heard.append(message.payload)
        await subscription.stop()
        await message.respond(b"the only one")

    subscription = await server.subscribe("cranny.once", once)
    assert await bank.request("cranny.once", b"1", timeout=5) == b"the only one"
    with pytest.raises(Unavailable):
        await bank.request("cranny.once", b"2", timeout=1)
    assert heard == [b"1"]


async def test_a_message_of_the_largest_size_passes_and_no_larger_one(wire):
    server, bank = await wire.connect("server"), await wire.connect("bank")
    await server.subscribe("cranny.large", echo)
    large = bytes(LARGEST - 10)
    assert await bank.request("cranny.large", large, timeout=10) == b"re: " + large
    for call in (bank.publish, lambda *args: bank.request(*args, timeout=5)):
        with pytest.raises(Invalid) as caught:
            await call("cranny.large", bytes(LARGEST + 1))
        assert code(caught) == "message-too-large"


@pytest.mark.parametrize("subject", ["", "a b", "a..b", ".a", "a\r\nPUB x 0", "a.*", "a.>"])
async def test_what_is_no_subject_is_refused(wire, subject):
    broker = await wire.connect("bank")
    with pytest.raises(Invalid) as caught:
        await broker.publish(subject, b"")
    assert code(caught) == "subject-invalid"
    if "*" not in subject and ">" not in subject:
        with pytest.raises(Invalid):
            await broker.subscribe(subject, Heard())


async def test_a_cut_wire_fails_at_once_keeps_nothing_and_stands_again_by_itself(wire):
    server, bank = await wire.connect("server"), await wire.connect("bank")
    heard, again = Heard(), asyncio.Event()
    await server.subscribe("cranny.facts", heard)
    await server.subscribe("cranny.ask", echo, queue="ask")
    await bank.publish("cranny.facts", b"before")
    await until(lambda: heard)

    async def resend():
        again.set()

    async def broken():
        raise ValueError

    bank.on_connected(broken)
    bank.on_connected(resend)
    await wire.cut()
    await until(lambda: not bank.connected and not server.connected)
    for call in (bank.publish, lambda *args: bank.request(*args, timeout=30)):
        with pytest.raises(Unavailable) as caught:
            await call("cranny.facts", b"meanwhile")
        assert code(caught) == "not-connected"
    later = Heard()
    await server.subscribe("cranny.later", later)
    assert not again.is_set()

    await wire.mend()
    await asyncio.wait_for(again.wait(), 20)
    await until(lambda: server.connected)
    await settled()
    await bank.publish("cranny.facts", b"after")
    await bank.publish("cranny.later", b"too")
    assert await bank.request("cranny.ask", b"?", timeout=5) == b"re: ?"
    await until(lambda: len(heard) == 2 and later)
    assert [payload for _, payload in heard] == [b"before", b"after"]


async def test_who_waits_for_an_answer_when_the_wire_breaks_knows_at_once(wire):
    server, bank = await wire.connect("server"), await wire.connect("bank")
    heard = Heard()
    await server.subscribe("cranny.silent", heard)
    asking = asyncio.create_task(bank.request("cranny.silent", b"", timeout=60))
    await until(lambda: heard)
    await wire.cut()
    with pytest.raises(Unavailable) as caught:
        await asyncio.wait_for(asking, 5)
    assert code(caught) == "no-answer"


async def test_a_closed_broker_hears_and_says_nothing(wire):
    server, bank = await wire.connect("server"), await wire.connect("bank")
    heard = Heard()
    await server.subscribe("cranny.x", heard)
    await server.close()
    await server.close()
    assert not server.connected
    with pytest.raises(Unavailable):
        await server.publish("cranny.x", b"")
    await bank.publish("cranny.x", b"")
    await settled()
    assert heard == []
