"""Faces that are kept, and the one they are compared with.

Opt-in twice: the tenant allows it, and a person shows their own face, signed in and after they have agreed. Kept are
128 numbers, sealed with a key of that tenant alone, and never a picture. Compared is one to one: with the person whom
the code is for, who is named by whoever asks.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import structlog

from cranny.core.errors import Invalid, Refused
from cranny.core.events import NewEvent
from cranny.people.face import tables
from cranny.people.face.checks import FaceCheck
from cranny.people.face.rule import Outcome, Template, middle, pack, same, unpack
from cranny.people.face.seeing import Eyes, Liveness
from cranny.people.face.tables import AllowedRow, TemplateRow
from cranny.people.remember import contact
from cranny.platform import events, rows
from cranny.platform.db import Database, Tx
from cranny.platform.keys import Keyring, SealBroken
from cranny.platform.personal import count

ALLOWED: Final = "face_check.allowed"
ENDED: Final = "face_check.ended"
ENROLLED: Final = "face.enrolled"
FORGOTTEN: Final = "face.forgotten"
COMPARED: Final = "face.compared"

SAID: Final = {
    Outcome.NO_FACE: "No face was found in a picture.",
    Outcome.MANY_FACES: "There is more than one face in a picture: be alone in it.",
    Outcome.SMALL: "A face is too small: go closer.",
    Outcome.DARK: "A face is too dark: go where there is light.",
    Outcome.UNREADABLE: "A picture can't be read: send JPEG or PNG.",
    Outcome.OTHER: "The pictures are not all of the same person.",
    Outcome.NOT_LIVE: "This looks like a picture of somebody: let the camera see you yourself.",
}

log = structlog.get_logger(__name__)


async def allowed(tx: Tx) -> AllowedRow | None:
    """Since when the tenant allows it; None where it does not."""
    record = await tx.one(tables.ALLOWED, tx.tenant)
    return None if record is None else rows.to(AllowedRow, record)


async def how_many(tx: Tx) -> int:
    """People whose template is kept."""
    return int(await tx.value(tables.COUNT, tx.tenant))


async def allow(tx: Tx, check: FaceCheck, *, by: str) -> None:
    """The tenant's people may enrol. Raises Refused, code `face-check-off`."""
    check.insist()
    if await tx.value(tables.ALLOW, tx.tenant, tx.now(), by) is not None:
        await events.record(tx, [NewEvent(ALLOWED, f"tenants/{tx.tenant}", {"by": by})])


async def end(tx: Tx, *, by: str) -> None:
    """The tenant does not want it any more: every template goes."""
    kept = await how_many(tx)
    if await tx.value(tables.END, tx.tenant) is not None:
        await events.record(tx, [NewEvent(ENDED, f"tenants/{tx.tenant}", {"by": by, "templates": kept})])


@dataclass(frozen=True, slots=True)
class Faces:
    """What needs to look."""

    db: Database
    keyring: Keyring
    check: FaceCheck

    async def enrol(self, tenant: UUID, person: UUID, pictures: Sequence[bytes], *, by: str) -> datetime:
        """Keep the template of `person`, in place of the one before. Raises Refused, codes `face-check-off`,
        `face-check-not-allowed`; NotFound, code `person-not-found`; Invalid, code `face-refused`,
        with `flaw`."""
        eyes, liveness = self.check.insist()
        async with self.db.transaction(tenant) as tx:
            await _insist_allowed(tx)
            await contact(tx, person)
        template = await asyncio.to_thread(_one_face, eyes, liveness, pictures)
        if isinstance(template, Outcome):
            raise Invalid(SAID[template], code="face-refused", extra={"flaw": template})
        async with self.db.transaction(tenant) as tx:
            await _insist_allowed(tx)
            await contact(tx, person)
            sealed = seal(self.keyring, tenant, person, template)
            await tx.run(tables.KEEP, tenant, person, sealed, eyes.model, tx.now())
            await events.record(tx, [NewEvent(ENROLLED, f"persons/{person}", {"by": by, "model": eyes.model})])
            return tx.now()

    async def compare(self, tenant: UUID, person: UUID, pictures: Sequence[bytes], *, by: str) -> Outcome:
        """Whether the one before the camera is `person`, whom the code is for. Never raises for what a face,
        a camera or the model does: whoever asks goes on by `rule.release`, and the code opens."""
        if self.check.why_off is not None:
            return Outcome.OFF
        async with self.db.transaction(tenant) as tx:
            record = await tx.one(tables.TEMPLATE, tenant, person)
        if record is None:
            return Outcome.NOT_ENROLLED
        row = rows.to(TemplateRow, record)
        outcome = await asyncio.to_thread(_compared, self.keyring, self.check, row, pictures)
        async with self.db.transaction(tenant) as tx:
            if outcome is Outcome.SAME:
                await tx.run(tables.SEEN, tenant, person, tx.now())
            await events.record(tx, [NewEvent(COMPARED, f"persons/{person}", {"by": by, "outcome": outcome})])
        return outcome


