"""What somebody sees of a wall: what `permissions.TABLE` gives them there, and no button that would say no. Pure."""

from uuid import UUID

import msgspec

from cranny.platform.permissions import Action, Rights
from cranny.ui.models import DoorDetails, DoorView, WallView


class Sight(msgspec.Struct, frozen=True):
    """`ask` for commands, `agree` to them, see `commands`, `trouble` and what `parcels` are called; `settle`."""

    ask: bool
    agree: bool
    commands: bool
    trouble: bool
    parcels: bool
    settle: bool

    def wall(self, view: WallView) -> WallView:
        """The same wall without what is not for them."""
        selected = view.selected
        return msgspec.structs.replace(
            view,
            doors=self.doors(view.doors),
            selected=None if selected is None else self._details(selected),
            ask=view.ask if self.ask else "",
            awaiting=view.awaiting if self.commands else (),
            may_agree=self.agree,
            may_settle=self.settle,
            alarms=view.alarms if self.trouble else (),
            odd=view.odd if self.trouble else (),
            odd_count=view.odd_count if self.trouble else 0,
        )

    def doors(self, doors: tuple[DoorView, ...]) -> tuple[DoorView, ...]:
        return doors if self.parcels else tuple(msgspec.structs.replace(door, who="") for door in doors)

    def _details(self, details: DoorDetails) -> DoorDetails:
        return msgspec.structs.replace(
            details,
            door=self.doors((details.door,))[0],
            holds=details.holds if self.parcels else (),
            who=details.who if self.parcels else "",
            ask=details.ask if self.ask else "",
            commands=details.commands if self.commands else (),
        )


def sight(rights: Rights, site: UUID) -> Sight:
    """Of a bank at `site`."""

    def may(action: Action) -> bool:
        return rights.may(action).at(site)

    return Sight(
        ask=may(Action.COMMANDS_ASK),
        agree=may(Action.COMMANDS_AGREE),
        commands=may(Action.COMMANDS_READ),
        trouble=may(Action.TROUBLE_READ),
        parcels=may(Action.DELIVERIES_READ),
        settle=may(Action.TROUBLE_SETTLE),
    )
