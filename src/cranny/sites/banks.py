"""Banks: added from a bank file, described to their controllers, and told how to behave."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from cranny.core.errors import Conflict, Invalid, NotFound
from cranny.core.events import NewEvent
from cranny.platform import events, rows
from cranny.platform.db import Tx
from cranny.sites import tables
from cranny.sites.classes import SizeClass, list_size_classes
from cranny.sites.policy import BankPolicy
from cranny.sites.shapes import BankFile, CompartmentFile, Console, SensorFile
from cranny.sites.sizes import class_of
from cranny.wire import messages
from cranny.wire.allocation import Size
from cranny.wire.sensors import HUNDREDTHS


class Tower(msgspec.Struct, frozen=True):
    """A column of the bank. Those with doors are numbered from 0 at the left; a console's own column has no
    number."""

    name: str
    number: int | None
    """Its place among those with doors, from 0 at the left; null for the console's own."""
    console: Console | None = None
    """Where it holds the kiosk; null for a tower that does not."""


class Bank(msgspec.Struct, frozen=True):
    """`doors`: how many compartments it has."""

    id: UUID
    site: UUID
    """The id of the site where it stands."""
    site_name: str
    """The name of that site."""
    name: str
    timezone: str
    policy: BankPolicy
    """What the bank may do by itself, and its deadlines."""
    towers: tuple[Tower, ...]
    """Its columns, from the left."""
    created: datetime
    doors: int
    sensors: tuple[SensorFile, ...] = ()
    """What it measures."""


class DoorNow(msgspec.Struct, frozen=True):
    """A compartment and what the server knows of it. `size` is its class, null when it is smaller than all;
    `blocked` says why it is out of the pool, `unfit` what a sensor holds against it; the last three tell of the live
    occupancy."""

    label: str
    """What is written on the door."""
    tower: int
    """The number of the tower that it is in."""
    width: int
    height: int
    depth: int
    centre: int
    """The height of its centre above the floor, in mm."""
    features: list[str]
    unit: int
    """The address of the lock board that moves it."""
    channel: int
    """The output of that board."""
    size: str | None
    blocked: str | None
    unfit: str | None
    generation: int | None
    """A number that grows with each new use of the door; null while nothing is there."""
    occupied_since: datetime | None
    """Since when something has been behind it; null while nothing is."""
    deliveries: list[UUID] | None
    """What lies there."""


class Locked(msgspec.Struct, frozen=True):
    """A bank whose promises are ours until the end of the transaction."""

    id: UUID
    site: UUID
    name: str
    policy: BankPolicy


async def add_bank(tx: Tx, file: BankFile, *, site: UUID | None = None) -> Bank:
    """At `site`, or at the site that the file names, which is made when there is none. Records `bank.added`:
    whoever keeps rows of their own for a bank makes them when they first need them.

    Raises NotFound, code `site-not-found`.
    """
    where = await _site(tx, file) if site is None else site
    if site is not None and not await tx.value(tables.HAS_SITE, tx.tenant, site):
        raise NotFound("There is no such site; leave it out to make one.", code="site-not-found")
    id_, towers = tx.ids.new(), _towers(file)
    await tx.run(
        tables.ADD_BANK, tx.tenant, id_, where, file.name, file.timezone, file.policy, towers, tx.now(), file.sensors
    )
    await _add_compartments(tx, id_, file, towers)
    data = {"bank": str(id_), "site": str(where), "name": file.name, "doors": len(file.compartments())}
    await events.record(tx, [NewEvent("bank.added", f"banks/{id_}", data)])
    return await get_bank(tx, id_)


async def get_bank(tx: Tx, bank: UUID) -> Bank:
    """Raises NotFound, code `bank-not-found`."""
    record = await tx.one(tables.GET_BANK, tx.tenant, bank)
    if record is None:
        raise _unknown(bank)
    return rows.to(Bank, record)


async def list_banks(
    tx: Tx, *, after: UUID | None = None, limit: int = 100, at: Collection[UUID] | None = None
) -> list[Bank]:
    """In the order they were added, from the one behind `after`; those `at` these sites only, where some are given."""
    wanted = None if at is None else list(at)
    return rows.every(Bank, await tx.all(tables.LIST_BANKS, tx.tenant, after, limit, wanted))


async def list_doors(tx: Tx, bank: UUID, labels: Collection[str] | None = None) -> list[DoorNow]:
    """Tower by tower, from top to bottom; only those named by `labels`, where given. Raises NotFound, code
    `bank-not-found`."""
    found = await tx.all(tables.LIST_DOORS, tx.tenant, bank, None if labels is None else list(labels))
    if not found and labels is None:
        raise _unknown(bank)
    return rows.every(DoorNow, found)


