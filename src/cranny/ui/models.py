"""What the templates are given: plain structs that the server's pages and the bank's kiosk fill.

They hold facts and codes, never sentences: the templates speak all the words, in the reader's language.
Times are aware; lengths are mm; nobody's name goes in unless the page means to show it.
"""

from datetime import datetime
from typing import Literal

import msgspec

from cranny.ui.geometry import Front, Level, Side

DoorState = Literal["free", "held", "overdue", "return", "open", "alarm", "blocked", "unknown"]
STATES: tuple[DoorState, ...] = ("free", "held", "overdue", "return", "open", "alarm", "blocked", "unknown")
"""free: could take a deposit · held: something waits for its collector · overdue: and should be gone ·
return: to be taken back · open: the door is open · alarm: forced, or open too long · blocked: out of use ·
unknown: the bank has not said, or is not sure."""
NEEDY: tuple[DoorState, ...] = ("overdue", "alarm", "blocked", "unknown")
"""States that somebody has to see to."""


class View(msgspec.Struct, frozen=True, kw_only=True):
    pass


# ---------------------------------------------------------------- the wall


class DoorView(View, frozen=True):
    """One door. `index` is its place in the layout. `who` is shown on the door (initials on a public screen);
    `since` and `until` are the holding time, None where there is none."""

    index: int
    label: str
    state: DoorState
    href: str
    features: tuple[str, ...] = ()
    who: str = ""
    since: datetime | None = None
    until: datetime | None = None
    celsius: int | None = None
    """What it is behind the door now, in hundredths of a degree; None where nobody measures, or knows."""


class AlarmView(View, frozen=True):
    """Something that is wrong at a bank now. `kind` is the alarm's, `channel` the sensor's name or the door's label;
    `value` and `limit` in hundredths of `unit`. `seen`: somebody has said that they know."""

    kind: str
    channel: str
    doors: tuple[str, ...]
    since: datetime
    value: int | None = None
    limit: int | None = None
    unit: str = ""
    seen: bool = False
    href: str = ""


class ClimateView(View, frozen=True):
    """The temperature behind a door over the last day, in hundredths of a degree. `line`: (seconds since 1970, value),
    None where a gap begins; a value holds until the next. `low` and `high` are its limits."""

    channel: str
    now: int | None
    low: int | None
    high: int | None
    line: tuple[tuple[int, int | None], ...] = ()

    @property
    def span(self) -> tuple[int, int] | None:
        """The least and the most."""
        values = [value for _, value in self.line if value is not None]
        return (min(values), max(values)) if values else None

    @property
    def drawn(self) -> str:
        """For the script that draws it."""
        return msgspec.json.encode({"line": self.line, "low": self.low, "high": self.high}).decode()


class HistoryLine(View, frozen=True):
    """`type` is an event's type; `detail` its purpose or reason; `offline` tells that the bank knew before the
    server; `evidence` is `sensed` or `inferred`."""

    time: datetime
    type: str
    detail: str = ""
    evidence: str = ""
    offline: bool = False


class Reference(View, frozen=True):
    """Something that a door holds or is about: a delivery's reference, with a link where there is a page."""

    text: str
    href: str = ""


CommandAction = Literal["open", "open_all", "reboot", "take_out", "put_back", "inventory", "token"]


class CommandView(View, frozen=True):
    """Something asked of a bank from afar. `href` is its own address. `by` and `confirmed_by` are people's labels,
    `by_key` names the one who asked; `answer` is the code of why it was refused; `second_person` why somebody else has
    to agree, until `expires`."""

    id: str
    href: str
    action: CommandAction
    state: str
    door: str
    why: str
    by: str
    by_key: str
    created: datetime
    expires: datetime
    confirmed_by: str = ""
    second_person: str = ""
    answer: str = ""
    acknowledged: bool = False
    opened: int = 0
    of: int = 0


class AskView(View, frozen=True):
    """The question before a command. `holds` are those whose things lie behind the door; `needs` is why a second person
    has to agree; `offline`: it can't be asked now. `id` makes a form that is sent twice one command."""

    id: str
    post: str
    action: CommandAction
    bank: str
    door: str = ""
    state: DoorState = "unknown"
    holds: tuple[str, ...] = ()
    needs: str = ""
    offline: bool = False
    wrong: bool = False
    back: str = ""


class DoorDetails(View, frozen=True):
    """The panel beside the wall. Sizes in mm, inside; `reason` is the code of why a door is blocked or alarming; `ask`
    is where commands are asked for; `commands` are the last that were."""

    door: DoorView
    size_class: str
    width: int
    height: int
    depth: int
    seated: bool
    holds: tuple[Reference, ...] = ()
    who: str = ""
    reason: str = ""
    history: tuple[HistoryLine, ...] = ()
    ask: str = ""
    commands: tuple[CommandView, ...] = ()
    climate: ClimateView | None = None
    spoiled: bool = False
    """Something in it lay too warm for too long, or too long at all."""


class SizeCount(View, frozen=True):
    """Doors of a size class: free now, of how many, and how many of the free ones are promised. `box` is the
    class's width and height in mm, drawn as a little door."""

    name: str
    free: int
    of: int
    promised: int = 0
    box: tuple[int, int] = (400, 300)


class FeedLine(View, frozen=True):
    """Something that happened at a bank, as the log has it."""

    position: int
    time: datetime
    type: str
    door: str = ""
    detail: str = ""


class OddView(View, frozen=True):
    """Something that contradicts and is not settled. `deed` is the word for what to do; `door` and `parcel` are empty
    where it is about none."""

    id: str
    kind: str
    door: str
    parcel: str
    deed: str
    times: int
    since: datetime
    href: str = ""


