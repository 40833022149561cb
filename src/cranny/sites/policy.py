"""A bank's policy: what its controller may do by itself, and how long the server keeps a promise there."""

from typing import Annotated, Literal

import msgspec

from cranny.wire import messages

Seconds = Annotated[int, msgspec.Meta(ge=1, le=3600)]
Hours = Annotated[int, msgspec.Meta(ge=1, le=24 * 365)]


class BankPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The first six fields go down to the bank, in seconds of its own clock, never scaled; the others
    stay on the server. `hold_hours`: how long a door is promised to an announced delivery.
    `collect_hours`: how long a stored delivery waits for its collector. `second_person_above`: so many doors one
    person may open from afar in ten minutes before a second one has to confirm."""

    unknown_tracking: Literal["accept", "refuse"] = "refuse"
    visit_idle_s: Seconds = 90
    open_wait_s: Annotated[int, msgspec.Meta(ge=1, le=30)] = 3
    unsecured_after_s: Seconds = 180
    reopen_within_s: Annotated[int, msgspec.Meta(ge=0, le=3600)] = 300
    reopen_times: Annotated[int, msgspec.Meta(ge=0, le=10)] = 3
    hold_hours: Hours = 48
    collect_hours: Hours = 72
    second_person_above: Annotated[int, msgspec.Meta(ge=0, le=1000)] = 3

    def for_bank(self) -> messages.Policy:
        """The part that the controller gets."""
        return messages.Policy(
            unknown_tracking=self.unknown_tracking,
            visit_idle_s=self.visit_idle_s,
            open_wait_s=self.open_wait_s,
            unsecured_after_s=self.unsecured_after_s,
            reopen_within_s=self.reopen_within_s,
            reopen_times=self.reopen_times,
        )
