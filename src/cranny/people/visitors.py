"""A browser's cookie, and whose session it is."""

from typing import Final

from litestar.datastructures import Cookie

from cranny.people import sessions
from cranny.people.vouching.begun import GOOD_FOR
from cranny.platform import directory
from cranny.platform.auth import Connection, Principal
from cranny.platform.db import Database, Tx

_NAME: Final = "cranny-session"
_WAITING: Final = "cranny-sign-in"
LONGEST: Final = 128


class Visitors:
    """`platform.auth.Visitors`, for the gate and for whoever signs people in."""

    def __init__(self, db: Database, *, https: bool = False) -> None:
        """`https`: browsers reach it by TLS, whatever stands in between."""
        self._db = db
        self._https = https

    async def who(self, connection: Connection) -> Principal | None:
        """Whose session the request's cookie opens; None when it opens none."""
        secret = self.secret(connection)
        found = await directory.find(self._db, sessions.KIND, secret) if 0 < len(secret) <= LONGEST else None
        if found is None:
            return None
        async with self._db.transaction(found.tenant) as tx:
            return await sessions.look_up(tx, found.ref, agent(connection))

    async def good(self, tx: Tx, who: Principal) -> bool:
        return await sessions.still(tx, who)

    def secret(self, connection: Connection) -> str:
        """What the cookie holds, or nothing."""
        return connection.cookies.get(self._name(connection), "")

    def cookie(self, connection: Connection, secret: str) -> Cookie:
        """What the browser keeps. Strict: no other site's page can act with it, and it leaves by TLS only, where there
        is TLS."""
        return Cookie(
            self._name(connection),
            value=secret,
            max_age=int(sessions.LASTS.total_seconds()) if secret else 0,
            httponly=True,
            secure=self._secure(connection),
            samesite="strict",
            path="/",
        )

    def waiting(self, connection: Connection) -> str:
        """What the browser keeps of a sign-in that was begun; or nothing."""
        return connection.cookies.get(self._waiting_name(connection), "")

    def waiting_cookie(self, connection: Connection, sealed: str) -> Cookie:
        """What the browser keeps while it is away at another organisation. Lax: it comes along when it is sent back."""
        return Cookie(
            self._waiting_name(connection),
            value=sealed,
            max_age=int(GOOD_FOR.total_seconds()) if sealed else 0,
            httponly=True,
            secure=self._secure(connection),
            samesite="lax",
            path="/",
        )

    def _waiting_name(self, connection: Connection) -> str:
        return f"__Host-{_WAITING}" if self._secure(connection) else _WAITING

    def _name(self, connection: Connection) -> str:
        """By TLS with the prefix that keeps other hosts of the same domain from setting it."""
        return f"__Host-{_NAME}" if self._secure(connection) else _NAME

    def _secure(self, connection: Connection) -> bool:
        return self._https or connection.url.scheme == "https"


def agent(connection: Connection) -> str:
    """What the browser calls itself."""
    return connection.headers.get("user-agent", "")
