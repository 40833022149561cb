"""Commands as the pages show them, and where the pages are."""

from typing import Final

from cranny import fleet
from cranny.ui.models import CommandView

HOME: Final = "/walls"


def command_view(shown: fleet.CommandShown) -> CommandView:
    """As the pages show it."""
    return CommandView(
        id=str(shown.id),
        href=f"{HOME}/{shown.bank}/commands/{shown.id}",
        action=shown.action,
        state=shown.state,
        door=shown.doors[0] if len(shown.doors) == 1 else "",
        why=shown.reason,
        by=shown.asked_by.label,
        by_key=str(shown.asked_by.key),
        created=shown.created,
        expires=shown.expires,
        confirmed_by=shown.confirmed_by.label if shown.confirmed_by else "",
        second_person=shown.second_person,
        answer=shown.answer,
        acknowledged=shown.acknowledged is not None,
        opened=len(shown.opened),
        of=len(shown.doors),
    )
