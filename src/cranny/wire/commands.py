"""Commands: what the server asks of a bank, now or never. Core request and reply, never a queue.

The server signs a command with the key that banks pin for their rights, in a domain of its own; the bank signs its
answer with the key that signs its facts. A command is good for one bank, for one run of its controller, and for as
long as the freshness token that it quotes: both were handed out by the bank itself, so no wall clock decides anything.
"""

from typing import Annotated, Final, Literal
from uuid import UUID

import msgspec

from cranny.wire.kinds import Text
from cranny.wire.messages import Message
from cranny.wire.summed import Label

LONGEST_MS: Final = 60_000
"""No command is good for longer than this after its token was handed out, whatever it says."""
MOST_DOORS: Final = 1000

Action = Literal["open", "reboot", "take_out", "put_back", "inventory"]
"""`take_out`: a door leaves the pool; `put_back`: it comes back, when nothing else keeps it out; `inventory`: begin the
guided look behind every door."""


class Target(Message, frozen=True):
    """A door as the server believes it to be: `generation` of what lies there, 0 where nothing does. Where the bank
    knows better, the door is not opened."""

    door: Label
    generation: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)] = 0


class Command(Message, frozen=True):
    """`token` is one that `boot` handed out at most `ttl_ms` milliseconds ago, by the bank's own monotonic clock. `by`
    says who asked (`keys/<id>`), `reason` why."""

    command: UUID
    tenant: UUID
    bank: UUID
    boot: UUID
    token: Annotated[bytes, msgspec.Meta(min_length=16, max_length=64)]
    ttl_ms: Annotated[int, msgspec.Meta(ge=1, le=LONGEST_MS)]
    action: Action
    by: Text
    reason: Text
    targets: Annotated[tuple[Target, ...], msgspec.Meta(max_length=MOST_DOORS)] = ()


Refusal = Literal[
    "signature-invalid",  # not signed by this bank's server, not as a command, or changed on the way
    "message-unreadable",
    "foreign",  # another bank's, or another tenant's
    "rebooted",  # asked of a run of the controller that is over
    "stale",  # its token is too old, or was never handed out
    "crowded",  # too many commands at once
    "disk-full",
    "no-such-door",
    "changed",  # something else lies there than was expected
    "busy",  # somebody stands at the bank, or the door is being dealt with
    "not-ready",  # the door stands open already, or nobody can see it
    "not-opened",  # all tries were spent and it was not seen open
    "not-seen-open",  # the controller was cut off, and nobody saw it open
    "late",  # the lock was not pulsed in time
    "already-out",  # the door is out of the pool, for this reason or another
    "in-doubt",  # what keeps it out of the pool has to be looked at first
    "in-use",  # it is in the pool
    "unsupported",
    "restarted",  # the controller restarted before it was done
]
"""Why a bank did not do it."""


class CommandReply(Message, frozen=True):
    """`taken`: it is in the journal and being done; the journal tells how it ended. `doors` were seen open. `command`
    is None where the bank could not even believe what it was asked."""

    command: UUID | None
    outcome: Literal["taken", "executed", "refused"]
    reason: Text = ""
    doors: Annotated[tuple[Label, ...], msgspec.Meta(max_length=MOST_DOORS)] = ()
