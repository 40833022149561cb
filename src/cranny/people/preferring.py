"""How somebody wants to be told, what they have agreed to, and which doors suit them.

Being told is part of a delivery, so a channel is used until its person says no to it; what they said, when and how is
written down, and the log keeps what they said before.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID
from zoneinfo import available_timezones

from cranny.core.clock import millis
from cranny.core.errors import Invalid
from cranny.core.events import NewEvent
from cranny.people import tables
from cranny.people.contacts import email_key, normal_email, normal_language, normal_phone
from cranny.people.remember import contact
from cranny.people.tables import ConsentRow
from cranny.platform import events, rows
from cranny.platform.db import Tx

CHOSEN: Final = "person.preferences_changed"
ASKED: Final = "person.preferences_asked"
GIVEN: Final = "person.consent_given"
WITHDRAWN: Final = "person.consent_withdrawn"
LONGEST_HOW: Final = 200
TIME_AT: Final = 80
"""The bit of an id that its milliseconds begin at (RFC 9562, UUID version 7)."""
_CHANNEL: Final = re.compile(r"[a-z][a-z0-9_]{0,19}")
_CLOCK: Final = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")


@dataclass(frozen=True, slots=True)
class Quiet:
    """From `start` to `end`, minutes of the day at `zone`; an empty zone is that of whatever the message is about."""

    start: int
    end: int
    zone: str = ""


@dataclass(frozen=True, slots=True)
class Preferences:
    """`channels` are the only ones wanted, the best first; none means any. `refused` are those that may not be used."""

    channels: tuple[str, ...] = ()
    quiet: Quiet | None = None
    refused: frozenset[str] = field(default_factory=frozenset)
    chosen: datetime | None = None


async def preferences(tx: Tx, person: UUID) -> Preferences:
    """What is to be honoured; of somebody who has said nothing, nothing."""
    row = await tx.one(tables.PREFERENCES, tx.tenant, person) or {}
    quiet = None if row["quiet_from"] is None else Quiet(row["quiet_from"], row["quiet_to"], row["zone"])
    return Preferences(tuple(row["channels"] or ()), quiet, frozenset(row["refused"]), row["chosen"])


async def consents(tx: Tx, person: UUID) -> list[ConsentRow]:
    """What somebody has last said of each channel."""
    return rows.every(ConsentRow, await tx.all(tables.CONSENTS, tx.tenant, person))


async def prefer(
    tx: Tx,
    person: UUID,
    *,
    channels: Sequence[str],
    quiet: Quiet | None,
    low_doors: bool,
    language: str | None,
    by: str,
) -> None:
    """All of it anew; without a `language` the one that is known stays. Raises NotFound, code `person-not-found`;
    Invalid, codes `channels-invalid`, `quiet-invalid`, `language-invalid`."""
    await contact(tx, person)
    _check(channels, quiet)
    said = normal_language(language) if language else None
    start, end, zone = (quiet.start, quiet.end, quiet.zone) if quiet else (None, None, "")
    await tx.run(tables.PREFER, tx.tenant, person, list(channels), start, end, zone, tx.now(), by)
    await tx.run(tables.WISHES, tx.tenant, person, said, low_doors)
    await events.record(tx, [NewEvent(CHOSEN, f"persons/{person}", {"by": by})])


async def consent(tx: Tx, person: UUID, given: Mapping[str, bool], *, how: str, by: str) -> None:
    """What `person` says of these channels from now on; saying the same again changes nothing. `how` it was said
    (`the page`, `STOP by SMS`, `signed form`). Raises NotFound, code `person-not-found`; Invalid, codes
    `channels-invalid`, `how-invalid`."""
    await contact(tx, person)
    _check(list(given), None)
    if not 0 < len(how) <= LONGEST_HOW or not how.isprintable():
        raise Invalid(f"Say in 1 to {LONGEST_HOW} characters how it was said.", code="how-invalid")
    told = []
    for channel, yes in sorted(given.items()):
        if await tx.value(tables.CONSENT, tx.tenant, person, channel, yes, tx.now(), how, by):
            kind = GIVEN if yes else WITHDRAWN
            told.append(NewEvent(kind, f"persons/{person}", {"channel": channel, "by": by}, {"how": how}))
    await events.record(tx, told)


async def stop(tx: Tx, channel: str, address: str, *, by: str) -> int:
    """Whoever has this address or number said stop on that channel. Returns how many persons that is: who shares a
    number, shares its stop. Raises Invalid, codes `email-invalid`, `phone-invalid`, `channels-invalid`."""
    mail = email_key(normal_email(address)) if "@" in address else None
    phone = None if mail else normal_phone(address)
    found = await tx.all(tables.WITH_NUMBER, tx.tenant, mail, phone)
    for row in found:
        await consent(tx, row["id"], {channel: False}, how="stop", by=by)
    return len(found)


async def ask(tx: Tx, person: UUID, *, by: str) -> None:
    """Send a link with which they may choose. Raises NotFound, code `person-not-found`."""
    await contact(tx, person)
    await tx.run(tables.ASKED, tx.tenant, person, tx.now())
    await events.record(tx, [NewEvent(ASKED, f"persons/{person}", {"by": by})])


async def ask_new(tx: Tx, since: datetime, at_most: int) -> int:
    """Ask those who became known after `since` and whom nobody has asked. Returns how many."""
    found = await tx.all(tables.UNASKED, tx.tenant, since, at_most, UUID(int=millis(since) << TIME_AT))
    for row in found:
        await ask(tx, row["id"], by="settings")
    return len(found)


async def low_doors(tx: Tx, persons: Sequence[UUID]) -> frozenset[UUID]:
    """Those of `persons` who want doors within seated reach."""
    return frozenset(row["id"] for row in await tx.all(tables.LOW_DOORS, tx.tenant, list(persons)))


def minutes(clock: str) -> int:
    """Of the day, from `22:30`. Raises Invalid, code `quiet-invalid`. Pure."""
    found = _CLOCK.fullmatch(clock)
    if found is None:
        raise Invalid("A time of the day looks like 22:30.", code="quiet-invalid")
    return int(found[1]) * 60 + int(found[2])


def clock(of: int) -> str:
    """The inverse of `minutes`. Pure."""
    return f"{of // 60:02}:{of % 60:02}"


def _check(channels: Sequence[str], quiet: Quiet | None) -> None:
    if len(set(channels)) < len(channels) or not all(_CHANNEL.fullmatch(one) for one in channels):
        raise Invalid("Channels are names such as `email` and `sms`, each once.", code="channels-invalid")
    if quiet is None:
        return
    if quiet.start == quiet.end:
        raise Invalid("Quiet hours end at another time than they begin.", code="quiet-invalid")
    if quiet.zone and quiet.zone not in available_timezones():
        raise Invalid("A time zone looks like Europe/Berlin.", code="quiet-invalid")
