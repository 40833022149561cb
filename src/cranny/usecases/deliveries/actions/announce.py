"""Announcing: a place is promised, the rights are issued and go down to the bank, all or nothing."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from cranny import access, fleet, sites
from cranny.core.events import NewEvent
from cranny.platform import events
from cranny.platform.db import Tx
from cranny.platform.keys import Keyring
from cranny.usecases.deliveries import reading, tables
from cranny.usecases.deliveries.actions.adopt import adopt, holders
from cranny.usecases.deliveries.actions.draft import Draft, add, draft
from cranny.usecases.deliveries.actions.measure import Measures
from cranny.usecases.deliveries.actions.recipient import remember_all
from cranny.usecases.deliveries.shapes import PARCEL, DeliveryAsked, DeliveryShown, check, flaw
from cranny.usecases.deliveries.tables import DeliveryRow, ItemRow
from cranny.wire.codes import collector_digest, normal_tracking, tracking_digest
from cranny.wire.messages import DeliveryGiven, ItemGiven


@dataclass(frozen=True, slots=True)
class Kind:
    """Hours that are None come from the bank's policy."""

    hold_hours: int | None = None
    collect_hours: int | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """An announcement, with what is known of it before its bank is looked at."""

    place: int
    asked: DeliveryAsked
    recipient: UUID
    kind: Kind
    low_doors: bool = False


async def announce(tx: Tx, keyring: Keyring, asked: DeliveryAsked) -> DeliveryShown:
    """Announce one; see `announce_many`."""
    (delivery,) = await announce_many(tx, keyring, [asked])
    return delivery


async def announce_many(tx: Tx, keyring: Keyring, asked: Sequence[DeliveryAsked]) -> list[DeliveryShown]:
    """Announce all of `asked` or none. Returns the deliveries, in this order. A tracking number that a bank
    took in before anybody announced it is adopted: its delivery gets the recipient and stays where it lies.

    Raises Invalid (with the field's path; also `kind-unknown`, `size-class-unknown`, `feature-unknown`), NotFound
    (`bank-not-found`) and Refused (`tracking-taken`, `no-capacity`, `too-big`, `no-such-door`,
    `locators-exhausted`).
    """
    for place, one in enumerate(asked):
        check(one, f"[{place}]." if len(asked) > 1 else "")
    kinds, held = await _look(tx, asked)
    recipients = await remember_all(tx, asked)
    shown: dict[int, DeliveryShown] = {}
    by_bank: dict[UUID, list[Known]] = defaultdict(list)
    for place, (one, recipient) in enumerate(zip(asked, recipients, strict=True)):
        known = Known(place, one, recipient.id, kinds[one.kind], recipient.low_doors)
        taken = await holders(tx, _keys(one)) if not held.isdisjoint(_keys(one)) else []
        if taken:
            hours = known.kind.collect_hours
            await adopt(tx, keyring, taken[0], one, recipient=recipient.id, kind_hours=hours)
            shown[place] = await reading.get(tx, taken[0].id)
        else:
            by_bank[one.bank].append(known)
    # In the order of ids, so that two lists of announcements never wait for each other in a circle.
    for bank in sorted(by_bank):
        shown |= await announce_at(tx, keyring, bank, by_bank[bank])
    return [shown[place] for place in range(len(asked))]


async def _look(tx: Tx, asked: Sequence[DeliveryAsked]) -> tuple[Mapping[str, Kind], set[str]]:
    """The kinds by name, and which of the tracking numbers (normal form) a delivery under way holds."""
    names = {one.kind for one in asked}
    keys = [key for one in asked for key in _keys(one)]
    if len(set(keys)) < len(keys):
        raise flaw("items", "Two of these announcements have the same tracking number.")
    kinds, held = {PARCEL: Kind()}, set()
    for row in await tx.all(tables.LOOK, tx.tenant, list(names), keys):
        if row["kind"] is not None:
            kinds[row["kind"]] = Kind(row["hold_hours"], row["collect_hours"])
        else:
            held.add(row["tracking_key"])
    if unknown := sorted(names - kinds.keys()):
        raise flaw("kind", f"There is no kind of delivery {unknown[0]!r}.", code="kind-unknown")
    return kinds, held


def _keys(asked: DeliveryAsked) -> list[str]:
    return [normal_tracking(item.tracking) for item in asked.items]


async def announce_at(tx: Tx, keyring: Keyring, bank: UUID, known: Sequence[Known]) -> dict[int, DeliveryShown]:
    """All of `known` are for `bank`. Returns them by place. Raises as `announce_many` does."""
    locked = await sites.lock_bank(tx, bank)
    measures, now = Measures(tx), tx.now()  # one moment: what is answered is what will be read
    planned = [await _draft(tx, measures, one, locked.policy, now) for one in known]
    reservations = await sites.promise_many(tx, bank, [one.wish() for one in planned], locked=locked)
    wanted = [access.Wanted(right, f"deliveries/{one.row.id}") for right in ("deposit", "collect") for one in planned]
    grants = [grant.id for grant in await access.issue_many(tx, keyring, bank, wanted)]
    deposit, collect = grants[: len(planned)], grants[len(planned) :]
    drafts = [one.granted(*ids) for one, *ids in zip(planned, reservations, deposit, collect, strict=True)]
    await add(tx, drafts, now)
    for one, made in zip(known, drafts, strict=True):
        if (badge := one.asked.recipient.badge) and made.row.collect_grant:
            await access.give_badge(tx, keyring, made.row.collect_grant, badge, who=f"deliveries/{made.row.id}")
    pepper = keyring.pepper(bank)
    await fleet.append(
        tx,
        bank,
        [given(pepper, one.row, one.items, *ids) for one, *ids in zip(drafts, deposit, collect, strict=True)],
    )
    await events.record(tx, [_event(one) for one in drafts])
    return {one.place: reading.show(made.row, made.items) for one, made in zip(known, drafts, strict=True)}


async def _draft(tx: Tx, measures: Measures, one: Known, policy: sites.BankPolicy, now: datetime) -> Draft:
    asked, kind = one.asked, one.kind
    return draft(
        tx,
        asked,
        await measures.of(asked.items),
        now,
        recipient=one.recipient,
        low_doors=one.low_doors,
        hold_hours=asked.hold_hours or kind.hold_hours or policy.hold_hours,
        collect_hours=asked.collect_within_hours or kind.collect_hours or policy.collect_hours,
    )


def given(pepper: bytes, row: DeliveryRow, items: Sequence[ItemRow], deposit: UUID, collect: UUID) -> DeliveryGiven:
    """What goes down to its bank."""
    return DeliveryGiven(
        delivery=row.id,
        deposit_grant=deposit,
        collect_grant=collect,
        collector=collector_digest(pepper, row.recipient or row.id),
        items=[
            ItemGiven(item.id, tracking_digest(pepper, item.tracking), item.width, item.height, item.depth)
            for item in items
        ],
        features=row.features,
        seated=row.seated,
    )


def _event(one: Draft) -> NewEvent:
    row = one.row
    data: dict[str, Any] = {
        "bank": str(row.bank),
        "kind": row.kind,
        "recipient": str(row.recipient),
        "items": len(one.items),
        "hold_until": row.hold_until.isoformat() if row.hold_until else None,
        "deposit_grant": str(row.deposit_grant),
        "collect_grant": str(row.collect_grant),
    }
    return NewEvent("delivery.announced", f"deliveries/{row.id}", data)
