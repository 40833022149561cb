"""Announcing: a place is promised, the rights are issued and go down to the bank, all or nothing."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from cranny import access, fleet, sites
from cranny.core.errors import Refused
from cranny.core.events import NewEvent
from cranny.platform import events
from cranny.platform.db import Tx
from cranny.platform.keys import Keyring
from cranny.usecases.deliveries import tables
from cranny.usecases.deliveries.actions.adopt import adopt, holders
from cranny.usecases.deliveries.actions.measure import Measured, Measures
from cranny.usecases.deliveries.actions.recipient import remember_all
from cranny.usecases.deliveries.lifecycle import Delivery
from cranny.usecases.deliveries.shapes import PARCEL, DeliveryAsked, check, flaw
from cranny.wire.codes import collector_digest, normal_tracking, tracking_digest
from cranny.wire.messages import DeliveryGiven, ItemGiven


@dataclass(frozen=True, slots=True)
class Kind:
    """Hours that are None come from the bank's policy."""

    hold_hours: int | None = None
    collect_hours: int | None = None


@dataclass(frozen=True, slots=True)
class _Plan:
    """An announcement on its way to rows."""

    id: UUID
    asked: DeliveryAsked
    items: list[Measured]
    recipient: UUID
    reservation: UUID
    hold_until: datetime
    collect_hours: int


async def announce(tx: Tx, keyring: Keyring, asked: DeliveryAsked) -> UUID:
    """Announce one; see `announce_many`."""
    (delivery,) = await announce_many(tx, keyring, [asked])
    return delivery


async def announce_many(tx: Tx, keyring: Keyring, asked: Sequence[DeliveryAsked]) -> list[UUID]:
    """Announce all of `asked` or none. Returns the deliveries' ids, in this order. A tracking number that a bank
    took in before anybody announced it is adopted: its delivery gets the recipient and stays where it lies.

    Raises Invalid (with the field's path; also `kind-unknown`, `size-class-unknown`, `feature-unknown`), NotFound
    (`bank-not-found`) and Refused (`tracking-taken`, `no-capacity`, `too-big`, `no-such-door`,
    `locators-exhausted`).
    """
    for place, one in enumerate(asked):
        check(one, f"[{place}]." if len(asked) > 1 else "")
    kinds, held = await _look(tx, asked)
    recipients = await remember_all(tx, asked)
    found: dict[int, UUID] = {}
    by_bank: dict[UUID, list[int]] = defaultdict(list)
    for place, one in enumerate(asked):
        taken = await holders(tx, _keys(one)) if not held.isdisjoint(_keys(one)) else []
        if taken:
            found[place] = await adopt(
                tx, keyring, taken[0], one, recipient=recipients[place], kind_hours=kinds[one.kind].collect_hours
            )
        else:
            by_bank[one.bank].append(place)
    # In the order of ids, so that two lists of announcements never wait for each other in a circle.
    for bank in sorted(by_bank):
        places = by_bank[bank]
        plans = await _plan(tx, bank, [(asked[place], recipients[place]) for place in places], kinds)
        await _announce_at(tx, keyring, bank, plans)
        found |= {place: plan.id for place, plan in zip(places, plans, strict=True)}
    return [found[place] for place in range(len(asked))]


async def _look(tx: Tx, asked: Sequence[DeliveryAsked]) -> tuple[dict[str, Kind], set[str]]:
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


async def _plan(tx: Tx, bank: UUID, asked: Sequence[tuple[DeliveryAsked, UUID]], kinds: dict[str, Kind]) -> list[_Plan]:
    """`asked` with their recipients, measured, and with a place promised to each."""
    policy = (await sites.get_bank(tx, bank)).policy
    measures = Measures(tx)
    drafts: list[tuple[DeliveryAsked, UUID, list[Measured], datetime]] = []
    for one, recipient in asked:
        hours = one.hold_hours or kinds[one.kind].hold_hours or policy.hold_hours
        drafts.append((one, recipient, await measures.of(one.items), tx.now() + timedelta(hours=hours)))
    reservations = await sites.promise_many(
        tx,
        bank,
        [
            sites.PromiseAsked(
                [item.sides for item in items], until, one.requirements.features, seated=one.requirements.seated
            )
            for one, _, items, until in drafts
        ],
    )
    return [
        _Plan(
            id=tx.ids.new(),
            asked=one,
            items=items,
            recipient=recipient,
            reservation=reservation,
            hold_until=until,
            collect_hours=one.collect_within_hours or kinds[one.kind].collect_hours or policy.collect_hours,
        )
        for (one, recipient, items, until), reservation in zip(drafts, reservations, strict=True)
    ]


