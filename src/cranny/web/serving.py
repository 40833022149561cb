"""Serves an application until cancelled, and lets the requests under way finish."""

import asyncio
import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import uvicorn
from litestar import Litestar

from cranny.core.errors import Unavailable

FAREWELL_S: Final = 3
"""How long open requests and streams may take to end."""
IDLE_S: Final = 75
"""How long a connection may be kept without a request. Longer than the minute of the usual proxies: who hangs up first
must be the one that sends, or a request meets a line that was just closed."""


class _Quiet(uvicorn.Server):
    """Leaves the signals to whoever runs it."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve(app: Litestar, host: str, port: int, *, proxies: Sequence[str] = ()) -> None:
    """Until cancelled; then no new connection is taken, and what is open may end. What stands in `X-Forwarded-For` is
    believed of `proxies` (networks) only: else anybody could be from anywhere. Raises Unavailable, code `port-taken`,
    when it can't listen there."""
    listening = _listen(host, port)
    server = _Quiet(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=bool(proxies),
            forwarded_allow_ips=list(proxies),
            timeout_graceful_shutdown=FAREWELL_S,
            timeout_keep_alive=IDLE_S,
        )
    )
    serving = asyncio.create_task(server.serve([listening]))
    try:
        await asyncio.shield(serving)
    except asyncio.CancelledError:
        server.should_exit = True
        await serving
        raise
    finally:
        listening.close()


def require_free(host: str, port: int) -> None:
    """Raises Unavailable, code `port-taken`, when `serve` could not listen there just now."""
    _listen(host, port).close()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        why = os.strerror(error.errno) if error.errno else error
        raise Unavailable(
            f"Can't listen on {host} port {port} ({why}): choose another port, or stop who uses it.",
            code="port-taken",
        ) from error
