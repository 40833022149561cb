"""Somebody else's server: a real one on a socket, that does what it is told, also what no server should."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec

Say = bytes | Callable[["Got"], bytes]


def answer(status: int, body: str = "", **headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} x", f"content-length: {len(body.encode())}", "connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


@dataclass
class Got:
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        found: dict[str, Any] = msgspec.json.decode(self.body)
        return found


@dataclass
class Receiver:
    port: int = 0
    says: Say = field(default_factory=lambda: answer(200))
    got: list[Got] = field(default_factory=list)
    hold: asyncio.Event = field(default_factory=asyncio.Event)
    """Answers wait for it."""
    drip: float | None = None
    """Seconds between the bytes of an answer's body."""
    most: int = 0
    """So many were asked at the same time."""
    _now: int = 0

    def __post_init__(self) -> None:
        self.hold.set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks"

    @property
    def subjects(self) -> list[str]:
        return [got.event["subject"] for got in self.got]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._now += 1
        self.most = max(self.most, self._now)
        try:
            got = await read(reader)
            self.got.append(got)
            await self.hold.wait()
            said = self.says(got) if callable(self.says) else self.says
            await self._say(writer, said)
        except (asyncio.IncompleteReadError, ConnectionError):
            return  # who asked has gone away: that is what some tests are about
        finally:
            self._now -= 1
            writer.close()

    async def _say(self, writer: asyncio.StreamWriter, said: bytes) -> None:
        head, _, body = said.partition(b"\r\n\r\n")
        writer.write(head + b"\r\n\r\n")
        for part in [body] if self.drip is None else [body[n : n + 1] for n in range(len(body))]:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(self.drip or 0)


async def read(reader: asyncio.StreamReader) -> Got:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    first, *lines = head.strip().split("\r\n")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Got(first.split()[1], headers, body)


@asynccontextmanager
async def receiving(*, tls: ssl.SSLContext | None = None) -> AsyncIterator[Receiver]:
    made = Receiver()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0, ssl=tls)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        made.hold.set()
        server.close()
        await server.wait_closed()
