import asyncio
import socket

import httpx2
import pytest
from litestar import Litestar, get

from cranny.core.clock import SystemClock
from cranny.core.errors import Unavailable
from cranny.core.ids import TimeIds
from cranny.core.rng import SeededRng
from cranny.web.app import create_app
from cranny.web.serving import require_free, serve


@get("/slow", sync_to_thread=False)
def slow() -> str:
    return "done"


def taken() -> tuple[socket.socket, int]:
    listener = socket.create_server(("127.0.0.1", 0))
    return listener, int(listener.getsockname()[1])


async def test_it_answers_until_it_is_cancelled() -> None:
    listener, port = taken()
    listener.close()
    serving = asyncio.create_task(serve(Litestar([slow]), "127.0.0.1", port))
    async with httpx2.AsyncClient() as client:
        for _ in range(100):
            try:
                answer = await client.get(f"http://127.0.0.1:{port}/slow")
                break
            except httpx2.TransportError:
                await asyncio.sleep(0.02)
    assert answer.text == "done"
    await asyncio.sleep(0.1)  # the server's side of the connection ends as well
    serving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await serving
    await asyncio.sleep(0)


async def test_a_taken_port_is_one_clear_sentence_and_what_is_served_was_described_before() -> None:
    listener, port = taken()
    described: list[object] = []
    clock = SystemClock()
    app = create_app(
        [slow],
        clock=clock,
        ids=TimeIds(clock, SeededRng(0)),
        title="Test",
        version="1",
        describe=[lambda _, document: described.append(document)],
    )
    with listener, pytest.raises(Unavailable, match=f"port {port}") as refused:
        await serve(app, "127.0.0.1", port)
    assert described == [app.openapi_schema]
    assert refused.value.code == "port-taken"
    assert "(Address already in use)" in refused.value.detail


@pytest.mark.parametrize("host", ["127.0.0.1", "192.0.2.7", "not.a.host.example"])
def test_where_nobody_could_listen_is_known_before(host: str) -> None:
    """192.0.2.7 is nobody's address (RFC 5737)."""
    listener, port = taken()
    with listener, pytest.raises(Unavailable, match=host):
        require_free(host, port)
    if host == "127.0.0.1":
        require_free(host, port)
