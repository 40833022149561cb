"""Signatures as the Standard Webhooks specification has them: HMAC-SHA256 over id, timestamp and body.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import hmac
from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from cranny.core.rng import Rng
from cranny.platform.keys import Keyring
from cranny.webhooks.tables import EndpointRow

BEGINS: Final = "whsec_"
SIZE: Final = 32
"""Bytes; the specification wants 24 to 64."""
_PURPOSE: Final = "webhook-secret"


def new_secret(rng: Rng) -> bytes:
    return rng.bytes(SIZE)


def shown(secret: bytes) -> str:
    """As the receiver is told it: `whsec_` and base64."""
    return BEGINS + base64.b64encode(secret).decode()


def seal(keyring: Keyring, tenant: UUID, endpoint: UUID, secret: bytes) -> bytes:
    return keyring.seal(_PURPOSE, tenant.bytes + endpoint.bytes, secret)


def secrets(keyring: Keyring, row: EndpointRow, now: datetime) -> list[bytes]:
    """Those that are live: the newest, and for a while the one before it. Raises SealBroken."""
    sealed = [row.secret]
    if row.old_secret is not None and row.old_until is not None and row.old_until > now:
        sealed.append(row.old_secret)
    return [keyring.open(_PURPOSE, row.tenant.bytes + row.id.bytes, one) for one in sealed]


def headers(secrets: Sequence[bytes], id_: str, moment: datetime, body: bytes) -> dict[str, str]:
    """The three headers. A receiver that knows any of `secrets` can verify them."""
    seconds = str(int(moment.timestamp()))
    content = f"{id_}.{seconds}.".encode() + body
    signatures = [f"v1,{base64.b64encode(hmac.digest(secret, content, 'sha256')).decode()}" for secret in secrets]
    return {"webhook-id": id_, "webhook-timestamp": seconds, "webhook-signature": " ".join(signatures)}
