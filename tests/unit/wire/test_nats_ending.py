"""A broker that is told to close, closes, whatever its client makes of the cancellation."""

import asyncio

import pytest
from nats.aio.client import Client

from cranny.core.rng import SeededRng
from cranny.wire.brokers.nats import NatsBroker


async def test_a_client_that_swallows_the_cancellation_does_not_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    trying = asyncio.Event()
    tries = 0

    async def connect(*_: object, **__: object) -> None:
        nonlocal tries
        tries += 1
        trying.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise OSError("the socket broke in the same moment") from None

    monkeypatch.setattr(Client, "connect", connect)
    broker = NatsBroker(["nats://127.0.0.1:1"], rng=SeededRng(1))
    await broker.connect()
    await trying.wait()
    async with asyncio.timeout(10):
        await broker.close()
    assert tries == 1
