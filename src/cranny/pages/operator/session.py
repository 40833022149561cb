"""Signing in to the pages with an API key: the browser gets a sealed cookie that names the key, never the key.

Each request looks the key up again, so a revoked one ends its sessions at once.
"""

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec
from litestar.datastructures import Cookie

from cranny.platform import tenants
from cranny.platform.db import Tx
from cranny.platform.keys import Keyring, SealBroken

NAME: Final = "cranny-session"
LASTS: Final = timedelta(hours=12)
_PURPOSE: Final = "operator-session"


class Session(msgspec.Struct, frozen=True, array_like=True):
    """Whose browser it is, by which key, and until when."""

    tenant: UUID
    key: UUID
    until: datetime


@dataclass(frozen=True, slots=True)
class Sessions:
    """`https`: the cookie may travel by TLS only."""

    keyring: Keyring
    https: bool = False

    def cookie(self, session: Session) -> Cookie:
        """What the browser keeps. Strict: no other site's page can act with it."""
        sealed = self.keyring.seal(_PURPOSE, b"", msgspec.msgpack.encode(session))
        value = base64.urlsafe_b64encode(sealed).decode()
        return Cookie(
            NAME,
            value=value,
            max_age=int(LASTS.total_seconds()),
            httponly=True,
            secure=self.https,
            samesite="strict",
            path="/",
        )

    def read(self, value: str, now: datetime) -> Session | None:
        """None when it is none of ours, or over."""
        try:
            opened = self.keyring.open(_PURPOSE, b"", base64.urlsafe_b64decode(value))
        except (SealBroken, binascii.Error, ValueError):
            return None
        session = msgspec.msgpack.decode(opened, type=Session)
        return session if session.until > now else None


async def still_good(tx: Tx, session: Session) -> bool:
    """Whether its key still opens anything."""
    return await tenants.is_good(tx, session.key)
