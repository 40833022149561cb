"""Who asks is whoever is connected, unless a proxy that was configured says otherwise."""

import asyncio
import ssl
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest
from litestar import Litestar, Request, get

from cranny.core.errors import Invalid, Unavailable
from cranny.web.serving import serve
from tests.journeys.certificate import certificate_for_this_machine
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


@pytest.mark.slow
async def test_with_a_certificate_it_speaks_tls_and_nothing_else(tmp_path: Path) -> None:
    files, port = certificate_for_this_machine(tmp_path), free_port()
    serving = asyncio.create_task(serve(Litestar([asker]), "127.0.0.1", port, tls=files))
    known = ssl.create_default_context(cafile=str(files[0]))
    async with httpx2.AsyncClient(verify=known) as client:
        answer = None
        while answer is None:
            assert not serving.done()
            with suppress(httpx2.TransportError):
                answer = await client.get(f"https://127.0.0.1:{port}/")
            await asyncio.sleep(0.01)
        with pytest.raises(httpx2.TransportError):
            await client.get(f"http://127.0.0.1:{port}/")
    old = ssl.create_default_context(cafile=str(files[0]))
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    async with httpx2.AsyncClient(verify=old) as client:
        with pytest.raises(httpx2.TransportError):
            await client.get(f"https://127.0.0.1:{port}/")
    serving.cancel()
    with suppress(asyncio.CancelledError, Unavailable):
        await serving
    assert answer.json()["scheme"] == "https"


async def test_files_that_are_no_certificate_are_named(tmp_path: Path) -> None:
    broken = tmp_path / "certificate.pem"
    broken.write_text("nothing")
    with pytest.raises(Invalid) as caught:
        await serve(Litestar([asker]), "127.0.0.1", free_port(), tls=(broken, broken))
    assert (caught.value.code, str(broken) in caught.value.detail) == ("settings-invalid", True)
