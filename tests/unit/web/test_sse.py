"""Live messages: framed once, a bounded queue per client, slow clients dropped."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from cranny.web.sse import Framed, Hub, frame, mark, raw


@given(st.binary(max_size=200).filter(lambda data: b"\r" not in data))
def test_data_of_any_shape_comes_through(data: bytes) -> None:
    lines = frame(data, event="thing.seen", id_="7").split(b"\n")
    assert lines[:2] == [b"id: 7", b"event: thing.seen"]
    assert lines[-2:] == [b"", b""]
    assert b"\n".join(line.removeprefix(b"data: ") for line in lines[2:-2]) == data


def test_a_mark_is_no_message() -> None:
    assert mark("7") == b"id: 7\n\n"


async def test_clients_get_what_they_want_of_their_topic() -> None:
    hub: Hub[int] = Hub()
    with hub.join("a", lambda n: n % 2 == 0) as even, hub.join("a", lambda _: True) as all_, hub.join("b", bool) as b:
        assert hub.topics() == {"a", "b"}
        for n in range(4):
            hub.publish("a", Framed(n, frame(str(n).encode())))
        hub.publish("b", Framed(9, b"9"))
        hub.publish("nobody", Framed(1, b"1"))
        assert [m.about for m in [await anext(even.messages()) for _ in range(2)] if m] == [0, 2]
        assert [m.about for m in [await anext(all_.messages()) for _ in range(4)] if m] == [0, 1, 2, 3]
        got = await anext(b.messages())
        assert raw(got) == b"9"
    assert hub.topics() == set()


async def test_a_slow_client_is_dropped_after_what_it_has() -> None:
    hub: Hub[int] = Hub(room=3)
    with hub.join("a", lambda _: True) as slow:
        for n in range(10):
            hub.publish("a", Framed(n, b""))
        async with asyncio.timeout(1):
            got = [message.about async for message in slow.messages() if message]
    assert got == [0, 1, 2]


async def test_a_heartbeat_only_where_nothing_waits() -> None:
    hub: Hub[int] = Hub()
    with hub.join("a", lambda _: True) as client:
        client.beat()
        client.beat()
        hub.publish("a", Framed(1, b"1"))
        messages = client.messages()
        assert [raw(await anext(messages)) for _ in range(2)] == [b":\n\n", b"1"]