async def forget(tx: Tx, person: UUID, *, by: str) -> None:
    """Their template goes; also where nothing else of this works. Raises NotFound, code `person-not-found`."""
    await contact(tx, person)
    if await tx.value(tables.FORGET, tx.tenant, person) is not None:
        await events.record(tx, [NewEvent(FORGOTTEN, f"persons/{person}", {"by": by})])


async def export(tx: Tx, person: UUID) -> dict[str, Any] | None:
    """Since when, of which model, and when last recognized. The numbers are handed to nobody: they are what a copy of a
    key is to a door."""
    record = await tx.one(tables.EXPORT, tx.tenant, person)
    return None if record is None else dict(record)


async def forget_old(tx: Tx, before: datetime, at_most: int) -> int:
    return count(await tx.run(tables.FORGET_OLD, tx.tenant, before, at_most))


def seal(keyring: Keyring, tenant: UUID, person: UUID, template: Template) -> bytes:
    """With a key of this tenant's own; it opens for this person only."""
    return keyring.seal(_purpose(tenant), person.bytes, pack(template))


def unseal(keyring: Keyring, row: TemplateRow) -> Template:
    """Raises SealBroken."""
    return unpack(keyring.open(_purpose(row.tenant), row.person.bytes, row.template))


def _purpose(tenant: UUID) -> str:
    """A purpose is what a key is derived from (decision 0003)."""
    return f"face/{tenant}"


async def _insist_allowed(tx: Tx) -> None:
    if await allowed(tx) is None:
        raise Refused(
            "The face check is not allowed here: an admin has to say so first.", code="face-check-not-allowed"
        )


def _compared(keyring: Keyring, check: FaceCheck, row: TemplateRow, pictures: Sequence[bytes]) -> Outcome:
    try:
        eyes, liveness = check.insist()
        seen = _one_face(eyes, liveness, pictures)
        if isinstance(seen, Outcome):
            return seen
        if row.model != eyes.model:
            return Outcome.NOT_ENROLLED
        return Outcome.SAME if same(seen, unseal(keyring, row)) else Outcome.OTHER
    except (RuntimeError, OSError, SealBroken):  # what dlib and its files say; and a template of another master key
        log.exception("face.failed")
        return Outcome.FAILED


def _one_face(eyes: Eyes, liveness: Liveness, pictures: Sequence[bytes]) -> Template | Outcome:
    """The template of the one living person in all of `pictures`, or why there is none."""
    if not pictures:
        return Outcome.NO_FACE
    found: list[Template] = []
    for picture in pictures:
        sight = eyes.look(picture)
        if sight.flaw is not None:
            return sight.flaw
        found.append(sight.template)
    if not all(same(found[0], other) for other in found[1:]):
        return Outcome.OTHER
    return middle(found) if liveness.alive(pictures) else Outcome.NOT_LIVE
