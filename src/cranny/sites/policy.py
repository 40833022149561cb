"""A bank's policy: what its controller may do by itself, and how long the server keeps a promise there."""

from typing import Annotated, Literal

import msgspec

from cranny.wire import messages
from cranny.wire.sensors import HUNDREDTHS

Seconds = Annotated[int, msgspec.Meta(ge=1, le=3600)]
Hours = Annotated[int, msgspec.Meta(ge=1, le=24 * 365)]


class BankPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The hours and `second_person_above` stay on the server, all else goes down to the bank. Seconds are those of its
    own clock, never scaled; minutes pass as goods age. `hold_hours`: how long a door is promised to an announced
    delivery. `collect_hours`: how long a stored delivery waits for its collector. `second_person_above`: so many doors
    one person may open from afar in ten minutes before a second one has to confirm. Chilled compartments are right from
    `chilled_from_c` to `chilled_to_c` °C, frozen ones up to `frozen_to_c`; what is wrong for `climate_alarm_min` is an
    alarm, and what lay in it for `spoils_after_min`, all in all, is spoiled. `badges`: whether a badge opens doors
    here, which for plain ones means whoever has copied it. What nobody announced is taken in `unknown_per_day` times at
    most, and no longer than `unknown_offline_h` hours after the bank was last in step with the server. `own_storage`:
    whoever stands there may store something of their own, and gets a code that the bank makes."""

    unknown_tracking: Literal["accept", "refuse"] = "refuse"
    """Whether what nobody announced is taken in."""
    unknown_per_day: Annotated[int, msgspec.Meta(ge=0, le=10_000)] = 50
    unknown_offline_h: Hours = 72
    own_storage: bool = False
    visit_idle_s: Seconds = 90
    """After how long without a touch the screen forgets who stood there."""
    open_wait_s: Annotated[int, msgspec.Meta(ge=1, le=30)] = 3
    """How long is waited for a door to be seen open."""
    unsecured_after_s: Seconds = 180
    """After how long an open door counts as unsecured."""
    reopen_within_s: Annotated[int, msgspec.Meta(ge=0, le=3600)] = 300
    """For how long one's own door can be opened once more."""
    reopen_times: Annotated[int, msgspec.Meta(ge=0, le=10)] = 3
    """How often."""
    hold_hours: Hours = 48
    collect_hours: Hours = 72
    second_person_above: Annotated[int, msgspec.Meta(ge=0, le=1000)] = 3
    chilled_from_c: Annotated[int, msgspec.Meta(ge=-10, le=20)] = 0
    chilled_to_c: Annotated[int, msgspec.Meta(ge=-5, le=25)] = 8
    frozen_to_c: Annotated[int, msgspec.Meta(ge=-40, le=0)] = -18
    climate_alarm_min: Annotated[int, msgspec.Meta(ge=1, le=240)] = 10
    spoils_after_min: Annotated[int, msgspec.Meta(ge=1, le=24 * 60)] = 60
    badges: bool = True

    def flaw(self) -> str:
        """What contradicts itself; empty when nothing does."""
        if self.chilled_from_c >= self.chilled_to_c:
            return f"`chilled_from_c` ({self.chilled_from_c}) must be below `chilled_to_c` ({self.chilled_to_c})."
        return ""

    def for_bank(self) -> messages.Policy:
        """The part that the controller gets."""
        return messages.Policy(
            unknown_tracking=self.unknown_tracking,
            unknown_per_day=self.unknown_per_day,
            unknown_offline_h=self.unknown_offline_h,
            own_storage=self.own_storage,
            visit_idle_s=self.visit_idle_s,
            open_wait_s=self.open_wait_s,
            unsecured_after_s=self.unsecured_after_s,
            reopen_within_s=self.reopen_within_s,
            reopen_times=self.reopen_times,
            chilled_from=self.chilled_from_c * HUNDREDTHS,
            chilled_to=self.chilled_to_c * HUNDREDTHS,
            frozen_to=self.frozen_to_c * HUNDREDTHS,
            climate_delay_s=self.climate_alarm_min * 60,
            spoils_after_s=self.spoils_after_min * 60,
            badges=self.badges,
        )
