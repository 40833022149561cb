"""The stage of the demo: a directory of its own, and every process that a small operator would run, on this machine."""

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import urlsplit
from uuid import UUID

import httpx2
import msgspec

from cranny.apps import administer
from cranny.apps.addresses import Addresses, in_use, stand_up
from cranny.apps.clock import VARIABLE, Pace, Span
from cranny.apps.edge import CLIMATE, Box, become
from cranny.apps.family import keep
from cranny.apps.settings import Settings
from cranny.apps.up import environment
from cranny.core.clock import SystemClock
from cranny.core.errors import Conflict, CrannyError, Unavailable
from cranny.core.rng import SystemRng
from cranny.platform.engines.errors import explained, make_directory
from cranny.sim.city.kiosk import Kiosk
from cranny.sim.city.line import Line, open_line
from cranny.sim.city.setting import Cabinet
from cranny.sim.truth.home import WORLD

TENANT: Final = "Cranny City"
SENDER: Final = "Cranny City <lockers@city.example>"
MARK: Final = "this-is-a-demo"
"""A directory with this file in it is a demo's: the next one may throw it away."""
KIOSK_PORT: Final = 8101
NATS_PORT: Final = 4222
PORTS_TRIED: Final = 200
ANSWER_S: Final = 60.0
READY_WITHIN_S: Final = 90.0
LOOK_S: Final = 0.1
LEAD: Final = timedelta(seconds=1)
"""How long before the city's first morning everybody is told of it."""
FIRST_HOUR_UTC: Final = 5
"""6 or 7 o'clock where the banks stand."""

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Stage:
    """`client` has the tenant's `key`. The banks reach the broker by `line`. `origin` is the city's first morning on
    the scaled clock; `homes` holds the controllers' directories."""

    settings: Settings
    found: Addresses
    span: Span
    client: httpx2.AsyncClient
    key: str
    kiosks: tuple[Kiosk, ...]
    line: Line

    @property
    def origin(self) -> datetime:
        return self.span.origin or self.span.start

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.settings.port}"

    @property
    def homes(self) -> Path:
        return self.settings.data / "banks"


def make_room(data: Path) -> Path:
    """An empty directory at `data`. One that holds anything but an earlier demo is refused: Conflict,
    code `directory-not-empty`. Raises what `explained` does where nothing can be written."""
    with explained(data):
        return _room(data)


def _room(data: Path) -> Path:
    if data.exists() and any(data.iterdir()):
        if not (data / MARK).exists():
            raise Conflict(f"{data} is not empty: the demo needs a directory of its own.", code="directory-not-empty")
        if in_use(data):
            raise Conflict(f"A demo runs in {data} already: end it first, or say --data.", code="demo-runs")
        shutil.rmtree(data)
    make_directory(data)
    (data / MARK).touch()
    for inner in ("banks", "logs"):
        (data / inner).mkdir(mode=0o755)
    return data


def make_span(factor: float, days: int, start: datetime) -> Span:
    """`days` days, `factor` times faster, from `start` on, which is a Monday morning in the city: the next one, so that
    nothing there is ever older than here."""
    monday = (start + timedelta(days=-start.weekday())).replace(hour=FIRST_HOUR_UTC, minute=0, second=0, microsecond=0)
    origin = monday if monday >= start else monday + timedelta(days=7)
    return Span(start, start + timedelta(days=days) / factor, origin)


@asynccontextmanager
async def set_up(
    settings: Settings, cabinets: Sequence[Cabinet], *, factor: float, days: int, smtp: str, progress: Progress
) -> AsyncIterator[Stage]:
    """Engines, server, worker, and a controller for each of `cabinets`, on `settings.data` (see `make_room`); all of
    them ended on leaving. `smtp` is where mail goes."""
    progress("starting PostgreSQL and NATS")
    async with stand_up(settings, SystemRng()) as found, _to_the_broker(found.nats_url) as line:
        settings = msgspec.structs.replace(settings, clock=Pace(factor, settings.data / "clock"))
        env = environment(found, settings)
        env |= {VARIABLE: str(settings.clock), "CRANNY_SMTP_URL": smtp, "CRANNY_MAIL_FROM": SENDER}
        env["CRANNY_NATS_PUBLIC_URL"] = f"nats://127.0.0.1:{line.port}"
        async with Family(settings.data / "logs", env) as family, AsyncExitStack() as stack:
            progress("starting server and worker")
            family.start("server", "server", "--port", str(settings.port))
            family.start("worker", "worker")
            key = (await administer.add_tenant(settings, TENANT)).key
            client = await stack.enter_async_context(api(settings.port, key))
            await _until(client, "/health/ready", lambda answer: answer.is_success)
            kiosks: list[Kiosk] = []
            homes: list[Path] = []
            for number, cabinet in enumerate(cabinets):
                progress(f"setting up bank {number + 1} of {len(cabinets)}: {cabinet.place.name}")
                box = await _enrol(client, cabinet, settings.data / "banks")
                homes.append(box[0])
                kiosks.append(await stack.enter_async_context(family.start_bank(number, cabinet, *box)))
            progress("waiting for the controllers")
            for kiosk in kiosks:
                await _until(kiosk.client, "/kiosk/state", _stands)
            span = make_span(factor, days, SystemClock().now() + LEAD)
            over = (span.origin or span.start) + timedelta(days=days)
            for home, cabinet in zip(homes, cabinets, strict=True):
                await asyncio.to_thread(cabinet.spoil, home / CLIMATE, over)
            await asyncio.to_thread(_tell, settings.data / "clock", span)
            settings = msgspec.structs.replace(settings, clock=Pace(factor, span))
            yield Stage(settings, found, span, client, key, tuple(kiosks), line)


