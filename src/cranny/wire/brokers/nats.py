"""NATS, through nats-py. One connection at a time, and our own way of making the next.

nats-py can reconnect by itself, and we do not let it: it keeps what is published meanwhile and sends it late, it
gives up for good when a server refuses it once, and it can wait a quarter of an hour for a dead peer to close.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final
from urllib.parse import urlsplit

import structlog
from nats import errors
from nats.aio.client import Client, ServerVersion
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription as NatsSubscription

from cranny.core.errors import Invalid, Unavailable
from cranny.core.rng import Rng
from cranny.wire import subjects
from cranny.wire.brokers import Handler, NobodyListens, check_subject
from cranny.wire.lanes import Lanes, run_hook

log = structlog.get_logger(__name__)

CONNECT_S: Final = 5.0
SEND_S: Final = 5
CLOSE_S: Final = 2.0
PROBE_EVERY_S: Final = 10.0
"""A server that does not answer a ping sent so often, within `SEND_S`, is left."""
FIRST_PAUSE_S: Final = 0.25
LONGEST_PAUSE_S: Final = 15.0


class NatsBroker:
    def __init__(
        self,
        urls: Sequence[str],
        *,
        rng: Rng,
        name: str = "cranny",
        nkey_seed: bytes | None = None,
        inbox_prefix: str = "_INBOX",
        tls: ssl.SSLContext | None = None,
        oldest: tuple[int, ...] = (),
    ) -> None:
        """Not connected yet: see `connect`. `urls` (`nats://host:port`, `tls://…`) are tried in random order,
        and only these; `nkey_seed` is an NKEY (`SU…`); `rng` spreads reconnections out. A server before the version
        `oldest` is left alone."""
        self._urls = list(urls)
        self._rng = rng
        self._oldest = oldest
        self._why = ""
        self._options: dict[str, Any] = {
            "name": name,
            "nkeys_seed_str": nkey_seed.decode() if nkey_seed else None,
            "inbox_prefix": inbox_prefix,
            "tls": tls,
        }
        self._client: Client | None = None
        self._up = asyncio.Event()
        self._subscriptions: list[_Subscription] = []
        self._hooks: list[Callable[[], Awaitable[None]]] = []
        self._deadlines: set[asyncio.Timeout] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._ended = asyncio.Event()

    async def connect(self, *, within: float | None = None) -> None:
        """Starts to connect, and goes on for ever, through every loss. Returns at once; with `within` it waits
        that many seconds for the first connection and raises Unavailable, code `not-connected`, when none came
        (and still goes on)."""
        self._start(self._keep_connected())
        if within is None:
            return
        try:
            async with asyncio.timeout(within):
                await self._up.wait()
        except TimeoutError:
            raise Unavailable(
                f"There is no connection to NATS at {_places(self._urls)}: {self._why or 'it does not answer'}.",
                code="not-connected",
            ) from None

    @property
    def connected(self) -> bool:
        return self._client is not None and self._client.is_connected

    def on_connected(self, hook: Callable[[], Awaitable[None]]) -> None:
        self._hooks.append(hook)

    async def publish(self, subject: str, payload: bytes) -> None:
        check_subject(subject)
        client = self._live()
        with _our_errors("not-connected"):
            async with asyncio.timeout(SEND_S):
                await client.publish(subject, payload)

    async def request(self, subject: str, payload: bytes, *, timeout: float) -> bytes:
        check_subject(subject)
        client = self._live()
        with _our_errors("no-answer"):
            # Our own deadline is the one that counts: it also ends a wait for a socket that takes nothing.
            async with asyncio.timeout(timeout) as deadline:
                self._deadlines.add(deadline)
                try:
                    answer = await client.request(subject, payload, timeout=timeout + SEND_S)
                finally:
                    self._deadlines.discard(deadline)
        return bytes(answer.data)

    async def subscribe(
        self, subject: str, handler: Handler, *, queue: str = "", concurrent: int = 1
    ) -> "_Subscription":
        check_subject(subject, pattern=True)
        subscription = _Subscription(self, subject, queue, Lanes(handler, concurrent=concurrent))
        self._subscriptions.append(subscription)
        if (client := self._client) is not None:
            # Without a connection now, it stands with the next one.
            with suppress(Unavailable):
                await subscription.stand(client)
                await _round_trip(client)
        return subscription

    def forget(self, subscription: "_Subscription") -> None:
        if subscription in self._subscriptions:
            self._subscriptions.remove(subscription)

    async def close(self) -> None:
        self._ended.set()
        others = self._tasks - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        for subscription in self._subscriptions.copy():
            await subscription.stop()

    def _live(self) -> Client:
        if self._client is None or not self._client.is_connected:
            raise self._not_connected()
        return self._client

    def _not_connected(self) -> Unavailable:
        return Unavailable("There is no connection to the broker just now.", code="not-connected")

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _keep_connected(self) -> None:
        tries = 0
        loop = asyncio.get_running_loop()
        # Asked at each turn as well: nats-py lets a cancellation fall under the table when its socket breaks meanwhile.
        while not self._ended.is_set():
            client, lost, since = Client(), asyncio.Event(), loop.time()
            try:
                await self._open(client, lost)
                await self._use(client, lost)
                log.warning("broker connection lost")
            except Exception as error:  # noqa: BLE001 - whatever went wrong, the wire must come back
                self._why = str(error) or repr(error)
                (log.debug if tries else log.warning)("broker out of reach", error=self._why)
            finally:
                self._client = None
                self._up.clear()
                self._give_up_waiting()
                await _leave(client)
            # A server that takes us and throws us out again is not stormed: only what lasted counts as a success.
            tries = 0 if loop.time() - since > LONGEST_PAUSE_S else tries + 1
            with suppress(TimeoutError):
                async with asyncio.timeout(self._pause(tries)):
                    await self._ended.wait()

    async def _open(self, client: Client, lost: asyncio.Event) -> None:
        async def closed() -> None:
            lost.set()

        async with asyncio.timeout(CONNECT_S):
            await client.connect(
                self._urls,
                allow_reconnect=False,
                max_reconnect_attempts=1,
                reconnect_time_wait=0,
                flush_timeout=SEND_S,
                closed_cb=closed,
                error_cb=_told,
                **self._options,
            )
        if self._oldest:
            _refuse_older(client.connected_server_version, self._oldest)

    async def _use(self, client: Client, lost: asyncio.Event) -> None:
        """Until the connection is lost."""
        self._client = client
        for subscription in self._subscriptions.copy():
            await subscription.stand(client)
        await _round_trip(client)
        self._up.set()
        log.info("broker connected", url=client.connected_url.netloc if client.connected_url else "")
        for hook in self._hooks:
            self._start(run_hook(hook))
        while client.is_connected:
            try:
                async with asyncio.timeout(PROBE_EVERY_S):
                    await lost.wait()
            except TimeoutError:
                await _round_trip(client)

    def _give_up_waiting(self) -> None:
        """Answers can't come any more: those who wait had better know."""
        now = asyncio.get_running_loop().time()
        for deadline in self._deadlines:
            if not deadline.expired():
                deadline.reschedule(now)

    def _pause(self, tries: int) -> float:
        """Longer with each failure, and never the same for two of ten thousand banks."""
        longest = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** min(tries, 16))
        return self._rng.below(int(longest * 1000) + 1) / 1000


