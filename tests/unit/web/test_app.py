"""Whatever goes wrong, the answer is a problem document that tells nothing of the inside."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from httpx2 import ASGITransport, AsyncClient
from litestar import get, post
from litestar.middleware import DefineMiddleware
from litestar.openapi.spec import OpenAPI
from litestar.params import FromPath, FromQuery, JSONBody

from cranny.core.clock import SystemClock
from cranny.core.errors import NotFound, Refused, Unavailable
from cranny.core.ids import TimeIds
from cranny.core.rng import SeededRng
from cranny.web import description
from cranny.web.app import create_app
from cranny.web.origin import OriginGuard


class Item(msgspec.Struct):
    width: int


class Parcel(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    items: list[Item]


@post("/parcels")
async def add(data: JSONBody[Parcel]) -> Parcel:
    return data


@get("/fail/{kind:str}")
async def fail(kind: FromPath[str], n: FromQuery[int] = 0) -> dict[str, int]:
    if kind == "refused":
        raise Refused("There is no room.", code="no-capacity", extra={"free": {"M": 0}, "status": 200})
    if kind == "busy":
        raise Unavailable("Wait.", extra={"retry_after_s": 7})
    if kind == "missing":
        raise NotFound("No such thing.")
    if kind == "bug":
        raise ZeroDivisionError("the secret ingredient")
    if kind == "bytes":
        return {b"\xff".decode(): n}
    return {"n": n}


@pytest.fixture(scope="module")
def app() -> Any:
    """It keeps nothing between two requests."""
    return make()


@pytest.fixture
async def client(app: Any) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(transport=ASGITransport(app), base_url="http://server") as client:
        yield client


def make(**options: Any) -> Any:
    clock = SystemClock()
    ids = TimeIds(clock, SeededRng(0))
    return create_app([add, fail], clock=clock, ids=ids, title="Test", version="1", **options)


@pytest.mark.parametrize(
    ("path", "status", "code", "retry"),
    [
        ("/fail/refused", 409, "no-capacity", False),
        ("/fail/busy", 503, "unavailable", True),
        ("/fail/missing", 404, "not-found", False),
        ("/fail/bug", 500, "internal", True),
        ("/nowhere", 404, "not-found", False),
        ("/parcels", 405, "method-not-allowed", False),
    ],
)
async def test_every_error_is_a_problem(client: AsyncClient, path: str, status: int, code: str, retry: bool) -> None:
    answer = await client.get(path, headers={"X-Request-Id": "my-request-1"})
    body = answer.json()
    assert answer.status_code == body["status"] == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert body["type"] == f"urn:cranny:problem:{code}"
    assert (body["code"], body["retry"], body["request"]) == (code, retry, "my-request-1")
    assert answer.headers["x-request-id"] == "my-request-1"
    assert "ingredient" not in answer.text
    assert "Traceback" not in answer.text


async def test_a_problem_carries_what_helps(client: AsyncClient) -> None:
    refused = (await client.get("/fail/refused")).json()
    assert refused["free"] == {"M": 0}
    assert refused["status"] == 409, "extra members never replace the standard ones"
    assert (await client.get("/fail/busy")).headers["retry-after"] == "7"
    assert (await client.get("/parcels")).headers["allow"]


@pytest.mark.parametrize(
    ("sent", "path"),
    [
        (b'{"name": "x", "items": [{"width": "wide"}]}', "items[0].width"),
        (b'{"items": []}', ""),
        (b'{"name": "x", "items": [], "colour": "red"}', ""),
    ],
)
async def test_what_does_not_fit_is_named(client: AsyncClient, sent: bytes, path: str) -> None:
    answer = await client.post("/parcels", content=sent, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    assert error["path"].removeprefix("data").removeprefix(".") == path
    assert error["source"] == "body"
    assert error["message"]


@pytest.mark.parametrize("opens", [b"[", b'{"a":'])
async def test_a_body_without_bottom_is_the_sender_s_mistake(client: AsyncClient, opens: bytes) -> None:
    answer = await client.post("/parcels", content=opens * 50_000, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")


@pytest.mark.parametrize(
    "sent", [b'{"nam\xc1":"x"}', b'{"name":"\xc1","items":[]}', b"\xff", b'{"name":"x\xed\xa0\x80"}']
)
async def test_a_body_that_is_no_text_is_the_sender_s_mistake(client: AsyncClient, sent: bytes) -> None:
    """A mistake of ours with bytes stays ours."""
    answer = await client.post("/parcels", content=sent, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    ours = await client.get("/fail/bytes")
    assert (ours.status_code, ours.json()["code"]) == (500, "internal")


async def test_broken_json_and_wrong_parameters(client: AsyncClient) -> None:
    broken = await client.post("/parcels", content=b'{"name": ', headers={"Content-Type": "application/json"})
    assert (broken.status_code, broken.json()["code"]) == (400, "invalid")
    wrong = await client.get("/fail/none", params={"n": "many"})
    assert wrong.status_code == 400
    assert wrong.json()["errors"] == [{"path": "n", "message": "Expected `int`, got `str`", "source": "query"}]


async def test_a_body_has_a_limit() -> None:
    transport = ASGITransport(make(body_limit=100))
    async with AsyncClient(transport=transport, base_url="http://server") as client:
        large = await client.post("/parcels", json={"name": "x" * 200, "items": []})
    assert (large.status_code, large.json()["code"]) == (413, "too-large")


EVERYWHERE = ("/fail/none", "/fail/bug", "/nowhere", "/schema")


async def test_every_answer_has_its_headers(client: AsyncClient) -> None:
    for path in EVERYWHERE:
        headers = (await client.get(path)).headers
        policy = headers["content-security-policy"].split("; ")
        assert {"default-src 'self'", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"} <= set(policy)
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"
        assert headers["x-request-id"]
        assert "strict-transport-security" not in headers


async def test_by_tls_browsers_are_told_to_stay_with_it_for_two_years() -> None:
    async with AsyncClient(transport=ASGITransport(make(https=True)), base_url="https://server") as secure:
        for path in EVERYWHERE:
            pinned = (await secure.get(path)).headers["strict-transport-security"].split("; ")
            assert pinned == [f"max-age={2 * 365 * 24 * 3600}", "includeSubDomains"]


@pytest.mark.parametrize("origin", ["https://elsewhere.example", "null", "http://server"])
async def test_no_page_of_others_may_read_an_answer(client: AsyncClient, origin: str) -> None:
    """Neither what is asked simply, nor what a browser asks about first."""
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
    answers = [await client.get(path, headers={"Origin": origin}) for path in EVERYWHERE]
    answers += [await client.options(path, headers={"Origin": origin, **asked}) for path in (*EVERYWHERE, "/parcels")]
    told = [name for answer in answers for name in answer.headers if name.startswith("access-control-")]
    assert told == []


async def test_nobody_is_shown_what_they_sent(client: AsyncClient) -> None:
    answer = await client.request("TRACE", "/plain", headers={"X-Canary": "canary"})
    assert answer.status_code in (404, 405)
    assert "canary" not in answer.text


async def test_an_insane_request_id_is_replaced(client: AsyncClient) -> None:
    for insane in ("short", "x" * 65, "bad id here", "<script>alert(1)</script>"):
        answer = await client.get("/fail/none", headers={"X-Request-Id": insane})
        assert answer.headers["x-request-id"] != insane


async def test_the_kiosk_is_for_its_own_pages_only() -> None:
    app = make(middleware=[DefineMiddleware(OriginGuard, hosts=["127.0.0.1:8100"])])
    async with AsyncClient(transport=ASGITransport(app), base_url="http://127.0.0.1:8100") as client:
        own = {"Origin": "http://127.0.0.1:8100", "Sec-Fetch-Site": "same-origin"}
        assert (await client.get("/fail/none")).status_code == 200
        assert (await client.get("/fail/none", headers=own)).status_code == 200
        rebound = await client.get("/fail/none", headers={"Host": "evil.example"})
        assert (rebound.status_code, rebound.json()["code"]) == (421, "misdirected")
        for foreign in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
            answer = await client.get("/fail/none", headers=foreign)
            assert (answer.status_code, answer.json()["code"]) == (403, "foreign-origin")


def test_the_description_is_finished_once_and_not_before_it_is_asked_for() -> None:
    added: list[OpenAPI] = []
    app = make(describe=[lambda _, document: added.append(document)])
    assert added == []
    description.make(app)
    assert added == [app.openapi_schema]
    answers = app.openapi_schema.to_schema()["paths"]["/parcels"]["post"]["responses"]
    assert "default" in answers
    assert len(added) == 1


async def test_a_mistake_in_the_description_is_told_each_time() -> None:
    def fail_to_add(*_: object) -> None:
        raise ZeroDivisionError

    app = make(describe=[fail_to_add])
    async with AsyncClient(transport=ASGITransport(app), base_url="http://server") as client:
        told = [(await client.get(path)).status_code for path in ("/schema", "/schema/openapi.json", "/schema")]
    assert told == [500, 500, 500]
