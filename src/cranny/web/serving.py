"""Serves an application until cancelled, and lets the requests under way finish."""

import asyncio
import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from ssl import Purpose, create_default_context
from typing import Final

import uvicorn
from litestar import Litestar

from cranny.core.errors import Invalid, Unavailable
from cranny.web import description

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


async def serve(
    app: Litestar, host: str, port: int, *, proxies: Sequence[str] = (), tls: tuple[Path, Path] | None = None
) -> None:
    """Until cancelled; then no new connection is taken, and what is open may end. What stands in `X-Forwarded-For` is
    believed of `proxies` (networks) only: else anybody could be from anywhere. With `tls` (files of the
    certificate and its key) it speaks TLS 1.2 and 1.3 and nothing else. Raises Unavailable, code `port-taken`, when it
    can't listen there; Invalid, code `settings-invalid`, when the files are none of these."""
    if tls is not None:
        require_usable(tls)
    description.make(app)
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
            ssl_certfile=tls and tls[0],
            ssl_keyfile=tls and tls[1],
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


def require_usable(tls: tuple[Path, Path]) -> None:
    """Raises Invalid, code `settings-invalid`, for files that are no certificate with its key."""
    try:
        create_default_context(Purpose.CLIENT_AUTH).load_cert_chain(*tls)
    except OSError as error:
        names = f"CRANNY_TLS_CERT={tls[0]}, CRANNY_TLS_KEY={tls[1]}"
        raise Invalid(f"The files for TLS can't be used ({error}): {names}.", code="settings-invalid") from error


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
