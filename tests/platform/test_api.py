"""The server's HTTP surface: keys, the event log in pages and live, problems, the description of it all."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from httpx2 import AsyncClient

from cranny.core.events import NewEvent
from cranny.platform import events, sequencer, tenants
from cranny.platform.api import while_good
from cranny.platform.auth import Keys, Principal
from cranny.platform.db import Database
from cranny.platform.feed import Feed
from cranny.platform.server import create_server
from cranny.web import sse
from cranny.wire.brokers.memory import Hub
from tests.platform.conftest import parts, serve


@pytest.fixture
async def key(wide: Database, tenant: UUID) -> str:
    async with wide.transaction(tenant) as tx:
        _, key = await tenants.add_key(tx, label="test")
    return key


@pytest.fixture
async def client(wide: Database, key: str) -> AsyncIterator[AsyncClient]:
    async with serve(create_server([], parts(wide)), key) as client:
        yield client


async def tell(db: Database, tenant: UUID, *told: NewEvent) -> None:
    async with db.transaction(tenant) as tx:
        await events.record(tx, told)
    await sequencer.sequence(db, tenant)


async def test_the_log_is_read_in_pages(client: AsyncClient, wide: Database, tenant: UUID) -> None:
    await tell(wide, tenant, *[NewEvent("thing.seen", f"things/{n % 2}", {"n": n}) for n in range(25)])
    seen: list[int] = []
    path = "/v1/events?type=thing.seen&limit=10"
    while items := (page := await client.get(path)).json()["items"]:
        seen.extend(item["data"]["n"] for item in items)
        path = page.links["next"]["url"]
    assert seen == list(range(25))
    # The last page says where to go on when there is more.
    await tell(wide, tenant, NewEvent("thing.seen", "things/9", {"n": 25}), NewEvent("other", "things/9"))
    (item,) = (await client.get(path)).json()["items"]
    assert item["specversion"] == "1.0"
    assert (item["type"], item["subject"], item["data"]) == ("thing.seen", "things/9", {"n": 25})
    about = await client.get("/v1/events", params={"subject": "things/9"})
    assert [item["type"] for item in about.json()["items"]] == ["thing.seen", "other"]


async def test_a_cursor_of_somebody_else_is_refused(client: AsyncClient, wide: Database) -> None:
    async with wide.transaction() as tx:
        _, other = await tenants.add_tenant(tx, "Somebody else")
    theirs = await client.get("/v1/events", headers={"Authorization": f"Bearer {other}"})
    for cursor in (theirs.json()["next"], "nonsense", "", "A" * 40, "ä"):
        refused = await client.get("/v1/events", params={"after": cursor})
        assert (refused.status_code, refused.json()["code"]) == (400, "cursor-invalid")


async def test_who_has_no_key_gets_nothing(client: AsyncClient) -> None:
    for sent in ("", "Bearer", "Bearer crn_nobody_nothing", "Basic Zm9v", "Bearer \x00"):
        answer = await client.get("/v1/events", headers={"Authorization": sent})
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"] in ("api-key-missing", "api-key-invalid")


async def test_a_revoked_key_is_trusted_for_five_seconds_at_most(wide: Database, tenant: UUID) -> None:
    clock = wide.clock
    keys = Keys(wide)
    async with wide.transaction(tenant) as tx:
        id_, key = await tenants.add_key(tx, label="doomed")
        _, brief = await tenants.add_key(tx, label="brief", expires=tx.now() + timedelta(seconds=0.2))
    assert await Keys(wide).check(brief) is not None
    assert await keys.check(key) is not None
    async with wide.transaction(tenant) as tx:
        await tenants.revoke_key(tx, id_)
        (row,) = [row for row in await tenants.list_keys(tx) if row.id == id_]
        assert row.last_used is not None
    assert await keys.check(key) is not None, "remembered"
    assert await Keys(wide).check(key) is None

    class Later:
        now = clock.now

        def monotonic(self) -> float:
            return clock.monotonic() + 5.1

    wide.clock = Later()
    assert await keys.check(key) is None
    wide.clock = clock
    await asyncio.sleep(0.2)
    assert await Keys(wide).check(brief) is None


async def test_health_needs_no_key(client: AsyncClient) -> None:
    client.headers.pop("Authorization")
    assert (await client.get("/health/live")).status_code == 204
    ready = await client.get("/health/ready")
    assert (ready.status_code, ready.json()) == (200, {"database": True, "broker": True})


async def test_the_description_says_what_is_needed(client: AsyncClient) -> None:
    client.headers.pop("Authorization")
    answer = await client.get("/schema")
    document = answer.json()
    assert document == (await client.get("/schema/openapi.json")).json()
    assert document["openapi"].startswith("3.1")
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    listing = document["paths"]["/v1/events"]["get"]
    assert listing["responses"]["default"]["content"]["application/problem+json"]["schema"]["$ref"].endswith("/Problem")
    assert {p["name"] for p in listing["parameters"]} == {"after", "type", "subject", "limit"}
    assert document["paths"]["/health/ready"]["get"]["security"] == []
    assert "Problem" in document["components"]["schemas"]
    assert "cdn" not in answer.text


# ---------------------------------------------------------------- live


class Stream:
    """Reads frames of `Feed.follow`."""

    def __init__(self, frames: AsyncIterator[bytes]) -> None:
        self._frames = frames

    async def next(self) -> tuple[int, dict[str, Any]]:
        """The next message that is not a heartbeat or a mark."""
        async with asyncio.timeout(5):
            while True:
                fields = dict(
                    line.split(": ", 1) for line in (await anext(self._frames)).decode().splitlines() if ": " in line
                )
                if "data" in fields:
                    return int(fields["id"]), msgspec.json.decode(fields["data"])


@pytest.fixture
async def feed(wide: Database) -> AsyncIterator[Feed]:
    hub = Hub()
    sender = hub.join("worker")

    async def publish(subject: str) -> None:
        await sender.publish(subject, b"")

    wide._poke = publish
    feed = Feed(wide, hub.join("server"), source="urn:test")
    running = asyncio.create_task(feed.run())
    await asyncio.sleep(0)
    yield feed
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_a_listener_gets_what_it_missed_and_then_what_happens(wide: Database, tenant: UUID, feed: Feed) -> None:
    await sequencer.sequence(wide, tenant)
    await tell(wide, tenant, *[NewEvent("thing.seen", f"things/{n}") for n in range(3)])
    stream = Stream(feed.follow(tenant, 2, lambda event: event.subject != "things/1"))
    assert [(await stream.next())[1]["subject"] for _ in range(2)] == ["things/0", "things/2"]
    following = asyncio.create_task(stream.next())
    await asyncio.sleep(0.05)
    await tell(wide, tenant, NewEvent("thing.seen", "things/1"), NewEvent("thing.seen", "things/new"))
    position, event = await following
    assert (event["subject"], event["position"]) == ("things/new", position)


async def test_nothing_is_missed_or_told_twice_however_they_interleave(
    wide: Database, tenant: UUID, feed: Feed
) -> None:
    await sequencer.sequence(wide, tenant)

    async def listen(wait: float) -> list[int]:
        await asyncio.sleep(wait)
        stream = Stream(feed.follow(tenant, 2, lambda _: True))
        return [(await stream.next())[0] for _ in range(120)]

    async def write() -> None:
        for n in range(60):
            await tell(wide, tenant, NewEvent("thing.seen", f"things/{n}"), NewEvent("thing.seen", f"things/{n}"))

    *heard, _ = await asyncio.gather(*(listen(n * 0.02) for n in range(8)), write())
    assert heard == [list(range(3, 123))] * 8


async def test_a_lost_poke_is_made_good(wide: Database, tenant: UUID, feed: Feed) -> None:
    async def lost(_: str) -> None:
        pass

    wide._poke = lost
    stream = Stream(feed.follow(tenant, None, lambda _: True))
    following = asyncio.create_task(stream.next())
    await asyncio.sleep(0.05)
    await tell(wide, tenant, NewEvent("thing.seen", "things/1"))
    # Founding the tenant has recorded events too; they are placed only now.
    subjects = [(await following)[1]["subject"]]
    while subjects[-1] != "things/1":
        subjects.append((await stream.next())[1]["subject"])


async def test_a_stream_ends_when_its_key_is_revoked(wide: Database, tenant: UUID) -> None:
    async with wide.transaction(tenant) as tx:
        (row,) = await tenants.list_keys(tx)
    closed = []

    async def frames() -> AsyncGenerator[bytes, None]:
        try:
            for frame in (b"1", sse.BEAT, b"2", sse.BEAT, b"3"):
                yield frame
        finally:
            closed.append(True)

    heard = []
    async for frame in while_good(wide, Principal(tenant, row.id), frames()):
        heard.append(frame)
        if frame == b"2":
            async with wide.transaction(tenant) as tx:
                await tenants.revoke_key(tx, row.id)
    assert heard == [b"1", sse.BEAT, b"2"]
    assert closed == [True]


async def test_the_stream_over_http(wide: Database, tenant: UUID, key: str) -> None:
    import socket

    import uvicorn

    await tell(wide, tenant, NewEvent("thing.seen", "things/1"))
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        app = create_server([], parts(wide))
        server = uvicorn.Server(uvicorn.Config(app, lifespan="on", log_config=None, ws="none"))
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        async with AsyncClient(base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {key}"}) as real:
            while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
                await asyncio.sleep(0.01)
            for nonsense in ("abc", "-1", "9" * 19, "9" * 5000):
                wrong = await real.get("/v1/events/stream", headers={"Last-Event-ID": nonsense})
                assert (wrong.status_code, wrong.json()["code"]) == (400, "position-invalid")
            headers = {"Last-Event-ID": "0"}
            async with real.stream("GET", "/v1/events/stream?type=thing.seen", headers=headers) as answer:
                assert answer.headers["content-type"].startswith("text/event-stream")
                lines = answer.aiter_lines()
                read = [await anext(lines) for _ in range(5)]
        server.should_exit = True
        await serving
    assert read[0] == "id: 0"
    assert read[3] == "event: thing.seen"
    assert msgspec.json.decode(read[4].removeprefix("data: "))["subject"] == "things/1"


# ---------------------------------------------------------------- how often


async def test_who_asks_too_often_is_told_when_to_go_on(wide: Database, key: str) -> None:
    made = replace(parts(wide), requests_a_minute=3)
    async with serve(create_server([], made), key) as client:
        answers = [await client.get("/v1/events") for _ in range(5)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
        first, refused = answers[0], answers[-1]
        assert first.headers["ratelimit-policy"] == refused.headers["ratelimit-policy"] == '"default";q=3;w=60'
        assert first.headers["ratelimit"] == '"default";r=2;t=20'
        assert refused.headers["ratelimit"].startswith('"default";r=0;t=')
        assert 1 <= int(refused.headers["retry-after"]) <= 20
        assert refused.headers["content-type"] == "application/problem+json"
        assert (refused.json()["code"], refused.json()["retry"]) == ("too-many-requests", True)
        # What asks for no key is not counted, and nobody pays for another.
        assert "ratelimit" not in (await client.get("/health/live")).headers
        async with wide.transaction() as tx:
            _, other = await tenants.add_tenant(tx, "Somebody else")
        theirs = await client.get("/v1/events", headers={"Authorization": f"Bearer {other}"})
        assert theirs.headers["ratelimit"].startswith('"default";r=2')
    unlimited = replace(parts(wide), requests_a_minute=0)
    async with serve(create_server([], unlimited), key) as client:
        assert "ratelimit" not in (await client.get("/v1/events")).headers
