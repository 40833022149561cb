"""A command as people and programs see it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

import msgspec
from msgspec import Meta

from cranny.fleet.commands.lifecycle import CommandState
from cranny.fleet.commands.tables import Action, CommandRow, Why

Reason = Annotated[str, Meta(min_length=3, max_length=200, pattern=r"\S.*\S.*\S", examples=["Recipient on the phone"])]
"""Why it is asked for; it is kept in the log for ever, so it names nobody."""


class CommandAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`door` is a label, for `open`, `take_out`, `put_back` and `token`; the other actions are for the whole bank."""

    action: Action
    """What the bank is to do."""
    reason: Reason
    door: Annotated[str, Meta(max_length=32)] = ""


class Who(msgspec.Struct, frozen=True):
    """An API key with its label, or a person, whose name `GET /v1/people/{id}` tells whoever may know it."""

    key: UUID | None
    label: str
    """The key's label; empty for a person."""
    person: UUID | None = None


class CommandShown(msgspec.Struct, frozen=True):
    """`second_person` says why somebody else has to agree (empty: nobody has to), and `expires` until when they can;
    once it is issued, until when an answer is waited for. `opened` are the doors that were seen open; `answer` is a
    stable code of why it was refused, `says` all in one sentence."""

    id: UUID
    state: CommandState
    bank: UUID
    action: Action
    """What the bank was to do."""
    doors: list[str]
    reason: str
    says: str
    second_person: Why
    asked_by: Who
    """Who asked for it."""
    confirmed_by: Who | None
    """Who agreed; null where nobody had to, or nobody has yet."""
    created: datetime
    """When it was asked for."""
    expires: datetime
    acknowledged: datetime | None
    """When the bank said that it has it, which is not yet that it has done it. Of `token`: when the token was
    signed."""
    settled: datetime | None
    """When it was known that it was executed or refused; null in every other state."""
    answer: str
    opened: list[str]


def show(row: CommandRow, labels: Mapping[UUID, str]) -> CommandShown:
    """`labels` are those of the tenant's keys."""

    def who(id_: UUID, kind: str | None) -> Who:
        return Who(None, "", id_) if kind == "person" else Who(id_, labels.get(id_, ""))

    return CommandShown(
        id=row.id,
        state=row.state,
        bank=row.bank,
        action=row.action,
        doors=row.doors,
        reason=row.reason,
        says=says(row),
        second_person=row.second_person,
        asked_by=who(row.asked_by, row.asked_kind),
        confirmed_by=who(row.confirmed_by, row.confirmed_kind) if row.confirmed_by else None,
        created=row.created,
        expires=row.expires,
        acknowledged=row.acknowledged,
        settled=row.settled,
        answer=row.answer,
        opened=row.opened,
    )


_DONE: Final[Mapping[Action, str]] = {
    "open": "Door {door} is open. Someone should be standing there.",
    "open_all": "{opened} of {doors} doors are open. Someone should be standing there.",
    "reboot": "The controller has restarted.",
    "take_out": "Door {door} is out of service. What lies inside can still be collected.",
    "put_back": "Door {door} is back in service.",
    "inventory": "The inventory has begun. It goes on at the bank's screen.",
    "token": "A token for door {door} may be signed, once, within five minutes.",
}
_WHY: Final[Mapping[Why, str]] = {
    "": "",
    "count": "you have opened several doors in the last ten minutes",
    "high-security": "this is a high-security compartment",
    "open-all": "it opens every door",
    "inventory": "it opens every door, one after the other",
}
_ANSWERS: Final[Mapping[str, str]] = {
    "changed": "something else lies behind the door by now. Look at it again",
    "busy": "somebody stands at the bank, or the door is being dealt with. Try again in a moment",
    "not-ready": "the door stands open already, or its sensor says nothing. Somebody has to look",
    "not-opened": "the lock was released and the door was not seen open. It is blocked until somebody looks",
    "not-seen-open": "the controller was cut off, and nobody saw the door open",
    "no-such-door": "the bank has no such door",
    "already-out": "the door is out of service already",
    "in-doubt": "the door is blocked because of a doubt. Somebody has to look inside first",
    "in-use": "the door is in service already",
    "stale": "it arrived too late, and a late command is never obeyed. Ask again",
    "late": "the bank was too slow, and a late command is never obeyed. Ask again",
    "rebooted": "the controller was restarted in the meantime. Ask again",
    "restarted": "the controller restarted before it was done",
    "crowded": "the bank has too much to do. Try again in a moment",
    "disk-full": "the bank's disk is full",
    "unsupported": "this controller can't do that. Update it",
    "absent": "the bank is not connected; a command is never queued",
    "never-arrived": "it never reached the bank, and it can't be obeyed any more",
}


_SAYS: Final[Mapping[CommandState, str]] = {
    CommandState.AWAITING: "A second person has to confirm it, because {why}. Nothing was sent yet.",
    CommandState.ISSUED: "It is on its way.",
    CommandState.REFUSED: "Not done: {answer}.",
    CommandState.UNKNOWN: "No answer came. Whether it was done, the bank's journal will tell; it is not sent again.",
    CommandState.DECLINED: "Not done: the second person said no.",
    CommandState.LAPSED: "Not done: nobody confirmed it in time.",
}


def says(row: CommandRow) -> str:
    """What happened, and what to do."""
    text = _DONE[row.action] if row.state is CommandState.EXECUTED else _SAYS[row.state]
    if row.state is CommandState.ISSUED and row.acknowledged:
        text = "The bank has it and is at it."
    return text.format(
        door=row.doors[0] if row.doors else "",
        opened=len(row.opened),
        doors=len(row.doors),
        why=_WHY[row.second_person],
        answer=_ANSWERS.get(row.answer, row.answer),
    )
