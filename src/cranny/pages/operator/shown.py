"""Commands as the pages show them, and where the pages are."""

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from cranny import fleet, people
from cranny.platform.db import Tx
from cranny.ui.models import CommandView

HOME: Final = "/walls"


async def command_views(tx: Tx, shown: Sequence[fleet.CommandShown]) -> tuple[CommandView, ...]:
    """As the pages show them, with the names of those who asked and agreed."""
    said = [who for one in shown for who in (one.asked_by, one.confirmed_by) if who is not None]
    asked = [who.person for who in said if who.person is not None]
    known = await people.contacts(tx, asked) if asked else {}
    names = {id_: contact.name or contact.email or "" for id_, contact in known.items()}
    return tuple(_view(one, names) for one in shown)


def _view(shown: fleet.CommandShown, names: Mapping[UUID, str]) -> CommandView:
    def name(who: fleet.Who) -> str:
        return who.label if who.person is None else names.get(who.person, "")

    return CommandView(
        id=str(shown.id),
        href=f"{HOME}/{shown.bank}/commands/{shown.id}",
        action=shown.action,
        state=shown.state,
        door=shown.doors[0] if len(shown.doors) == 1 else "",
        why=shown.reason,
        by=name(shown.asked_by),
        by_key=str(shown.asked_by.person or shown.asked_by.key),
        created=shown.created,
        expires=shown.expires,
        confirmed_by=name(shown.confirmed_by) if shown.confirmed_by else "",
        second_person=shown.second_person,
        answer=shown.answer,
        acknowledged=shown.acknowledged is not None,
        opened=len(shown.opened),
        of=len(shown.doors),
    )