async def lock_bank(tx: Tx, bank: UUID) -> Locked:
    """Nobody else promises capacity of `bank` until this transaction ends. Raises NotFound, code
    `bank-not-found`."""
    record = await tx.one(tables.LOCK_BANK, tx.tenant, bank)
    if record is None:
        raise _unknown(bank)
    return rows.to(Locked, record)


async def set_policy(tx: Tx, bank: UUID, policy: BankPolicy) -> None:
    """Records `bank.policy_changed`, unless nothing changes. Raises NotFound, code `bank-not-found`, and Invalid, code
    `policy-invalid`."""
    if flaw := policy.flaw():
        raise Invalid(flaw, code="policy-invalid")
    before = await tx.one(tables.GET_POLICY, tx.tenant, bank)
    if before is None:
        raise _unknown(bank)
    if msgspec.convert(before["policy"], BankPolicy) == policy:
        return
    await tx.run(tables.SET_POLICY, tx.tenant, bank, policy)
    data = {"bank": str(bank), "policy": msgspec.to_builtins(policy)}
    await events.record(tx, [NewEvent("bank.policy_changed", f"banks/{bank}", data)])


async def as_layout(tx: Tx, bank: UUID) -> messages.Layout:
    """What the controller has to know of its doors. Raises NotFound, code `bank-not-found`."""
    return layout_of(await get_bank(tx, bank), await list_doors(tx, bank))


def layout_of(about: Bank, doors: Sequence[DoorNow]) -> messages.Layout:
    """`as_layout` of a bank and its doors that were read already."""
    return messages.Layout(
        name=about.name,
        timezone=about.timezone,
        compartments=[
            messages.CompartmentGiven(
                label=door.label,
                width=door.width,
                height=door.height,
                depth=door.depth,
                centre=door.centre,
                features=door.features,
                unit=door.unit,
                channel=door.channel,
                tower=door.tower,
            )
            for door in doors
        ],
        screen=_screen(about.towers),
        sensors=[as_channel(sensor) for sensor in about.sensors],
    )


async def as_policy(tx: Tx, bank: UUID) -> messages.Policy:
    """What the controller may do by itself. Raises NotFound, code `bank-not-found`."""
    return (await get_bank(tx, bank)).policy.for_bank()


def as_channel(sensor: SensorFile) -> messages.ChannelGiven:
    """As the controller is told of it."""
    return messages.ChannelGiven(
        name=sensor.name,
        measure=sensor.kind,
        source=sensor.source,
        address=sensor.address,
        doors=list(sensor.doors),
        every_s=sensor.every_s,
        low=None if sensor.low is None else sensor.low * HUNDREDTHS,
        high=None if sensor.high is None else sensor.high * HUNDREDTHS,
    )


def _unknown(bank: UUID) -> NotFound:
    return NotFound(f"There is no bank {bank}.", code="bank-not-found")


async def _site(tx: Tx, file: BankFile) -> UUID:
    """The site of that name, made if need be; two that make it at once get the same one."""
    await tx.run(tables.ADD_SITE, tx.tenant, tx.ids.new(), file.site, file.timezone)
    found: UUID | None = await tx.value(tables.SITE_NAMED, tx.tenant, file.site)
    if found is None:
        raise Conflict("The site is just being changed by somebody else. Try again.", retry=True)
    return found


async def _add_compartments(tx: Tx, bank: UUID, file: BankFile, towers: Sequence[Tower]) -> None:
    classes = await list_size_classes(tx)
    columns = [
        (tower.number, door)
        for tower, described in zip(towers, file.towers, strict=True)
        for door in described.compartments
    ]
    doors = [door for _, door in columns]
    await tx.run(
        tables.ADD_COMPARTMENTS,
        tx.tenant,
        bank,
        [door.label for door in doors],
        list(range(len(doors))),
        [number for number, _ in columns],
        [door.width for door in doors],
        [door.height for door in doors],
        [door.depth for door in doors],
        [door.centre for door in doors],
        ["{" + ",".join(door.features) + "}" for door in doors],
        [door.unit for door in doors],
        [door.channel for door in doors],
        [_class_id(door, classes) for door in doors],
    )


def _class_id(door: CompartmentFile, classes: Sequence[SizeClass]) -> UUID | None:
    found = class_of(Size(door.width, door.height, door.depth), classes)
    return found.id if found else None


def _towers(file: BankFile) -> tuple[Tower, ...]:
    towers: list[Tower] = []
    number = 0
    for tower in file.towers:
        towers.append(Tower(tower.name, number if tower.compartments else None, tower.console))
        number += bool(tower.compartments)
    return tuple(towers)


def _screen(towers: Sequence[Tower]) -> messages.ScreenGiven | None:
    for place, tower in enumerate(towers):
        if console := tower.console:
            return messages.ScreenGiven(tower=place, bottom=console.bottom, top=console.top, own=tower.number is None)
    return None