async def _announce_at(tx: Tx, keyring: Keyring, bank: UUID, plans: Sequence[_Plan]) -> None:
    wanted = [access.Wanted(purpose, f"deliveries/{plan.id}") for purpose in ("deposit", "collect") for plan in plans]
    grants = [grant.id for grant in await access.issue_many(tx, keyring, bank, wanted)]
    deposit, collect = grants[: len(plans)], grants[len(plans) :]
    await _add(tx, bank, plans, deposit, collect)
    pepper = keyring.pepper(bank)
    await fleet.append(tx, bank, [_given(pepper, *row) for row in zip(plans, deposit, collect, strict=True)])
    await events.record(tx, [_event(bank, *row) for row in zip(plans, deposit, collect, strict=True)])


async def _add(tx: Tx, bank: UUID, plans: Sequence[_Plan], deposit: list[UUID], collect: list[UUID]) -> None:
    asked = [plan.asked for plan in plans]
    items = [(plan.id, place, item) for plan in plans for place, item in enumerate(plan.items, 1)]
    try:
        await tx.run(
            tables.ADD_WITH_ITEMS,
            tx.tenant,
            tx.now(),
            [plan.id for plan in plans],
            [bank] * len(plans),
            [one.kind for one in asked],
            [Delivery.ANNOUNCED] * len(plans),
            [one.reference for one in asked],
            [one.sender for one in asked],
            [plan.recipient for plan in plans],
            [",".join(dict.fromkeys(one.requirements.features)) for one in asked],
            [one.requirements.seated for one in asked],
            [plan.reservation for plan in plans],
            [plan.hold_until for plan in plans],
            [plan.collect_hours for plan in plans],
            deposit,
            collect,
            [delivery for delivery, _, _ in items],
            [place for _, place, _ in items],
            [item.id for _, _, item in items],
            [item.asked.tracking for _, _, item in items],
            [normal_tracking(item.asked.tracking) for _, _, item in items],
            [True] * len(items),
            [item.sides.width for _, _, item in items],
            [item.sides.height for _, _, item in items],
            [item.sides.depth for _, _, item in items],
            [item.asked.size for _, _, item in items],
            [item.asked.weight_g for _, _, item in items],
        )
    except asyncpg.UniqueViolationError as error:
        if error.constraint_name != tables.TRACKING_TAKEN:
            raise
        raise Refused(
            "Somebody else announced the same tracking number at this very moment. Look for it before you try again.",
            code="tracking-taken",
            retry=True,
        ) from error


def _given(pepper: bytes, plan: _Plan, deposit: UUID, collect: UUID) -> DeliveryGiven:
    return DeliveryGiven(
        delivery=plan.id,
        deposit_grant=deposit,
        collect_grant=collect,
        collector=collector_digest(pepper, plan.recipient),
        items=[ItemGiven(item.id, tracking_digest(pepper, item.asked.tracking), *item.sides) for item in plan.items],
        features=list(plan.asked.requirements.features),
        seated=plan.asked.requirements.seated,
    )


def _event(bank: UUID, plan: _Plan, deposit: UUID, collect: UUID) -> NewEvent:
    data: dict[str, Any] = {
        "bank": str(bank),
        "kind": plan.asked.kind,
        "recipient": str(plan.recipient),
        "items": len(plan.items),
        "hold_until": plan.hold_until.isoformat(),
        "deposit_grant": str(deposit),
        "collect_grant": str(collect),
    }
    return NewEvent("delivery.announced", f"deliveries/{plan.id}", data)
