"""Heads of a log, signed, to be kept elsewhere. Whoever can write the whole database could write the whole chain anew,
and cut its end off; they can't sign, because the key is outside the database, and they can't change what was printed,
mailed or stored somewhere else before.

The worker signs the head every hour, where it has moved, and says it in its own log as well.
"""

import re
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec
import structlog
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from cranny.core.errors import Invalid
from cranny.platform import rows
from cranny.platform.db import Database, Tx
from cranny.platform.keys import Keyring
from cranny.platform.log import HEAD_LINK

_WORD: Final = "cranny-log-head"
_LINE: Final = re.compile(
    rf"(?P<said>{_WORD} (?P<tenant>[0-9a-f-]{{36}}) (?P<position>\d{{1,18}}) (?P<chain>[0-9a-f]{{64}}) \S+)"
    r" (?P<signature>[0-9a-f]{128})"
)

LAST: Final = "SELECT max(position) FROM signed_heads WHERE tenant = $1"
KEEP: Final = """
INSERT INTO signed_heads (tenant, position, line, signed) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING
"""
EVERY: Final = "SELECT * FROM signed_heads WHERE tenant = $1 ORDER BY position"

log = structlog.get_logger(__name__)

Head = tuple[int, bytes]
"""Position and chain."""


class SignedHeadRow(msgspec.Struct, frozen=True):
    """`line` is what `show` makes."""

    tenant: UUID
    position: int
    line: str
    signed: datetime


async def show(tx: Tx, keyring: Keyring) -> str:
    """One line: the word, the tenant, the position, the chain as hexadecimal digits, when it was so, and the Ed25519
    signature over all of that."""
    position, chain = await _head(tx)
    return _signed(keyring, tx, position, chain)


async def sign(db: Database, tenant: UUID, keyring: Keyring) -> int:
    """A sweep: keep the signed head, where the log has grown, and say it in the process's own log, which other people
    keep."""
    async with db.transaction(tenant) as tx:
        position, chain = await _head(tx)
        if position <= (await tx.value(LAST, tenant) or 0):
            return 0
        line = _signed(keyring, tx, position, chain)
        await tx.run(KEEP, tenant, position, line, tx.now())
    log.info("log head signed", head=line)
    return 1


async def every(tx: Tx) -> list[str]:
    """The lines that were kept here, the oldest first."""
    return [row.line for row in rows.every(SignedHeadRow, await tx.all(EVERY, tx.tenant))]


def public(keyring: Keyring, tenant: UUID) -> bytes:
    """What the signatures can be checked with by anybody."""
    return keyring.log_key(tenant).public_key().public_bytes_raw()


def read(text: str, tenant: UUID, keyring: Keyring) -> list[Head]:
    """The heads of this tenant, in whatever else stands there. Raises Invalid, code `head-unreadable` where there is
    none, and `head-forged` for one that this installation did not sign."""
    key, found = Ed25519PublicKey.from_public_bytes(public(keyring, tenant)), []
    for line in _LINE.finditer(text):
        if line["tenant"] != str(tenant):
            continue
        try:
            key.verify(bytes.fromhex(line["signature"]), line["said"].encode())
        except InvalidSignature as error:
            raise Invalid(
                f"The head at {line['position']} in that file was not signed by this installation, or was changed.",
                code="head-forged",
            ) from error
        found.append((int(line["position"]), bytes.fromhex(line["chain"])))
    if not found:
        raise Invalid(
            "There is no signed head of this tenant's log in that file. `cranny audit head` prints one.",
            code="head-unreadable",
        )
    return found


async def _head(tx: Tx) -> Head:
    row = await tx.one(HEAD_LINK, tx.tenant)
    return (0, bytes(32)) if row is None else (row["position"], row["chain"])


def _signed(keyring: Keyring, tx: Tx, position: int, chain: bytes) -> str:
    said = f"{_WORD} {tx.tenant} {position} {chain.hex()} {tx.now():%Y-%m-%dT%H:%M:%SZ}"
    return f"{said} {keyring.log_key(tx.tenant).sign(said.encode()).hex()}"
