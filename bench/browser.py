"""An HTTP client that costs next to nothing, because it shares the processors with what it measures. One request at
a time on a connection that stays."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

MOST: Final = 1024 * 1024


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Connection:
    def __init__(self, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: str) -> None:
        self._port = port
        self._reader = reader
        self._writer = writer
        self._head = head

    async def post(self, path: str, body: object, *, key: str = "") -> Answer:
        """`key` is the idempotency key."""
        content = json.dumps(body).encode()
        deed = f"Idempotency-Key: {key}\r\n" if key else ""
        head = f"POST {path} HTTP/1.1\r\n{self._head}{deed}Content-Type: application/json\r\n"
        return await self._ask(f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content)

    async def get(self, path: str) -> Answer:
        return await self._ask(f"GET {path} HTTP/1.1\r\n{self._head}\r\n".encode())

    async def sign_in(self, api_key: str) -> str:
        """The cookie of an operator's session."""
        content = urlencode({"key": api_key})
        kind = "Content-Type: application/x-www-form-urlencoded\r\n"
        head = f"POST /sign-in HTTP/1.1\r\n{self._head}{kind}Content-Length: {len(content)}\r\n\r\n"
        self._writer.write(f"{head}{content}".encode())
        answer = (await self._reader.readuntil(b"\r\n\r\n")).decode()
        found = re.search(r"(?i)^set-cookie: ([^;]+)", answer, re.MULTILINE)
        assert found, answer
        return found[1]

    async def listen(self, path: str) -> AsyncIterator[bytes]:
        """The lines of a stream that does not end."""
        self._writer.write(f"GET {path} HTTP/1.1\r\n{self._head}Accept: text/event-stream\r\n\r\n".encode())
        await self._reader.readuntil(b"\r\n\r\n")
        while True:
            yield await self._reader.readline()

    async def _ask(self, request: bytes) -> Answer:
        if self._reader.at_eof():
            await self._again()
        self._writer.write(request)
        try:
            head = await self._reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            if isinstance(error, asyncio.IncompleteReadError) and error.partial:
                raise
            # It was idle for so long that the server hung up, and has read nothing of this.
            await self._again()
            self._writer.write(request)
            head = await self._reader.readuntil(b"\r\n\r\n")
        length = head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0]
        return Answer(int(head[9:12]), await self._reader.readexactly(int(length or 0)))

    async def _again(self) -> None:
        await self.close()
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port, limit=MOST)

    async def close(self) -> None:
        self._writer.close()
        await asyncio.gather(self._writer.wait_closed(), return_exceptions=True)


@asynccontextmanager
async def connected(port: int, *, api_key: str = "", cookie: str = "") -> AsyncIterator[Connection]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=MOST)
    who = f"Authorization: Bearer {api_key}\r\n" if api_key else f"Cookie: {cookie}\r\n" if cookie else ""
    connection = Connection(port, reader, writer, f"Host: 127.0.0.1:{port}\r\n{who}")
    try:
        yield connection
    finally:
        await connection.close()