class WallView(View, frozen=True):
    """The live wall of a bank. `sheet` is the address of the front's style sheet, `live` of its stream, `home`
    of the list of banks. `heard` is when the bank was last heard of, None if never."""

    bank: str
    site: str
    front: Front
    doors: tuple[DoorView, ...]
    sheet: str
    live: str
    home: str
    online: bool
    heard: datetime | None
    now: datetime
    sizes: tuple[SizeCount, ...] = ()
    feed: tuple[FeedLine, ...] = ()
    enrolled: bool = True
    selected: DoorDetails | None = None
    awaiting: tuple[CommandView, ...] = ()
    """Commands that somebody has to confirm; `may_agree`: whoever looks may be that somebody."""
    may_agree: bool = True
    may_settle: bool = True
    alarms: tuple[AlarmView, ...] = ()
    today: tuple[int, int] | None = None
    """Collected and stored since midnight; None where nobody counts."""
    odd_count: int = 0
    """Anomalies that are open; `odd` are the newest."""
    odd: tuple[OddView, ...] = ()
    ask: str = ""
    """Where commands for the whole bank are asked for."""

    @property
    def counts(self) -> dict[DoorState, int]:
        """Doors by state, every state named."""
        return {state: sum(door.state == state for door in self.doors) for state in STATES}


class BankCard(View, frozen=True):
    """One bank in the list."""

    name: str
    site: str
    href: str
    front: Front
    states: tuple[DoorState, ...]
    online: bool
    heard: datetime | None = None

    def count(self, state: DoorState) -> int:
        """Doors in this state."""
        return self.states.count(state)

    @property
    def wrong(self) -> int:
        """Doors that need somebody."""
        return sum(map(self.count, NEEDY))


# ---------------------------------------------------------------- the kiosk

Scanner = Literal["below", "right", "left"]
"""Where the scanner is, seen from the screen."""
Purpose = Literal["deposit", "collect", "recall", "inspect"]
Problem = Literal[
    "",
    "wrong-code",
    "wrong-qr",
    "wrong-badge",
    "code-off",
    "not-here",
    "busy",
    "unreadable",
    "not-expected",
    "already-stored",
    "withdrawn",
    "no-room",
    "too-warm",
    "paused",
    "counting",
    "failed",
]
"""Why nothing opened. The controller decides how much a stranger may learn."""
Outcome = Literal["collected", "taken-back", "looked", "left", "shut", "stored", "empty"]


class Place(View, frozen=True):
    """A door as a person finds it: its label, its place on the front, and the same in words."""

    label: str
    index: int
    side: Side
    level: Level


class Home(View, frozen=True, tag="home"):
    """Scan or nine keys. `wait_s` > 0: the keypad pauses for so long; a scan works all the while."""

    problem: Problem = ""
    wait_s: int = 0


class Opening(View, frozen=True, tag="opening"):
    """The lock was pulsed, the door does not stand open yet. `instead_of` is a door that failed or was too small."""

    place: Place
    purpose: Purpose
    attempt: int = 1
    instead_of: str = ""


class Open(View, frozen=True, tag="open"):
    """`items`: how many go in or come out, 0 where nobody knows. `together`: something of the same collector
    is inside already. `spoiled`: what comes out was too warm for too long. `late`: open longer than it should be.
    `too_small`: the courier said so; the parcel comes out again. `problem`: what was scanned meanwhile opened
    nothing."""

    place: Place
    purpose: Purpose
    visit: str = ""
    items: int = 0
    together: bool = False
    spoiled: bool = False
    late: bool = False
    too_small: bool = False
    problem: Problem = ""


class Done(View, frozen=True, tag="done"):
    """The door is shut. `stored` counts the parcels of this visit; `reopen_s` is how long the same code opens
    the door again; after `leave_s` quiet seconds the screen goes home."""

    place: Place
    outcome: Outcome
    visit: str = ""
    stored: int = 0
    reopen_s: int = 0
    leave_s: int = 10


class Trouble(View, frozen=True, tag="trouble"):
    """All tries were spent and the door did not open."""

    place: Place
    purpose: Purpose


class Counting(View, frozen=True, tag="counting"):
    """The guided inventory. `holds` is how many parcels should lie behind the door; `answer` is what was said of it so
    far; `looked` of `of` doors are done. In phase `ready` the door is the next one, and `over` has none."""

    session: str
    phase: Literal["ready", "open", "ask", "over"]
    place: Place | None = None
    holds: int = 0
    answer: Literal["", "there", "not_there", "other"] = ""
    looked: int = 0
    of: int = 0
    late: bool = False


class Help(View, frozen=True, tag="help"):
    pass


class Closed(View, frozen=True, tag="closed"):
    """The bank can open nothing just now; `new`: it has no layout yet."""

    new: bool = False


Screen = Home | Opening | Open | Done | Trouble | Help | Closed | Counting


class KioskView(View, frozen=True):
    """The whole kiosk page. `base` is its address, under which all others live; `turn` names this state of the
    screen, so that an older answer that comes late is not shown; `phone` is whom to call, "" where nobody is."""

    screen: Screen
    bank: str
    front: Front
    language: str
    languages: tuple[str, ...]
    site: str = ""
    base: str = "/screen"
    turn: str = "0:0"
    easier: bool = False
    dark: bool = False
    offline: bool = False
    phone: str = ""
    scanner: Scanner = "below"
    hands: bool = False
    """Whether there is a page for the hands of a simulated cabinet."""

    @property
    def query(self) -> str:
        """What every address of the page carries, so that each answer speaks the same way."""
        return f"?lang={self.language}" + ("&easier=1" if self.easier else "")
