"""The city's network between the banks and the broker: a relay that can be cut, for all banks at once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

CHUNK: Final = 1 << 16


class Line:
    """Passes on what comes to `port` on this machine to `host`:`to`, while it is whole."""

    def __init__(self, host: str, to: int) -> None:
        self.port = 0
        self.whole = True
        self._target = (host, to)
        self._ends: set[asyncio.StreamWriter] = set()
        self._sessions: set[asyncio.Task[None]] = set()

    def cut(self) -> None:
        """Every connection breaks, and nobody gets through."""
        self.whole = False
        for end in self._ends:
            end.transport.abort()

    def mend(self) -> None:
        self.whole = True

    def join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A bank connects."""
        session = asyncio.create_task(self._join(reader, writer))
        self._sessions.add(session)
        session.add_done_callback(self._sessions.discard)

    async def close(self) -> None:
        """Cut, and nothing of it is left behind."""
        self.cut()
        await asyncio.gather(*self._sessions)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self.whole:
            await _abort(writer)
            return
        try:
            upstream_reader, upstream = await asyncio.open_connection(*self._target)
        except OSError:
            await _abort(writer)
            return
        ends = {writer, upstream}
        self._ends |= ends
        try:
            await asyncio.gather(_pass(reader, upstream), _pass(upstream_reader, writer))
        finally:
            self._ends -= ends
            await _abort(*ends)


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Until either side ends."""
    with suppress(ConnectionError):
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()
    writer.transport.abort()


async def _abort(*ends: asyncio.StreamWriter) -> None:
    for end in ends:
        end.transport.abort()
    for end in ends:
        with suppress(ConnectionError):
            await end.wait_closed()


@asynccontextmanager
async def open_line(host: str, to: int) -> AsyncIterator[Line]:
    """A whole one, on a free port."""
    line = Line(host, to)
    server = await asyncio.start_server(line.join, "127.0.0.1", 0)
    line.port = server.sockets[0].getsockname()[1]
    try:
        yield line
    finally:
        server.close()
        await line.close()
        await server.wait_closed()
