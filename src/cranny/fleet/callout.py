"""Who may connect to the broker, and what for: NATS asks us at each connection (auth callout).

The broker checks nothing itself: that the box holds the key it names is for us to see, from its signature of the
broker's nonce. A bank may publish below its own `up` only, hear below its own `down` and in its own inbox only, and
answer what it was asked. A permission lapses, so that a key that was revoked is not in for ever.
"""

import asyncio
import binascii
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
import structlog

from cranny.core.clock import Clock
from cranny.core.errors import Invalid
from cranny.core.rng import Rng
from cranny.fleet.natsjwt import decode, encode, unbase64
from cranny.wire import nkey, subjects
from cranny.wire.brokers import Broker, Incoming
from cranny.wire.nkey import Role

log = structlog.get_logger(__name__)

SUBJECT: Final = "$SYS.REQ.USER.AUTH"
ACCOUNT: Final = "$G"
"""Where banks and our own processes meet: the account of a server that has no others."""
AT_ONCE: Final = 8
LASTS: Final = timedelta(hours=1)
SPREAD_S: Final = 600
"""Permissions given in one second lapse over so many, or every bank would come back at once."""

Lookup = Callable[[str], Awaitable[tuple[UUID, UUID] | None]]
"""(tenant, bank) that an NKEY (`U…`) speaks for; None when it speaks for none, or not any more."""


class _Server(msgspec.Struct, frozen=True):
    id: str


class _Client(msgspec.Struct, frozen=True):
    host: str = ""
    nonce: str = ""


class _Options(msgspec.Struct, frozen=True):
    nkey: str = ""
    sig: str = ""


class _Asked(msgspec.Struct, frozen=True):
    server_id: _Server
    user_nkey: str
    client_info: _Client
    connect_opts: _Options


class _Request(msgspec.Struct, frozen=True):
    aud: str
    nats: _Asked


class Callout:
    def __init__(self, broker: Broker, account_seed: bytes, lookup: Lookup, *, clock: Clock, rng: Rng) -> None:
        """`account_seed` (`SA…`) is the seed of the issuer that the NATS server is configured with."""
        self._broker = broker
        self._account = nkey.private(account_seed, Role.ACCOUNT)
        self._lookup = lookup
        self._clock = clock
        self._rng = rng

    async def run(self) -> None:
        """Until cancelled. Several subscriptions, because the questions all have one subject."""
        async with AsyncExitStack() as stack:
            for _ in range(AT_ONCE):
                subscription = await self._broker.subscribe(SUBJECT, self._asked, queue="callout")
                stack.push_async_callback(subscription.stop)
            await asyncio.Event().wait()

    async def _asked(self, message: Incoming) -> None:
        """No answer when the directory does not answer us: the broker refuses, and the bank tries again."""
        request = decode(message.payload, _Request, issuer=Role.SERVER)
        if request.aud != "nats-authorization-request":
            raise Invalid("This token was made for something else.", code="jwt-invalid")
        asked = request.nats
        owner = await self._owner(asked)
        if owner is None:
            log.warning("refused at the broker", key=asked.connect_opts.nkey, host=asked.client_info.host)
            answer = {"error": "This key speaks for no bank."}
        else:
            answer = {"jwt": self._permission(asked.user_nkey, *owner)}
        token = self._token({"type": "authorization_response", **answer}, asked.user_nkey, asked.server_id.id)
        await message.respond(token.encode())

    async def _owner(self, asked: _Asked) -> tuple[UUID, UUID] | None:
        """The bank of a client that has proved that the key it names is its own."""
        claimed = asked.connect_opts
        try:
            signature = unbase64(claimed.sig.encode())
        except binascii.Error:
            return None
        # An empty nonce would be a signature for ever.
        if not asked.client_info.nonce or not nkey.verify_nkey_signature(
            claimed.nkey, asked.client_info.nonce.encode(), signature
        ):
            return None
        return await self._lookup(claimed.nkey)

    def _permission(self, user: str, tenant: UUID, bank: UUID) -> str:
        rights = {
            "type": "user",
            "pub": {"allow": [f"{subjects.below(tenant, bank)}.up.>"]},
            "sub": {"allow": [f"{subjects.below(tenant, bank)}.down.>", f"{subjects.inbox(bank)}.>"]},
            "resp": {"max": 1, "ttl": 60_000_000_000},
            "subs": 64,
            "data": -1,
            "payload": -1,
        }
        return self._token(rights, user, ACCOUNT, lasts=LASTS + timedelta(seconds=self._rng.below(SPREAD_S)))

    def _token(self, nats: dict[str, Any], subject: str, audience: str, *, lasts: timedelta | None = None) -> str:
        now = self._clock.now()
        return encode(
            self._account,
            nats,
            subject=subject,
            audience=audience,
            now=now,
            expires=None if lasts is None else now + lasts,
        )
