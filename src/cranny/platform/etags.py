"""Two people edit the same thing: who was slower is told, and overwrites nothing. A thing that can be edited has an
`ETag`; an edit that names it in `If-Match` is done only if nobody has changed the thing since."""

import hashlib
from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec
from litestar import Request, Response

from cranny.core.errors import CrannyError
from cranny.platform.db import Database, Tx, patiently

MATCH: Final = "If-Match"
ANY: Final = "*"
LOCK: Final = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))"


class Changed(CrannyError):
    """It is not what it was when it was read."""

    code = "changed-meanwhile"
    status = 412


def etag(shown: msgspec.Struct) -> str:
    """Of what is shown of a thing: the same as long as that stays the same."""
    return f'"{hashlib.sha256(msgspec.json.encode(shown)).hexdigest()[:32]}"'


def respond(shown: msgspec.Struct) -> Response[Any]:
    """The thing, with its ETag."""
    return Response(content=shown, headers={"ETag": etag(shown)})


async def hold(tx: Tx, request: Request[Any, Any, Any]) -> None:
    """Let edits of what stands at this address wait for each other, until the end of the transaction."""
    await tx.run(LOCK, f"{tx.tenant}{request.url.path}")


def insist(request: Request[Any, Any, Any], shown: msgspec.Struct | None) -> None:
    """`shown` is how the thing is now, None when there is none. Raises Changed when `If-Match` is there and does not
    name it."""
    asked = request.headers.get(MATCH)
    if asked is None:
        return
    wanted = [tag.strip() for tag in asked.split(",")]
    if shown is None or (ANY not in wanted and etag(shown) not in wanted):
        raise Changed("Somebody has changed it since you read it. Read it again, then decide.")


async def edit(
    db: Database,
    request: Request[Any, Any, Any],
    show: Callable[[Tx], Awaitable[msgspec.Struct]],
    deed: Callable[[Tx], Awaitable[object]],
) -> Response[Any]:
    """Do `deed` where the thing is still as it was read, and answer with it as it is then. Raises Changed."""

    async def edited() -> Response[Any]:
        async with db.transaction(request.user.tenant) as tx:
            await hold(tx, request)
            insist(request, await show(tx))
            await deed(tx)
            return respond(await show(tx))

    return await patiently(edited)
