"""A FILE IS A BROKER. The broker is a wire, never the record: acknowledgements come from the server's commit.

What all of them promise (`tests/wire/test_brokers.py` holds them to it): at most once, nothing is kept for who is
not there, nothing is sent later than it was handed over, and every call ends within its deadline.
"""

import re
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

from cranny.core.errors import Invalid, Unavailable

_WORD = r"[^\s.*>]+"
_SUBJECT = re.compile(rf"{_WORD}(?:\.{_WORD})*")
_PATTERN = re.compile(rf"(?:{_WORD}|\*)(?:\.(?:{_WORD}|\*))*(?:\.>)?|>")

LARGEST: Final = 1 << 20
"""Bytes in a message that every broker carries."""


class NobodyListens(Unavailable):
    """Nobody has subscribed to it: what was sent has reached nobody, and never will."""

    code = "no-answer"


class Incoming(Protocol):
    """A message that arrived."""

    @property
    def subject(self) -> str: ...

    @property
    def payload(self) -> bytes: ...

    async def respond(self, payload: bytes) -> None:
        """Answer a request; does nothing for a plain publication. Raises Unavailable like `publish`."""
        ...


Handler = Callable[[Incoming], Awaitable[None]]
"""What it raises is logged and ends nothing."""


class Subscription(Protocol):
    async def stop(self) -> None:
        """No more messages; what is being handled is cancelled."""
        ...


class Broker(Protocol):
    @property
    def connected(self) -> bool: ...

    def on_connected(self, hook: Callable[[], Awaitable[None]]) -> None:
        """`hook` runs each time that a connection is made from now on, after the subscriptions stand again:
        the moment to send anew what was not answered."""
        ...

    async def publish(self, subject: str, payload: bytes) -> None:
        """At most once, now or never. Raises Unavailable, code `not-connected`; Invalid, code
        `message-too-large` or `subject-invalid`."""
        ...

    async def request(self, subject: str, payload: bytes, *, timeout: float) -> bytes:
        """Publish and wait for the answer, `timeout` seconds at most. Raises what `publish` raises, and
        Unavailable, code `no-answer`: at once when nobody listens (then it is NobodyListens) or the connection
        breaks."""
        ...

    async def subscribe(self, subject: str, handler: Handler, *, queue: str = "", concurrent: int = 1) -> Subscription:
        """`subject` may hold `*` (one token) and end in `>` (all the rest). `queue`: of all subscribers with
        the same queue name one gets each message. Messages are handled one after another; with `concurrent`
        above 1 this holds per subject, and so many subjects are served at once. When it returns
        on a live connection it stands; it stands again by itself after each reconnection, and may be made before
        the first."""
        ...

    async def close(self) -> None: ...


def check_subject(subject: str, *, pattern: bool = False) -> None:
    """For brokers. Raises Invalid, code `subject-invalid`. `pattern`: wildcards are allowed."""
    if not (_PATTERN if pattern else _SUBJECT).fullmatch(subject):
        raise Invalid(f"{subject!r} is no subject.", code="subject-invalid")
