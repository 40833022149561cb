"""What the platform itself brings to the wiring, like any feature."""

from collections.abc import Sequence
from functools import partial
from typing import Any, Final
from uuid import UUID

from cranny.platform import directory, heads, idempotency, reactions, said, trail
from cranny.platform.db import Tx
from cranny.platform.feature import Feature, Parts, Violation
from cranny.platform.keys import Keyring
from cranny.platform.personal import Kept, Personal
from cranny.platform.sweeps import Sweep

HOUR_S: Final = 3600.0


def _sweeps(parts: Parts) -> Sequence[Sweep]:
    return [
        Sweep("directory.forget", HOUR_S, directory.forget_expired),
        Sweep("heads.sign", HOUR_S, partial(heads.sign, keyring=parts.keyring)),
    ]


async def _audit(tx: Tx) -> list[Violation]:
    """I8: the log is what was written; I7: and what it says is followed up."""
    broken = await trail.verify(tx)
    return [Violation("I8", f"log/{broken.position}", broken.why)] if broken else await reactions.stuck(tx)


async def _export(tx: Tx, person: UUID) -> dict[str, Any]:
    subject = f"persons/{person}"
    return {"done": await trail.of(tx, subject), "said": await said.about(tx, [subject])}


async def _erase(tx: Tx, _: Keyring, person: UUID) -> int:
    gone = await trail.erase(tx, f"persons/{person}") + await trail.erase_on(tx, [person])
    return gone + await said.forget_about(tx, [f"persons/{person}"]) + await idempotency.forget_about(tx, [person])


async def _remains(tx: Tx, persons: Sequence[UUID]) -> list[str]:
    subjects = [f"persons/{person}" for person in persons]
    said_of = [one["about"] for one in await said.about(tx, subjects)]
    return [*await trail.detailed(tx, subjects), *said_of, *await idempotency.named(tx, persons)]


PERSONAL: Final = Personal(
    "trail",
    "What this person did that is written down for good: from which address, with which program, and why; and what was "
    "said of them.",
    _export,
    _erase,
    _remains,
)
KEPT: Final = (
    Kept(
        "audit",
        "Address, program and reason beside an entry of the audit trail, from the deed on; the entry itself stays.",
        730,
        30,
        3650,
        trail.forget,
    ),
    Kept(
        "reasons",
        "What somebody wrote in their own words (why a door was opened, a code was read), from then on; that it was "
        "done stays.",
        365,
        7,
        3650,
        said.forget,
    ),
    Kept(
        "answers",
        "Answers that are given again to a request with the same Idempotency-Key, from the first one on.",
        7,
        1,
        30,
        idempotency.forget,
    ),
)
FEATURE: Final = Feature("platform", sweeps=_sweeps, audit=_audit, personal=PERSONAL, kept=KEPT)
