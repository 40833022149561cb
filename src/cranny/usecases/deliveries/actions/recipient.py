"""The recipients of announcements, as persons of the tenant."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from cranny import people
from cranny.core.errors import Invalid
from cranny.platform.db import Tx
from cranny.usecases.deliveries.shapes import DeliveryAsked, RecipientAsked, flaw

_FIELDS: Final = {
    "name-invalid": "name",
    "email-invalid": "email",
    "phone-invalid": "phone",
    "language-invalid": "language",
}


async def remember_all(tx: Tx, asked: Sequence[DeliveryAsked]) -> list[people.Remembered]:
    """The person of each, in this order: the same one for the same e-mail address or phone number. Raises Invalid
    with the field's path.

    To be called before any other row is locked, and it takes people in one order: two transactions that both meet
    somebody new would otherwise wait for each other in a circle."""
    found: dict[RecipientAsked, people.Remembered] = {}
    for who in sorted({one.recipient for one in asked}, key=lambda who: (who.email or "", who.phone or "")):
        found[who] = await _remember(tx, who)
    return [found[one.recipient] for one in asked]


async def remember(tx: Tx, who: RecipientAsked) -> UUID:
    """The person of one. Raises Invalid with the field's path; see `remember_all`."""
    return (await _remember(tx, who)).id


async def _remember(tx: Tx, who: RecipientAsked) -> people.Remembered:
    contact = people.Contact(name=who.name, email=who.email, phone=who.phone, language=who.language)
    try:
        return await people.remembered(tx, contact)
    except Invalid as invalid:
        if field := _FIELDS.get(invalid.code):
            raise flaw(f"recipient.{field}", invalid.detail, code=invalid.code) from invalid
        raise
