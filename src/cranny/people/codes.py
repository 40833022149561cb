"""Codes of an app (TOTP, RFC 6238): where there is no passkey, a second thing beside the mailbox to show who it is.

Each code is taken once. After `MOST_WRONG` wrong ones in a row none is taken any more until it is set up anew.
"""

import base64
from typing import Final
from uuid import UUID

import pyotp

from cranny.core.errors import Forbidden, Invalid
from cranny.core.events import NewEvent
from cranny.people import tables
from cranny.people.tables import OneTimeCodeRow
from cranny.platform import events, rows
from cranny.platform.db import Tx
from cranny.platform.keys import Keyring

MOST_WRONG: Final = 10
_PURPOSE: Final = "one-time-code"
_BYTES: Final = 20


async def begin_code(tx: Tx, keyring: Keyring, person: UUID) -> str:
    """A new secret for an app, in base 32; it counts once a first code was typed. Raises Forbidden, code
    `code-set-up`, when there is one already."""
    raw = tx.rng.bytes(_BYTES)
    sealed = keyring.seal(_PURPOSE, tx.tenant.bytes + person.bytes, raw)
    if await tx.value(tables.SET_CODE, tx.tenant, person, sealed, tx.now()) is None:
        raise Forbidden("An app is set up already: remove it first.", code="code-set-up")
    return _app(raw).secret


def address(secret: str, name: str) -> str:
    """What an app reads from a QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name="Cranny")


async def take_code(tx: Tx, keyring: Keyring, person: UUID, code: str) -> bool:
    """Whether `code` is the app's now; one that was taken before is not. The first one sets the app up. Raises Invalid,
    code `code-missing`, where there is no app; Forbidden, code `code-off`, after too many wrong ones."""
    record = await tx.one(tables.CODE, tx.tenant, person)
    if record is None:
        raise Invalid("No app is set up.", code="code-missing")
    row = rows.to(OneTimeCodeRow, record)
    if row.wrong >= MOST_WRONG:
        raise Forbidden("Too many wrong codes: use a link, and set the app up anew.", code="code-off")
    app, now = _app(keyring.open(_PURPOSE, tx.tenant.bytes + person.bytes, row.secret)), tx.now()
    step = app.timecode(now)  # the one that the app shows now and no other: each lives for 30 s
    if (row.used is None or step > row.used) and pyotp.utils.strings_equal(app.generate_otp(step), code.strip()):
        await tx.run(tables.CODE_USED, tx.tenant, person, step)
        if row.used is None:
            await events.record(tx, [NewEvent("code_app.added", f"persons/{person}")])
        return True
    await tx.run(tables.CODE_WRONG, tx.tenant, person)
    return False


async def has_code(tx: Tx, person: UUID) -> bool:
    """Whether an app is set up."""
    record = await tx.one(tables.CODE, tx.tenant, person)
    return record is not None and record["used"] is not None


async def forget_code(tx: Tx, person: UUID) -> None:
    if await tx.value(tables.FORGET_CODE, tx.tenant, person) is not None:
        await events.record(tx, [NewEvent("code_app.removed", f"persons/{person}")])


def _app(raw: bytes) -> pyotp.TOTP:
    return pyotp.TOTP(base64.b32encode(raw).decode())
