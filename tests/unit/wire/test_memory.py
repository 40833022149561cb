"""The wire in memory: the simulator's faults do what they say, and the same story goes the same way twice."""

import asyncio
from dataclasses import dataclass

import pytest
from structlog.testing import capture_logs

from cranny.core.errors import Unavailable
from cranny.core.rng import SeededRng
from cranny.wire.brokers.memory import Hub
from cranny.wire.lanes import Lanes


class Scripted:
    """The fate of each message in turn, then a good wire; remembers who sent what to whom."""

    def __init__(self, *fates):
        self.fates = list(fates)
        self.carried = []

    def fate(self, sender, receiver, subject):
        self.carried.append((sender, receiver, subject))
        return self.fates.pop(0) if self.fates else (0.0,)


async def line(*fates):
    """A server that answers, a bank, what the server heard, and the faults between them."""
    faults = Scripted(*fates)
    hub = Hub(faults)
    server, bank = hub.join("server"), hub.join("bank")
    heard = []

    async def answer(message):
        heard.append(message.payload)
        await message.respond(b"re: " + message.payload)

    await server.subscribe("up", answer)
    return server, bank, heard, faults


async def test_a_lost_question_and_a_lost_answer_look_alike_to_the_asker():
    _, bank, heard, faults = await line((), (0.0,), ())
    for question in (b"lost", b"unanswered"):
        with pytest.raises(Unavailable) as caught:
            await bank.request("up", question, timeout=0.02)
        assert caught.value.code == "no-answer"
    assert await bank.request("up", b"third", timeout=1) == b"re: third"
    assert heard == [b"unanswered", b"third"]
    assert faults.carried[:3] == [("bank", "server", "up"), ("bank", "server", "up"), ("server", "bank", "up")]


async def test_a_message_can_come_twice_and_late():
    _, bank, heard, _ = await line((0.0, 0.0), (0.0,), (0.0,), (0.02,))
    assert await bank.request("up", b"twice", timeout=1) == b"re: twice"
    await bank.publish("up", b"late")
    await bank.publish("up", b"early")
    await asyncio.sleep(0.05)
    assert heard == [b"twice", b"twice", b"early", b"late"]


async def test_an_answer_that_comes_after_the_deadline_is_nothing():
    _, bank, _, _ = await line((0.0,), (0.03,))
    with pytest.raises(Unavailable):
        await bank.request("up", b"?", timeout=0.01)
    await asyncio.sleep(0.05)
    assert await bank.request("up", b"again", timeout=1) == b"re: again"


async def test_what_is_under_way_to_somebody_who_is_cut_off_is_lost():
    server, bank, heard, _ = await line((0.01,))
    await bank.publish("up", b"under way")
    server._hub.cut("server")
    await asyncio.sleep(0.03)
    assert heard == []
    with pytest.raises(Unavailable, match="listens"):
        await bank.request("up", b"?", timeout=1)


async def test_only_who_is_named_is_cut_off_and_mending_twice_runs_hooks_once():
    server, bank, heard, _ = await line()
    runs = []

    async def hook():
        runs.append(1)

    server.on_connected(hook)
    hub = server._hub
    hub.cut("server")
    assert bank.connected
    assert not server.connected
    hub.mend("server")
    hub.mend("server")
    await bank.publish("up", b"x")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert (runs, heard) == ([1], [b"x"])
    await server.close()
    hub.mend("server")
    assert not server.connected


async def story(seed):
    """Thirty requests of three banks over a bad wire; what was heard, in order."""

    class Bad:
        rng = SeededRng(seed)

        def fate(self, *_):
            return [0.0] * self.rng.below(3)

    hub, heard = Hub(Bad()), []

    async def answer(message):
        heard.append((message.subject, message.payload))
        await message.respond(b"")

    for n in range(2):
        await hub.join(f"server{n}").subscribe("up.*", answer, queue="q", concurrent=4)
    for n in range(30):
        bank = hub.join(f"bank{n % 3}")
        await bank.publish(f"up.{n % 3}", b"%d" % n)
    await asyncio.sleep(0.02)
    return heard


async def test_the_same_seed_tells_the_same_story():
    first = await story(5)
    assert first == await story(5)
    assert first != await story(6)


@dataclass
class Note:
    subject: str
    payload: bytes = b""

    async def respond(self, payload):
        raise NotImplementedError


async def test_a_flood_is_dropped_beyond_a_bound_and_told_once():
    handled = []

    async def handle(message):
        handled.append(message.subject)
        await asyncio.sleep(0)

    lanes = Lanes(handle, concurrent=2, most=5)
    with capture_logs() as logs:
        for n in range(20):
            lanes.put(Note(f"bank{n % 4}"))
    await asyncio.sleep(0.01)
    assert len(handled) == 5
    assert [entry["event"] for entry in logs] == ["messages dropped, handler too slow"]
    lanes.put(Note("bank1"))
    await asyncio.sleep(0.01)
    assert len(handled) == 6


async def test_one_who_floods_does_not_starve_the_others():
    handled = []

    async def handle(message):
        handled.append(message.subject)
        await asyncio.sleep(0)

    lanes = Lanes(handle, concurrent=2)
    for _ in range(50):
        lanes.put(Note("loud"))
    for n in range(5):
        lanes.put(Note(f"quiet{n}"))
    await asyncio.sleep(0.05)
    assert max(handled.index(f"quiet{n}") for n in range(5)) < 15