class _Message:
    def __init__(self, broker: NatsBroker, message: Msg) -> None:
        self._broker = broker
        self._reply = message.reply
        self.subject = message.subject
        self.payload = bytes(message.data)

    async def respond(self, payload: bytes) -> None:
        if self._reply and subjects.may_answer(self.subject, self._reply):
            await self._broker.publish(self._reply, payload)


class _Subscription:
    def __init__(self, broker: NatsBroker, subject: str, queue: str, lanes: Lanes) -> None:
        self._broker = broker
        self._subject = subject
        self._queue = queue
        self._lanes = lanes
        self._client: Client | None = None
        self._standing: NatsSubscription | None = None

    async def stand(self, client: Client) -> None:
        """Once per connection. Raises Unavailable."""
        if self._client is client:
            return
        self._client = client
        with _our_errors("not-connected"):
            async with asyncio.timeout(SEND_S):
                self._standing = await client.subscribe(self._subject, queue=self._queue, cb=self._arrived)

    async def _arrived(self, message: Msg) -> None:
        self._lanes.put(_Message(self._broker, message))

    async def stop(self) -> None:
        self._broker.forget(self)
        await self._lanes.stop()
        if self._standing is not None and self._client is not None and self._client.is_connected:
            # Where the connection breaks in this very moment, nothing is left to stop.
            with suppress(Unavailable), _our_errors("not-connected"):
                await self._standing.unsubscribe()


@contextmanager
def _our_errors(too_late: str) -> Iterator[None]:
    """nats-py's errors as ours; `too_late` is the code when time is up."""
    try:
        yield
    except errors.MaxPayloadError as error:
        raise Invalid("The message is too large for the broker.", code="message-too-large") from error
    except errors.NoRespondersError as error:
        raise NobodyListens("Nobody listens there.") from error
    except TimeoutError as error:
        raise Unavailable("The broker brought no answer in time.", code=too_late) from error
    except (errors.Error, OSError) as error:
        raise Unavailable("The connection to the broker broke.", code="not-connected") from error


async def _round_trip(client: Client) -> None:
    """Until the server has taken all that was said before. Raises Unavailable.

    Twice, because nats-py sends a ping past what still waits to be sent. Shielded, because an answer to a ping that
    nobody awaits any more ends nats-py's reader: then the connection is deaf, and only the next ping shows it."""
    with _our_errors("not-connected"):
        for _ in range(2):
            await asyncio.shield(asyncio.ensure_future(client.rtt(timeout=SEND_S)))


def _refuse_older(server: ServerVersion, oldest: tuple[int, ...]) -> None:
    found = (server.major, server.minor, server.patch)
    if found < oldest:
        have, need = (".".join(map(str, version)) for version in (found, oldest))
        raise Unavailable(f"it is version {have}, and Cranny needs {need} or newer", code="broker-too-old")


def _places(urls: Sequence[str]) -> str:
    """Hosts and ports alone: an address may hold a password."""
    return ", ".join(urlsplit(url).netloc.rpartition("@")[2] for url in urls)


async def _told(error: Exception) -> None:
    """What the server says beside the conversation."""
    if "permissions violation" in str(error).lower():
        log.error("broker refused a subject", error=str(error))
    else:
        log.debug("broker error", error=str(error) or repr(error))


async def _leave(client: Client) -> None:
    try:
        async with asyncio.timeout(CLOSE_S):
            await client.close()
    except Exception as error:  # noqa: BLE001 - it is of no use any more, whatever it says
        log.debug("broker connection left open", error=str(error) or repr(error))
