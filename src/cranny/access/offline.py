"""Signed tokens for a bank that may be out of reach: issued for one door, by somebody, for a reason; each is in the
log. Nothing of it goes down to the bank, which believes the signature alone; only taking one back does."""

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from cranny import fleet, sites
from cranny.core.clock import millis
from cranny.core.errors import Invalid, NotFound
from cranny.core.events import NewEvent
from cranny.platform import events
from cranny.platform.auth import Principal
from cranny.platform.db import Tx
from cranny.platform.keys import Keyring
from cranny.wire import tokens
from cranny.wire.messages import GrantRevoked
from cranny.wire.summed import Label


class TokenAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`purpose` `recall` takes out what lies there, `inspect` only looks. Good for `hours`: 24 at most to recall, 8 to
    inspect. `reason` stays in the log, beside who asked. `agreed`: the command `token` for this door that somebody else
    has confirmed, where a second person has to."""

    purpose: tokens.Purpose
    door: Annotated[Label, Meta(examples=["07"])]
    reason: Annotated[str, Meta(min_length=1, max_length=200, examples=["the bank has been offline since Monday"])]
    hours: Annotated[int, Meta(ge=1, le=24)] = 4
    agreed: UUID | None = None


class TokenShown(msgspec.Struct, frozen=True):
    """`qr` is the text of the symbol, to be scanned at the bank; it is shown once. `generation` is what has to lie
    there, 0 for nothing."""

    id: UUID
    bank: UUID
    purpose: tokens.Purpose
    door: str
    generation: int
    expires: datetime
    """From when on it is good for nothing."""
    qr: str


async def issue_token(tx: Tx, keyring: Keyring, bank: UUID, asked: TokenAsked, *, by: Principal) -> TokenShown:
    """Sign one, and record `token.issued`. Raises NotFound, codes `bank-not-found`, `door-not-found`; Invalid, codes
    `hours-too-many`, `nothing-to-recall`; Refused, code `second-person-needed`, and what else `fleet.allow_token`
    raises."""
    most = tokens.MOST_HOURS[asked.purpose]
    if asked.hours > most:
        raise Invalid(f"A token to {asked.purpose} is good for {most} hours at most.", code="hours-too-many")
    doors = {door.label: door for door in await sites.list_doors(tx, bank)}
    if asked.door not in doors:
        raise NotFound(f"This bank has no door {asked.door!r}.", code="door-not-found")
    generation = doors[asked.door].generation or 0
    if asked.purpose == "recall" and not generation:
        raise Invalid("Nothing lies behind this door, as far as the server knows.", code="nothing-to-recall")
    leave = await fleet.allow_token(tx, bank, doors[asked.door], asked.reason, by=by, agreed=asked.agreed)
    key, now = keyring.downlink_key(tx.tenant), tx.now()
    expires = now + timedelta(hours=asked.hours)
    id_ = tx.ids.new()
    token = tokens.Token(
        token_id=id_.bytes,
        kid=tokens.kid(key.public_key()),
        bank=bank.bytes,
        purpose=asked.purpose,
        door=asked.door,
        generation=generation,
        issued=millis(now) // 1000,
        expires=millis(expires) // 1000,
    )
    data = {
        "bank": str(bank),
        "purpose": asked.purpose,
        "door": asked.door,
        "generation": generation,
        "expires": expires.isoformat(),
        "who": by.who,
        "command": str(leave),
    }
    await events.record(tx, [NewEvent("token.issued", f"tokens/{id_}", data, {"reason": asked.reason})])
    shown = (id_, bank, asked.purpose, asked.door, generation, expires)
    return TokenShown(*shown, qr=tokens.sign(key, token))


async def take_back(tx: Tx, bank: UUID, token: UUID, *, who: str) -> None:
    """From when the bank hears of it, `token` opens nothing there. Raises NotFound, code `bank-not-found`."""
    await fleet.append(tx, bank, [GrantRevoked(token)])
    await events.record(tx, [NewEvent("token.taken_back", f"tokens/{token}", {"bank": str(bank), "who": who})])
