"""A log's head, to be kept elsewhere. Whoever can write the whole database could write the whole chain anew, but not
what was printed, mailed or stored somewhere else before."""

import binascii
from typing import Final
from uuid import UUID

from cranny.core.errors import Invalid
from cranny.platform.db import Tx
from cranny.platform.log import HEAD_LINK

_WORD: Final = "cranny-log-head"
_PARTS: Final = 5


async def show(tx: Tx) -> str:
    """One line: the word, the tenant, the position, the chain as hexadecimal digits, and when it was so."""
    row = await tx.one(HEAD_LINK, tx.tenant)
    position, chain = (0, bytes(32)) if row is None else (row["position"], row["chain"])
    return f"{_WORD} {tx.tenant} {position} {chain.hex()} {tx.now():%Y-%m-%dT%H:%M:%SZ}"


def read(text: str, tenant: UUID) -> tuple[int, bytes]:
    """The last line that `show` made for this tenant, in whatever else stands there. Raises Invalid, code
    `head-unreadable`."""
    found = [parts for line in text.splitlines() if (parts := line.split())[:2] == [_WORD, str(tenant)]]
    try:
        if found and len(found[-1]) == _PARTS:
            return int(found[-1][2]), bytes.fromhex(found[-1][3])
    except (ValueError, binascii.Error) as error:
        raise _bad() from error
    raise _bad()


def _bad() -> Invalid:
    return Invalid(
        "There is no head of this tenant's log in that file. `cranny audit head` prints one.", code="head-unreadable"
    )
