"""The line between a city's banks and the broker, with real sockets."""

import asyncio
from contextlib import suppress

from cranny.sim.city.line import open_line


async def leave(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()


async def test_a_line_that_is_cut_lets_nobody_through_until_it_is_mended() -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(ConnectionError):
                while data := await reader.read(100):
                    writer.write(data)
        finally:  # also when the loop's end cuts it short
            await leave(writer)

    broker = await asyncio.start_server(echo, "127.0.0.1", 0)
    async with broker, open_line("127.0.0.1", broker.sockets[0].getsockname()[1]) as line:

        async def says(text: bytes) -> bytes:
            reader, writer = await asyncio.open_connection("127.0.0.1", line.port)
            try:
                writer.write(text)
                return await reader.read(100)
            except ConnectionError:
                return b""
            finally:
                await leave(writer)

        reader, writer = await asyncio.open_connection("127.0.0.1", line.port)
        writer.write(b"before")
        assert await reader.read(100) == b"before"
        line.cut()
        with suppress(ConnectionError):
            assert await reader.read(100) == b""
        await leave(writer)
        assert await says(b"during") == b""
        line.mend()
        assert await says(b"after") == b"after"