def _to_the_broker(url: str) -> AbstractAsyncContextManager[Line]:
    """What the banks connect to: so that it can be cut."""
    parts = urlsplit(url)
    return open_line(parts.hostname or "127.0.0.1", parts.port or NATS_PORT)


class Family:
    """The processes, each with a log of its own; ended in order on leaving."""

    def __init__(self, logs: Path, env: Mapping[str, str]) -> None:
        self._logs = logs
        self._env = env
        self._group = asyncio.TaskGroup()
        self._tasks: list[asyncio.Task[None]] = []
        self._next_port = KIOSK_PORT

    async def __aenter__(self) -> Self:
        await self._group.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        for task in self._tasks:
            task.cancel()
        await self._group.__aexit__(None, None, None)

    def start(self, name: str, *arguments: str) -> None:
        """Keep `cranny <arguments>` running."""
        output = self._logs / f"{name}.log"
        self._tasks.append(self._group.create_task(keep(name, arguments, self._env, output=output)))

    def start_bank(self, number: int, cabinet: Cabinet, home: Path, bank: UUID) -> AbstractAsyncContextManager[Kiosk]:
        """Its controller, and its kiosk from outside."""
        port = free_port(self._next_port)
        self._next_port = port + 1
        board = cabinet.prepare(home / WORLD)
        self.start(home.name, "edge", "--data", str(home), "--port", str(port), "--board", board)
        return _kiosk(number, bank, f"http://127.0.0.1:{port}", sees=cabinet.sees)


@asynccontextmanager
async def api(port: int, key: str) -> AsyncIterator[httpx2.AsyncClient]:
    """The public API with a tenant's key."""
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=ANSWER_S) as client:
        yield client


@asynccontextmanager
async def _kiosk(number: int, bank: UUID, url: str, *, sees: bool) -> AsyncIterator[Kiosk]:
    async with httpx2.AsyncClient(base_url=url, timeout=ANSWER_S) as client:
        yield Kiosk(number, bank, client, url=url, sees=sees)


async def _enrol(client: httpx2.AsyncClient, cabinet: Cabinet, homes: Path) -> tuple[Path, UUID]:
    """Add the bank, and let a box enrol as it. Returns the box's directory and the bank's id."""
    bank = await _post(client, "/v1/banks", cabinet.file, kind="application/yaml")
    claim = await _post(client, f"/v1/banks/{bank['id']}/claims", "{}")
    home = homes / cabinet.place.name.lower().replace(" ", "-")
    home.mkdir(mode=0o700)
    box = Box(home=home, board="simulated", port=0, clock=SystemClock(), rng=SystemRng())
    await become(box, claim["claim"], str(client.base_url))
    return home, UUID(bank["id"])


async def _post(client: httpx2.AsyncClient, path: str, body: str, *, kind: str = "application/json") -> Any:
    headers = {"Idempotency-Key": SystemRng().bytes(16).hex(), "Content-Type": kind}
    answer = await client.post(path, content=body.encode(), headers=headers)
    if answer.is_error:
        raise CrannyError(f"{path}: {answer.text[:300]}", code=str(answer.status_code))
    return answer.json()


async def _until(client: httpx2.AsyncClient, path: str, good: Callable[[httpx2.Response], bool]) -> None:
    """Ask until the answer is good. Raises Unavailable, code `demo-not-ready`, when it never is."""
    try:
        async with asyncio.timeout(READY_WITHIN_S):
            while True:
                with suppress(httpx2.TransportError):
                    if good(await client.get(path)):
                        return
                await asyncio.sleep(LOOK_S)
    except TimeoutError as error:
        raise Unavailable(f"{client.base_url}{path} does not answer.", code="demo-not-ready") from error


def _stands(answer: httpx2.Response) -> bool:
    """The bank has its layout, the server hears it, and its doors are seen."""
    if not answer.is_success:
        return False
    state = answer.json()
    return bool(state["doors"]) and state["link"] == "online" and all(d["look"] != "unseen" for d in state["doors"])


def _tell(clock: Path, span: Span) -> None:
    """As a whole or not at all."""
    fresh = clock.with_suffix(".new")
    fresh.write_text(str(span), encoding="ascii")
    fresh.replace(clock)


def free_port(wanted: int) -> int:
    """`wanted`, or the next one above it that nobody listens at."""
    for port in range(wanted, wanted + PORTS_TRIED):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise Unavailable(f"No port from {wanted} to {wanted + PORTS_TRIED - 1} is free.", code="no-port")
