"""What to do about an anomaly: a sentence for people, and the request that does it for machines. Every kind has its
row; one that is newer than this table is to be looked at. Pure."""

from typing import Final, Literal
from uuid import UUID

import msgspec

Deed = Literal["look", "reroute", "recall", "inspect", "adopt", "update", "enrol", "restore", "nothing"]
"""`look`: a person has to go there; `nothing`: it is over, and only to be known; `update`: the server is older than the
bank; `restore`: compare with the backup."""


class NextStep(msgspec.Struct, frozen=True):
    """`request` is the API call that does it, where there is one: method and path."""

    deed: Deed
    """A stable word for what to do."""
    sentence: str
    """What to do, in a sentence."""
    request: str | None = None


_REROUTE: Final = "POST /v1/{subject}/reroute"
_CANCEL: Final = "POST /v1/{subject}/cancel"
_DELIVERY: Final = "GET /v1/{subject}"
_OPEN: Final = "POST /v1/banks/{bank}/tokens"
_COMMAND: Final = "POST /v1/banks/{bank}/commands"
_CLAIM: Final = "POST /v1/banks/{bank}/claims"

STEPS: Final[dict[str, NextStep]] = {
    # Facts that beat rights.
    "deposited_after_cancel": NextStep(
        "recall",
        "It was cancelled and lies in the bank all the same: have it taken out with its recall grant, whose "
        "code the reveal of grants.recall shows.",
        _DELIVERY,
    ),
    "collected_after_cancel": NextStep(
        "nothing",
        "The recipient was faster than the cancellation: settle it with the sender.",
        _DELIVERY,
    ),
    "collected_after_revoke": NextStep(
        "nothing",
        "It was collected with a code that had been taken away; `exposed_s` says for how long the bank had "
        "not heard of that. Ask the former recipient for it.",
        _DELIVERY,
    ),
    "collected_after_reroute": NextStep(
        "nothing",
        "It was collected before it could be fetched: the re-route is off.",
        _DELIVERY,
    ),
    "deposited_elsewhere": NextStep(
        "nothing",
        "It lies in another bank than it was announced for, and the recipient was told which. Re-route it if "
        "it has to go on.",
        _REROUTE,
    ),
    "deposited_twice": NextStep(
        "look",
        "The bank says that it lies in two doors: look behind both.",
        _OPEN,
    ),
    "deposit_not_told": NextStep(
        "nothing",
        "It left the bank, and its deposit was never told: the bank lost facts. See whether more is missing.",
    ),
    "emptied_elsewhere": NextStep(
        "look",
        "It was taken out of another door than the server knew of: look behind the door where it was thought to be.",
        _OPEN,
    ),
    "emptied_on_command": NextStep(
        "nothing",
        "A door that was opened from afar is empty now: see that whoever has the parcel is who should.",
    ),
    "duplicate_identity": NextStep(
        "look",
        "Two parcels bear one tracking number, and both are kept: look at the second, then announce it under "
        "a number of its own, or cancel it to have it taken out.",
        _CANCEL,
    ),
    # More promised than there is.
    "no_room": NextStep(
        "reroute",
        "The bank had no door for an announced parcel: re-route it to another bank, or have it brought again "
        "when a door is free.",
        _REROUTE,
    ),
    "over_promised": NextStep(
        "reroute",
        "Its promised place was taken by another parcel: re-route it before it is brought, or wait for a door.",
        _REROUTE,
    ),
    "reroute_failed": NextStep(
        "adopt",
        "It was taken out to go on, and the other bank had no room: announce it for a bank that has.",
        "POST /v1/deliveries",
    ),
    "unidentified": NextStep(
        "adopt",
        "The bank took in a parcel that nobody had announced: find out whose it is and announce it under its tracking "
        "number, or cancel it to have it taken out.",
        "POST /v1/deliveries",
    ),
    "codes_guessed": NextStep(
        "look",
        "Somebody typed one wrong code after another at the keypad, until it made them wait as long as it can: see who "
        "stands there. No code is tried more than ten times.",
        "GET /v1/banks/{bank}/status",
    ),
    "unknown_paused": NextStep(
        "look",
        "The bank takes in no more unknown parcels: bring it back in touch with the server, or raise the "
        "limits of its policy.",
        "GET /v1/banks/{bank}/status",
    ),
    "spoiled": NextStep(
        "recall",
        "It was too warm for too long: have it taken out, and tell the recipient.",
        _CANCEL,
    ),
    # What nobody knows.
    "unknown_delivery": NextStep(
        "look",
        "The bank speaks of a delivery that it was never given: look behind the door.",
        _OPEN,
    ),
    "unknown_grant": NextStep(
        "look",
        "The bank speaks of a grant that it was never given: look behind the door, and at whoever serves this bank.",
        _OPEN,
    ),
    "opened_locally": NextStep(
        "nothing",
        "Somebody opened with a signed token: compare with the log, which says who asked for it and why.",
        "GET /v1/events?subject=tokens/{token_id}",
    ),
    "command_contradicted": NextStep(
        "look",
        "The bank's journal and its answer to a command differ: look at the door.",
        _OPEN,
    ),
    "command_unknown": NextStep(
        "look",
        "The bank tells of a command that the server never sent: look at whoever holds the server's key.",
    ),
    # The bank's log.
    "fact_invalid": NextStep(
        "update",
        "The bank sent something that can't be read; it is kept as it came.",
    ),
    "fact_unknown": NextStep(
        "update",
        "The bank is newer than the server: update the server.",
    ),
    "fact_refused": NextStep(
        "inspect",
        "The bank told something that can't be, as two parcels in one door: look behind that door.",
        _OPEN,
    ),
    "chain_forked": NextStep(
        "enrol",
        "The bank's log contradicts itself: its disk was restored or copied. It goes on in a new epoch; look "
        "behind every door.",
        _CLAIM,
    ),
    "epoch_closed": NextStep(
        "nothing",
        "Facts came of a log that had been closed: kept out, as its successor counts.",
    ),
    "epoch_started": NextStep(
        "look",
        "The bank began a new log, so its storage is new or was lost: start an inventory and look behind every door.",
        _COMMAND,
    ),
    "door_left_open": NextStep(
        "look",
        "The door has stood open for so long that nobody is there any more: go there, look inside, and shut it.",
    ),
    "disk_full": NextStep(
        "look",
        "The bank's disk is full: it takes no deposits until there is room. See what fills it, or replace it.",
    ),
    "inventory_missing": NextStep(
        "look",
        "Somebody looked behind the door, and what should lie there does not: ask who opened it last, and recall or "
        "settle its deliveries.",
    ),
    "inventory_other": NextStep(
        "look",
        "Something lies behind the door that nobody expected: find out whose it is, take it out, and count the door "
        "once more.",
        _COMMAND,
    ),
    "inventory_disputed": NextStep(
        "look",
        "A person and the content sensor say different things of this door: look once more, then see to the sensor.",
        _COMMAND,
    ),
    "downlink_ahead": NextStep(
        "restore",
        "The bank holds rights that the server has lost: it was restored from a backup. All that it still knows was "
        "given once more; announce anew what was announced since, and look at what is unknown now.",
    ),
    "signature_invalid": NextStep(
        "enrol",
        "Somebody sends in this bank's name and is not its box: see who holds the broker; where the box lost "
        "its key, enrol it anew.",
        _CLAIM,
    ),
    "message_unreadable": NextStep(
        "update",
        "The bank's box sends what the server can't read: update one of the two.",
    ),
    "foreign_bank": NextStep(
        "look",
        "The bank's box sends in another bank's name: look at that box.",
    ),
}
UNKNOWN: Final = NextStep("look", "Look at it, then settle it with a note.")


def next_step(kind: str, bank: UUID, subject: str, detail: dict[str, object]) -> NextStep:
    """The row of `kind`, its request filled in."""
    step = STEPS.get(kind, UNKNOWN)
    if step.request is None:
        return step
    filled = step.request.format(bank=bank, subject=subject, token_id=detail.get("token_id", ""))
    return NextStep(step.deed, step.sentence, filled)
