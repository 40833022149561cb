"""Two lives: that of an endpoint, where webhooks go, and that of a message, which tells one endpoint of one event.

A message is sent outside the database, so what is known can come late: its answer may arrive when it was given up or
its endpoint removed. Sending can't be taken back; the tables say what stays of it.
"""

from enum import StrEnum
from typing import Final

from cranny.core.lifecycle import Lifecycle, Move


class Endpoint(StrEnum):
    """`off`: nothing is sent, and what happens meanwhile is not sent later either. What waited before is sent once it
    is on again."""

    ON = "on"
    OFF = "off"
    """Nothing is sent, and what happens meanwhile is not sent later either: the log has it."""
    REMOVED = "removed"


class EndpointDeed(StrEnum):
    SWITCH_ON = "switch_on"
    SWITCH_OFF = "switch_off"
    GONE = "gone"
    """It answered 410."""
    REMOVE = "remove"


_AGAIN: Final = "asked twice"

ENDPOINT: Final = Lifecycle(
    "endpoint",
    start=Endpoint.ON,
    final=(Endpoint.REMOVED,),
    table={
        (Endpoint.ON, EndpointDeed.SWITCH_ON): Move(Endpoint.ON, why=_AGAIN),
        (Endpoint.ON, EndpointDeed.SWITCH_OFF): Move(Endpoint.OFF, "webhook_endpoint.switched_off"),
        (Endpoint.ON, EndpointDeed.GONE): Move(
            Endpoint.OFF, "webhook_endpoint.switched_off", why="it answered 410 Gone: it wants nothing any more"
        ),
        (Endpoint.ON, EndpointDeed.REMOVE): Move(Endpoint.REMOVED, "webhook_endpoint.removed"),
        (Endpoint.OFF, EndpointDeed.SWITCH_ON): Move(
            Endpoint.ON, "webhook_endpoint.switched_on", why="it goes on with what happens from now on"
        ),
        (Endpoint.OFF, EndpointDeed.SWITCH_OFF): Move(Endpoint.OFF, why=_AGAIN),
        (Endpoint.OFF, EndpointDeed.GONE): Move(Endpoint.OFF, why="the answer to what was under way"),
        (Endpoint.OFF, EndpointDeed.REMOVE): Move(Endpoint.REMOVED, "webhook_endpoint.removed"),
        (Endpoint.REMOVED, EndpointDeed.GONE): Move(Endpoint.REMOVED, why="the answer to what was under way"),
        (Endpoint.REMOVED, EndpointDeed.REMOVE): Move(Endpoint.REMOVED, why=_AGAIN),
    },
)


class Message(StrEnum):
    """`waiting` for its turn or its next try, behind earlier ones about the same subject, then `delivered`. `failed`:
    its time was up. `dropped`: its endpoint was removed."""

    WAITING = "waiting"
    """Sent at its turn: behind all earlier ones about the same subject."""
    DELIVERED = "delivered"
    FAILED = "failed"
    """Its time was up: somebody has to see to it. Later ones about its subject go on."""
    DROPPED = "dropped"
    """Its endpoint was removed."""


class MessageDeed(StrEnum):
    DELIVER = "deliver"
    GIVE_UP = "give_up"
    RESEND = "resend"
    DROP = "drop"


_OVER: Final = "it is over with it already"

MESSAGE: Final = Lifecycle(
    "message",
    start=Message.WAITING,
    final=(Message.DROPPED,),
    table={
        (Message.WAITING, MessageDeed.DELIVER): Move(Message.DELIVERED),
        (Message.WAITING, MessageDeed.GIVE_UP): Move(Message.FAILED, "webhook_message.failed"),
        (Message.WAITING, MessageDeed.RESEND): Move(Message.WAITING, why="it is on its way: it only gets more time"),
        (Message.WAITING, MessageDeed.DROP): Move(Message.DROPPED),
        (Message.DELIVERED, MessageDeed.DELIVER): Move(
            Message.DELIVERED, why="two workers had it, one of them declared dead too early: it was sent twice"
        ),
        (Message.DELIVERED, MessageDeed.GIVE_UP): Move(Message.DELIVERED, why=_OVER),
        (Message.DELIVERED, MessageDeed.RESEND): Move(Message.WAITING, why="somebody wants it once more"),
        (Message.DELIVERED, MessageDeed.DROP): Move(Message.DELIVERED, why="what is sent is sent"),
        (Message.FAILED, MessageDeed.DELIVER): Move(Message.DELIVERED, why="given up on while it was on its way"),
        (Message.FAILED, MessageDeed.GIVE_UP): Move(Message.FAILED, why=_OVER),
        (Message.FAILED, MessageDeed.RESEND): Move(Message.WAITING, why="somebody has seen to it"),
        (Message.FAILED, MessageDeed.DROP): Move(Message.FAILED, why="that it failed stays visible"),
        (Message.DROPPED, MessageDeed.DELIVER): Move(
            Message.DROPPED, why="the endpoint was removed while it was on its way"
        ),
        (Message.DROPPED, MessageDeed.GIVE_UP): Move(Message.DROPPED, why=_OVER),
        (Message.DROPPED, MessageDeed.DROP): Move(Message.DROPPED, why=_AGAIN),
    },
)
