"""Whether this process lives, and whether it can work: for supervisors and load balancers."""

from collections.abc import Sequence

import asyncpg
import msgspec
from litestar import Response, get
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Example
from litestar.types import ControllerRouterHandler

from cranny.platform.db import Database
from cranny.web.openapi import PUBLIC
from cranny.wire.brokers import Broker


class Health(msgspec.Struct, frozen=True):
    """Which of the engines answer."""

    database: bool
    """Whether PostgreSQL answers."""
    broker: bool
    """Whether NATS answers."""


def routes(db: Database, broker: Broker) -> Sequence[ControllerRouterHandler]:
    @get("/health/live", tags=["health"], opt={PUBLIC: True}, status_code=204, operation_id="getLiveness")
    async def live() -> None:
        """The process answers."""

    @get(
        "/health/ready",
        tags=["health"],
        opt={PUBLIC: True},
        operation_id="getReadiness",
        responses={
            200: ResponseSpec(
                Health,
                generate_examples=False,
                description="Both answer.",
                examples=[Example(value={"database": True, "broker": True})],
            )
        },
    )
    async def ready() -> Response[Health]:
        """200 when the database and the broker answer, 503 otherwise."""
        health = Health(database=await _answers(db), broker=broker.connected)
        return Response(content=health, status_code=200 if health.database and health.broker else 503)

    return [live, ready]


async def _answers(db: Database) -> bool:
    try:
        return bool(await db.pool.fetchval("SELECT true", timeout=2))
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return False
