"""Codes (I9): no two live grants of a bank have one locator, and no code survives eleven wrong tries."""

from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Final
from uuid import UUID

from cranny.sim.oracles.verdicts import Verdicts
from cranny.wire.messages import GrantGiven

TRIES: Final = 10


class Codes:
    """At one bank."""

    def __init__(self, bank: str, ended: Callable[[UUID], bool], verdicts: Verdicts) -> None:
        """`ended` says whether a grant opens nothing any more."""
        self._bank = bank
        self._ended = ended
        self._verdicts = verdicts
        self._located: dict[int, set[UUID]] = defaultdict(set)
        self._locator: dict[UUID, int] = {}
        self._wrong: Counter[UUID] = Counter()
        self._off: set[UUID] = set()

    def given(self, given: GrantGiven) -> None:
        """The bank has applied it."""
        self._locator[given.grant] = given.locator
        here = self._located[given.locator]
        here -= {grant for grant in here if self._ended(grant)}
        if here - {given.grant} and not self._ended(given.grant):
            self._verdicts.say(
                "I9", f"{self._bank}/grants/{given.grant}", f"locator {given.locator} is taken by {here}"
            )
        here.add(given.grant)

    def taken(self, grant: UUID) -> bool:
        """Whether another live grant has the locator of `grant`."""
        here = self._located.get(self._locator.get(grant, -1), set())
        return any(other != grant and not self._ended(other) for other in here)

    def tried(self, digits: str, *, right: UUID | None, wrong: bool) -> None:
        """Somebody typed `digits`; `wrong`: the bank said so. `right` is the grant whose code they are."""
        locator = digits.replace(" ", "")[:3]
        for grant in self._located.get(int(locator), ()) if locator.isdigit() else ():
            if wrong and grant != right and not self._ended(grant):
                self._wrong[grant] += 1

    def exhausted(self, grant: UUID) -> None:
        self._off.add(grant)

    def opened(self, grant: UUID | None, credential: str) -> None:
        """A door was opened with it."""
        if grant is None:
            return
        if credential == "code" and self._wrong[grant] > TRIES:
            self._verdicts.say(
                "I9", f"{self._bank}/grants/{grant}", f"it opened after {self._wrong[grant]} wrong tries"
            )
        self._wrong[grant] = 0

    def close(self) -> None:
        for grant, wrong in self._wrong.items():
            if wrong > TRIES and grant not in self._off and not self._ended(grant):
                self._verdicts.say(
                    "I9", f"{self._bank}/grants/{grant}", f"{wrong} wrong tries, and the code is not off"
                )
