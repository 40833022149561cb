"""Asks an application without a server: a request, and the head of its answer. Streams are left once they begin."""

import asyncio
from contextlib import suppress
from typing import Any

import msgspec
from litestar import Litestar

AGENT = "matrix"


async def ask(app: Litestar, method: str, path: str, *, cookie: str = "", key: str = "", n: int = 0) -> tuple[int, str]:
    """(status, the problem's code or where it leads)."""
    started: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
    body = bytearray()
    over, spoken = asyncio.Event(), asyncio.Event()

    async def receive() -> dict[str, Any]:
        if not over.is_set():
            over.set()
            return {"type": "http.request", "body": b"{}", "more_body": False}
        return await asyncio.get_running_loop().create_future()  # nobody hangs up

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start" and not started.done():
            started.set_result(message)
        if message["type"] == "http.response.body":
            body.extend(message.get("body", b""))
            spoken.set()

    scope = _scope(method, path, cookie=cookie, key=key, n=n)
    task = asyncio.create_task(app(scope, receive, send))
    answer = await started
    if any(value.startswith(b"text/event-stream") for _, value in answer["headers"]):
        with suppress(TimeoutError):
            await asyncio.wait_for(spoken.wait(), 0.1)  # the events' stream is silent until something happens
        task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    told = {name: value.decode() for name, value in answer["headers"]}
    if location := told.get(b"location"):
        return answer["status"], location
    if b"problem" in told.get(b"content-type", "").encode():
        return answer["status"], msgspec.json.decode(bytes(body))["code"]
    if b"scim" in told.get(b"content-type", "").encode() and answer["status"] >= 400:
        return answer["status"], msgspec.json.decode(bytes(body))["detail"].rpartition("(")[2].rstrip(")")
    return answer["status"], "refused" if b'data-result="refused"' in body else ""


def _scope(method: str, path: str, *, cookie: str, key: str, n: int) -> Any:
    headers = {b"host": b"server", b"user-agent": AGENT.encode(), b"content-type": _kind(path)}
    headers |= {b"cookie": f"cranny-session={cookie}".encode()} if cookie else {}
    headers |= {b"authorization": f"Bearer {key}".encode()} if key else {}
    headers |= {b"idempotency-key": f"matrix-{n}".encode()}
    where, _, query = path.partition("?")
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": where,
        "raw_path": where.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": list(headers.items()),
        "server": ("server", 80),
        "client": ("127.0.0.1", 1),
    }


def _kind(path: str) -> bytes:
    """Pages are sent forms."""
    return b"application/json" if path.startswith("/v1/") else b"application/x-www-form-urlencoded"
