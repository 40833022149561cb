"""Everybody's phone: an SMS gateway on this machine that speaks the plain interface of docs/messages.md and keeps what
it is handed. The demo shows what recipients get; tests let it refuse."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Annotated, Any, Final

import msgspec
import uvicorn
from litestar import Litestar, Request, Response, post
from litestar.params import JSONBody

KEPT: Final = 1000
"""As many messages as are remembered."""


class Sms(msgspec.Struct, frozen=True):
    """As it was handed over. `key`: the Idempotency-Key that came with it."""

    to: str
    text: str
    reference: str
    sender: Annotated[str, msgspec.Meta()] = msgspec.field(default="", name="from")


def _taken(_: str) -> int:
    return 200


@dataclass
class Phones:
    """`messages`, the oldest first; one that comes again under its reference is the same one. `answer` is the HTTP
    status for a number."""

    token: str = "demo"  # noqa: S105 - it opens nothing but this demo
    answer: Callable[[str], int] = _taken
    messages: deque[Sms] = field(default_factory=lambda: deque(maxlen=KEPT))
    calls: int = 0
    url: str = ""

    def to(self, number: str) -> list[Sms]:
        """What `number` got."""
        return [sms for sms in self.messages if sms.to == number]

    def take(self, sms: Sms, token: str) -> int:
        """The status that the gateway answers with."""
        self.calls += 1
        status = self.answer(sms.to) if token == f"Bearer {self.token}" else 401
        if status < 300 and all(known.reference != sms.reference for known in self.messages):  # noqa: PLR2004
            self.messages.append(sms)
        return status


def application(phones: Phones) -> Litestar:
    @post("/sms")
    async def take(request: Request[Any, Any, Any], data: JSONBody[Sms]) -> Response[dict[str, str]]:
        status = phones.take(data, request.headers.get("Authorization", ""))
        return Response({"id": f"sms-{data.reference}"}, status_code=status)

    return Litestar([take], openapi_config=None)


class _Quiet(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def open_phones(phones: Phones | None = None, *, port: int = 0) -> AsyncIterator[Phones]:
    """A listening gateway, on a free port unless one is given; it listens to this machine only."""
    found = phones or Phones()
    config = uvicorn.Config(application(found), host="127.0.0.1", port=port, log_config=None, access_log=False)
    server = _Quiet(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        if serving.done():
            serving.result()
        await asyncio.sleep(0.01)
    found.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/sms"
    try:
        yield found
    finally:
        server.should_exit = True
        await serving
