"""How long somebody waits who has got it wrong again and again: at the doors of the pages, as at a keypad. It slows
guessing down and locks nobody out: half a minute is the longest, it is counted for each network and each person by
itself, and whoever holds a passkey or a link that fits is never asked to wait.

It is remembered by the process and not in the database: what is behind it can't be guessed anyway (links and keys are
160 bits and more; wrong codes of an app are counted in its row, too), and an attacker's tries must not become writes.
A restart forgives what a few quiet minutes would have forgiven as well.
"""

from collections import OrderedDict
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final

from cranny.core.clock import Clock
from cranny.platform.rates import TooMany

DELAYS_S: Final = (1, 2, 4, 8, 15, 30)
QUIET_S: Final = 60
"""So many seconds without a wrong one take one step back."""
FORGIVEN: Final = 2
"""A right one takes so many steps back, not all: it may be somebody else's."""
AT_MOST: Final = 20_000
"""That are remembered; whoever was quiet longest is forgotten first."""
_SITE_PREFIX: Final = 64


@dataclass(frozen=True, slots=True)
class Count:
    """`steps` wrong ones count at the moment `at` (monotonic seconds), when the last one happened."""

    steps: int = 0
    at: float = 0.0

    def left(self, now: float) -> int:
        return max(0, self.steps - int((now - self.at) // QUIET_S))


class Tries:
    """`free` wrong ones in a row cost nothing: people mistype, and many share an address."""

    def __init__(self, clock: Clock, *, free: int) -> None:
        self._clock = clock
        self._free = free
        self._counts: OrderedDict[str, Count] = OrderedDict()

    def wait(self, who: str) -> float:
        """Seconds until the next try of `who` is looked at."""
        count = self._counts.get(who, Count())
        over = count.steps - self._free
        delay = DELAYS_S[min(over, len(DELAYS_S)) - 1] if over > 0 else 0
        return max(0.0, count.at + delay - self._clock.monotonic())

    def insist(self, who: str) -> None:
        """Raises TooMany while `who` has to wait. A try that is not looked at makes nobody wait longer."""
        if (wait := self.wait(who)) > 0:
            after = int(wait) + 1
            raise TooMany(f"Too many wrong tries. Go on in {after} s.", extra={"retry_after_s": after})

    def wrong(self, who: str) -> None:
        """It was looked at, and is wrong."""
        now = self._clock.monotonic()
        steps = min(self._counts.get(who, Count()).left(now) + 1, self._free + len(DELAYS_S))
        self._keep(who, Count(steps, now))

    def right(self, who: str) -> None:
        if known := self._counts.get(who):
            now = self._clock.monotonic()
            self._keep(who, Count(max(0, known.left(now) - FORGIVEN), now))

    def _keep(self, who: str, count: Count) -> None:
        self._counts[who] = count
        self._counts.move_to_end(who)
        if len(self._counts) > AT_MOST:
            self._counts.popitem(last=False)


def network(address: str) -> str:
    """What one customer of a provider has: an IPv4 address, or the first half of an IPv6 one."""
    try:
        known = ip_address(address)
    except ValueError:
        return address
    if known.version == 6:  # noqa: PLR2004 - IP's
        if known.ipv4_mapped is not None:
            return str(known.ipv4_mapped)
        return f"{known.exploded[:19]}::/{_SITE_PREFIX}"
    return str(known)
