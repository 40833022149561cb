"""Puts the parts of a server or worker process together: the composition root."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import structlog

from cranny.apps.addresses import Addresses
from cranny.apps.settings import Settings
from cranny.apps.tls import broker_tls
from cranny.core.clock import Clock
from cranny.core.errors import Unavailable
from cranny.core.ids import TimeIds
from cranny.core.rng import Rng
from cranny.platform.db import Database, close_pool, open_pool, refuse_unsafe_role
from cranny.platform.engines.binaries import OLDEST_NATS
from cranny.platform.feature import SIGN_IN_WAYS, SOURCE, Outlet, Parts
from cranny.platform.fitness import look_at, reached
from cranny.platform.keys import Keyring
from cranny.wire.brokers import Broker
from cranny.wire.brokers.nats import NatsBroker
from cranny.wire.kdf import Argon2Kdf

CONNECT_WITHIN_S: Final = 10.0
DATABASE: Final = "CRANNY_DATABASE_URL"

log = structlog.get_logger(__name__)


@asynccontextmanager
async def assemble(found: Addresses, settings: Settings, clock: Clock, rng: Rng) -> AsyncIterator[Parts]:
    """Connected parts; closed on leaving. Raises one clear sentence when an engine does not answer."""
    await look_at(found.app_dsn, DATABASE)  # before we wait for the broker
    keyring = Keyring(found.master, rng=rng)
    broker = NatsBroker(
        [found.nats_url],
        rng=rng,
        nkey_seed=keyring.nats_user_seed("server"),
        tls=broker_tls(settings),
        oldest=OLDEST_NATS,
    )
    ids = TimeIds(clock, rng)
    await broker.connect(within=CONNECT_WITHIN_S)
    try:
        with reached(DATABASE):
            pool = await open_pool(found.app_dsn)
        try:
            await refuse_unsafe_role(pool)
            db = Database(pool, clock=clock, ids=ids, rng=rng, poke=_poke(broker))
            yield Parts(
                db=db,
                broker=broker,
                keyring=keyring,
                kdf=Argon2Kdf(),
                clock=clock,
                ids=ids,
                rng=rng,
                nats=(settings.nats_public_url or found.nats_url,),
                url=settings.url,
                outlets=outlets(settings),
                source=settings.public_url or SOURCE,
                requests_a_minute=settings.requests_a_minute,
                webhooks_inside=settings.webhooks_inside,
                sign_in_inside=settings.sign_in_inside,
                sign_in_ways=settings.sign_in_ways or SIGN_IN_WAYS,
            )
        finally:
            await close_pool(pool)
    finally:
        await broker.close()


def outlets(settings: Settings) -> dict[str, Outlet]:
    """The channels that are set up, e-mail first: it holds the QR, and costs nothing."""
    found: dict[str, Outlet] = {}
    if settings.smtp_url:
        found["email"] = Outlet(settings.smtp_url, sender=settings.mail_from)
    if settings.sms_url:
        found["sms"] = Outlet(settings.sms_url, settings.sms_token, settings.sms_from)
    return found


class _poke:  # noqa: N801 - a function with a memory
    """The commit is through: a poke that can't be sent is made good by the next round, so it must not raise."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    async def __call__(self, subject: str) -> None:
        try:
            await self._broker.publish(subject, b"")
        except Unavailable as error:
            log.debug("poke lost", subject=subject, reason=error.code)
