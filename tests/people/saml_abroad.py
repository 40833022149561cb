"""The house, and another organisation that speaks SAML: out to it, and back as browsers do it."""

import base64
import html
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from cranny.core.clock import SystemClock
from cranny.wiring.serving import join
from tests.journeys.house import free_port
from tests.people.house import House

needs_xmlsec = pytest.mark.skipif(
    shutil.which("xmlsec1") is None, reason="no xmlsec1 here (apt install xmlsec1): signing in by SAML is not tried"
)
HERE = {"Accept": "text/html"}
MAIL = {"mail": "ada@example.org", "displayName": "Ada at Work"}


class Abroad:
    """The house, and the other organisation."""

    def __init__(self, house: House, url: str) -> None:
        self.house = house
        self.url = url

    def metadata(self, key: str = "one") -> str:
        return httpx2.get(f"{self.url}/metadata", params={"key": key}, timeout=20).text

    async def set_up(self, ada: httpx2.AsyncClient, **more: Any) -> dict[str, Any]:
        body = {"name": "Example University", "metadata": self.metadata(), "domains": ["example.org"]}
        body |= {"trusts_email": True, **more}
        answer = await ada.post("/v1/saml-providers", json=body, headers=self.house.once())
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        await self.introduce(ada, found)
        return found

    async def introduce(self, ada: httpx2.AsyncClient, way: dict[str, Any]) -> None:
        """What we are called is set up over there."""
        ours = await ada.get(urlsplit(way["our_entity_id"]).path)
        assert ours.headers["content-type"] == "application/samlmetadata+xml"
        httpx2.put(f"{self.url}/sp/{way['id']}", content=ours.content)

    async def out(self, client: httpx2.AsyncClient, way: dict[str, Any], path: str = "") -> str:
        answer = await client.get(path or urlsplit(way["begin"]).path)
        assert answer.status_code == 302, answer.text
        return str(answer.headers["location"])

    async def sign(self, there: str, **said: Any) -> str:
        """Signed in over there; returns the answer's XML."""
        return str((await self.told(there, **said))["answer"])

    async def told(self, there: str, **said: Any) -> dict[str, str]:
        async with httpx2.AsyncClient(timeout=20) as client:
            await client.put(f"{self.url}/next", json={"attributes": MAIL, **said})
            answer = await client.get(there, params={**dict(httpx2.URL(there).params), "raw": "1"})
            answer.raise_for_status()
        found: dict[str, str] = answer.json()
        return found

    async def back(self, client: httpx2.AsyncClient, way: dict[str, Any], xml: str, **more: str) -> httpx2.Response:
        """As a browser brings it: by the other site's form, and then by ours."""
        form = {"SAMLResponse": base64.b64encode(xml.encode()).decode(), **more}
        there = {"Origin": self.url, "Sec-Fetch-Site": "cross-site"}
        page = await client.post(urlsplit(way["acs"]).path, data=form, headers=HERE | there)
        assert page.status_code == 200, page.text
        action, sent = re.findall(r'action="([^"]*)"|name="SAMLResponse" value="([^"]*)"', page.text)
        again = {"SAMLResponse": html.unescape(sent[1])}
        return await client.post(action[0], data=again, headers=HERE | {"Sec-Fetch-Site": "same-origin"})

    async def whole(self, client: httpx2.AsyncClient, way: dict[str, Any], **said: Any) -> httpx2.Response:
        return await self.back(client, way, await self.sign(await self.out(client, way), **said))


def refusal(answer: httpx2.Response) -> str:
    """The code on a page that says why not; empty where it says nothing of the kind."""
    found = re.search(r"say: ([a-z-]+),", answer.text)
    return found[1] if found else ""


@pytest.fixture(scope="session")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    port, program = free_port(), Path(__file__).with_name("saml_idp.py")
    with running(
        f"http://localhost:{port}", "/metadata", str(program), str(port), str(tmp_path_factory.mktemp("idp"))
    ) as url:
        yield url


@contextmanager
def running(url: str, ready: str, *words: str) -> Iterator[str]:
    """Python with these `words` as a process of its own, from when it answers at `ready` on."""
    command = [sys.executable, "-W", "ignore", *words]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603 - our own list
    try:
        for _ in range(600):
            try:
                httpx2.get(f"{url}{ready}", timeout=20).raise_for_status()
                break
            except httpx2.HTTPError:
                assert process.poll() is None
                time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture
def abroad(house: House, provider: str) -> Abroad:
    house.clock.moment = SystemClock().now()  # the other organisation's clock is the machine's
    house.parts = replace(house.parts, sign_in_inside=("127.0.0.0/8", "::1/128"))
    house.app = join(house.parts)
    return Abroad(house, provider)
