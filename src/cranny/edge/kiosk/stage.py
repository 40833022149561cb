"""What the bank's one screen shows: a screen, and what was told of a door, make the next screen.

The screen belongs to whoever stands there. What is opened from afar is shown to them when nobody deals with another
door, and else leaves their screen alone.
"""

from collections.abc import Callable
from typing import Final
from uuid import UUID

import msgspec

from cranny.edge import outcomes as said
from cranny.ui.models import Counting, Done, Home, Open, Opening, Outcome, Place, Problem, Screen, Trouble
from cranny.wire.kinds import Purpose

PROBLEMS: Final[dict[said.Reason, Problem]] = {
    "wrong": "wrong-code",
    "unknown_badge": "wrong-badge",
    "exhausted": "code-off",
    "nothing_here": "not-here",
    "busy": "busy",
    "help": "failed",
    "unreadable": "unreadable",
    "unknown_tracking": "not-expected",
    "already_stored": "already-stored",
    "withdrawn": "withdrawn",
    "full": "no-room",
    "too_warm": "too-warm",
    "inventory": "counting",
    "counting": "",
    "deposits_paused": "paused",
    "not_ready": "failed",
    "no_visit": "",
    "wait": "",
}
"""A reason of the controller, and what the screen says for it."""
TAKEN: Final[dict[Purpose, Outcome]] = {"collect": "collected", "recall": "taken-back", "inspect": "looked"}
Find = Callable[[str], Place]
"""Where the door of a label is."""


class Stage:
    """`idle_s` are the seconds after which a visit is over when nothing is scanned; `visiting`: a courier is at it."""

    def __init__(self, find: Find, idle_s: Callable[[], int], visiting: Callable[[], bool]) -> None:
        self.screen: Screen = Home()
        self.turn = 0
        self._find = find
        self._idle_s = idle_s
        self._visiting = visiting
        self._instead_of = ""
        self._afar: set[str] = set()
        """Doors that were opened from afar and are not shut yet."""

    def show(self, screen: Screen) -> None:
        """`turn` grows with every change."""
        if screen != self.screen:
            self.screen = screen
            self.turn += 1

    def hear(self, told: said.Told, *, scanned: bool = False) -> None:
        """An answer, or what happened after it. `scanned`: it answers a scan, not typed digits."""
        if not self._elsewhere(told):
            self._take(told, scanned=scanned)

    def _take(self, told: said.Told, *, scanned: bool) -> None:
        match told:
            case said.Opening():
                opening = Opening(place=self._find(told.door), purpose=told.purpose, attempt=told.attempt)
                self.show(msgspec.structs.replace(opening, instead_of=self._instead_of))
            case said.Opened():
                self._instead_of = ""
                self.show(self._open(told))
            case said.Refusal():
                self._refused(told, scanned=scanned)
            case said.NextDoor():
                self._instead_of = told.door
            case said.ShutFirst() if self._shows(told.door) and isinstance(self.screen, Open):
                self.show(msgspec.structs.replace(self.screen, too_small=True, problem=""))
            case said.PleaseShut():
                self._late(told.door)
            case said.VisitDone():
                self.show(Home())
            case said.Counting() if not isinstance(self.screen, Counting):
                self.show(Home())
            case said.Stored() | said.NotStored() | said.Collected() | said.LeftBehind() | said.Shut():
                self._settled(told)
            case _:
                pass

    def _elsewhere(self, told: said.Told) -> bool:
        """It is about a door that was opened from afar, while somebody deals with another one here."""
        door = getattr(told, "door", "")
        if isinstance(told, said.Opening | said.Opened) and told.afar:
            self._afar.add(door)
        aside = door in self._afar and self._in_use(door)
        if isinstance(told, said.Refusal | said.Collected | said.LeftBehind | said.Shut):
            self._afar.discard(door)
        return aside

    def _in_use(self, door: str) -> bool:
        """Somebody deals with another door than this one."""
        if self._shows(door):
            return False
        at_hand = isinstance(self.screen, Open | Opening) and self.screen.place.label not in self._afar
        return at_hand or isinstance(self.screen, Counting) or self._visiting()

    def _open(self, told: said.Opened) -> Open:
        return Open(
            place=self._find(told.door),
            purpose=told.purpose,
            visit=_text(told.visit),
            items=told.items,
            together=told.together,
            spoiled=told.spoiled,
        )

    def _refused(self, refusal: said.Refusal, *, scanned: bool) -> None:
        """Whatever was refused, a door that stands open stays on the screen."""
        given_up, self._instead_of = self._instead_of, ""
        problem = PROBLEMS[refusal.reason]
        if scanned and refusal.reason == "wrong":
            problem = "wrong-qr"
        match self.screen:
            case Open() as open_ if open_.place.label != given_up:
                self.show(msgspec.structs.replace(open_, problem=problem))
            case Opening() as opening if refusal.reason == "help":
                self.show(Trouble(place=opening.place, purpose=opening.purpose))
            case _:
                self.show(Home(problem=problem, wait_s=refusal.wait_s))

    def _late(self, door: str) -> None:
        shown = self.screen if isinstance(self.screen, Open) else None
        if shown is not None and shown.place.label == door:
            self.show(msgspec.structs.replace(shown, late=True))
        elif shown is None and not isinstance(self.screen, Opening):
            self.show(Open(place=self._find(door), purpose="inspect", late=True))

    def _settled(self, told: said.Stored | said.NotStored | said.Collected | said.LeftBehind | said.Shut) -> None:
        """A door was shut. When the screen is already about another one, it stays there."""
        if isinstance(told, said.NotStored) and told.reason == "too-small":
            self._instead_of = told.door
        if isinstance(self.screen, Open | Opening) and not self._shows(told.door):
            return
        own = isinstance(told, said.Stored | said.NotStored)
        if not own and self._visiting() and not self._shows(told.door):
            return  # an earlier visitor's door, in the middle of a courier's visit
        place = self._find(told.door)
        match told:
            case said.Stored() if self._visiting():
                done = Done(place=place, outcome="stored", visit=str(told.visit), stored=told.so_far)
                self.show(msgspec.structs.replace(done, leave_s=self._idle_s()))
            case said.Stored():  # they said that they were done, or went, before the door was shut
                self.show(Done(place=place, outcome="stored"))
            case said.NotStored():
                self._not_stored(told, place)
            case said.Collected():
                self.show(Done(place=place, outcome=TAKEN.get(told.purpose, "shut"), reopen_s=told.reopen_s))
            case said.LeftBehind():
                self.show(Done(place=place, outcome="left"))
            case said.Shut():
                self.show(Done(place=place, outcome="shut"))

    def _not_stored(self, told: said.NotStored, place: Place) -> None:
        """After `too-small` the controller opens a larger door by itself, or says that there is none."""
        if told.reason == "too-small":
            return
        if told.reason == "not-opened":
            self.show(Trouble(place=place, purpose="deposit"))
        elif told.reason == "withdrawn":
            self.show(Home(problem="withdrawn"))
        elif self._visiting():
            self.show(Done(place=place, outcome="empty", visit=str(told.visit), leave_s=self._idle_s()))
        else:
            self.show(Done(place=place, outcome="empty"))

    def _shows(self, door: str) -> bool:
        place = getattr(self.screen, "place", None)
        return isinstance(place, Place) and place.label == door


def _text(visit: UUID | None) -> str:
    return "" if visit is None else str(visit)
