"""Who asks is whoever is connected, unless a proxy that was configured says otherwise."""

import asyncio
from contextlib import suppress
from typing import Any

import httpx2
import pytest
from litestar import Litestar, Request, get

from cranny.core.errors import Unavailable
from cranny.web.serving import serve
from tests.journeys.house import free_port


@get("/")
async def asker(request: Request[Any, Any, Any]) -> dict[str, str]:
    assert request.client is not None
    return {"address": request.client.host, "scheme": request.url.scheme}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("proxies", "said", "address", "scheme"),
    [
        ((), "203.0.113.9", "127.0.0.1", "http"),
        (("10.0.0.0/8",), "203.0.113.9", "127.0.0.1", "http"),
        (("127.0.0.0/8",), "203.0.113.9", "203.0.113.9", "https"),
        (("127.0.0.0/8",), "198.51.100.1, 203.0.113.9", "203.0.113.9", "https"),
        (("127.0.0.0/8", "10.0.0.0/8"), "198.51.100.1, 203.0.113.9, 10.1.2.3", "203.0.113.9", "https"),
    ],
)
async def test_a_forwarded_address_is_believed_of_configured_proxies_only(
    proxies: tuple[str, ...], said: str, address: str, scheme: str
) -> None:
    port = free_port()
    serving = asyncio.create_task(serve(Litestar([asker]), "127.0.0.1", port, proxies=proxies))
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        answer = None
        while answer is None:
            assert not serving.done()
            with suppress(httpx2.TransportError):
                answer = await client.get("/", headers={"X-Forwarded-For": said, "X-Forwarded-Proto": "https"})
            await asyncio.sleep(0.01)
    serving.cancel()
    with suppress(asyncio.CancelledError, Unavailable):
        await serving
    assert answer.json() == {"address": address, "scheme": scheme}
