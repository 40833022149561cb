"""Following a list: read it, say what it comes to and, where that is wanted, do all of it in one transaction."""

import asyncio
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import asyncpg
import msgspec

from cranny.core.errors import Conflict, Invalid, Refused
from cranny.core.events import NewEvent
from cranny.people import leaving
from cranny.people.contacts import email_key
from cranny.people.inviting import INVITED
from cranny.people.lists import reading, tables
from cranny.people.lists.lines import Given, Wanted, check
from cranny.people.lists.planning import Deed, Known, Order, Plan, plan
from cranny.people.lists.reading import Encoding, Flaw, Sheet
from cranny.people.lists.tables import EntryRow
from cranny.people.roles import MEMBER, member_secret, told
from cranny.people.tables import MembershipRow, PersonRow
from cranny.platform import directory, events, rows
from cranny.platform.db import Database, Tx
from cranny.platform.keys import Keyring
from cranny.platform.permissions import Role

NAME: Final = r"^[a-z0-9][a-z0-9-]{0,59}\Z"
"""How lists are called."""
MOST_FLAWS: Final = 1000
MANY: Final = 10
"""So many may be missing from a full list and be out without another word."""
FOLLOWED: Final = "people.list_followed"


@dataclass(frozen=True, slots=True)
class Asked:
    """How a list is to be read and followed. `ending` is how many may be missing from a full one, where it is more than
    a few. `admins`: whoever asks may make admins."""

    name: str = "default"
    apply: bool = False
    full: bool = False
    invite: bool = False
    role: Role | None = None
    site: UUID | None = None
    encoding: Encoding | None = None
    ending: int | None = None
    admins: bool = False


class Report(msgspec.Struct, frozen=True):
    """What a list comes to. `done` is false where it was only looked at. `flaws` are the first thousand of `wrong`;
    while there is any, nothing is done. `people` are those to whom something happens."""

    done: bool
    name: str
    """The name of the list."""
    lines: int
    """How many lines say anything, without the head."""
    encoding: str
    """The encoding that it was read in."""
    encoding_guessed: bool
    """Whether it was guessed: nobody said it, and the file is no UTF-8."""
    delimiter: str
    """What stands between two fields."""
    columns: list[str]
    """Those that were understood."""
    ignored: list[str]
    """Those that were not."""
    created: int
    """How many come in."""
    changed: int
    """How many are changed."""
    ended: int
    """How many are out, missing or past their `until`: they lose the roles that this list gave."""
    unchanged: int
    """How many stay as they are."""
    wrong: int
    flaws: list[Flaw]
    people: list[Deed]


@dataclass(frozen=True, slots=True)
class Read:
    """A list that was read, and what it says of itself."""

    sheet: Sheet
    wanted: list[Wanted]
    flaws: list[Flaw]


async def follow(tx: Tx, keyring: Keyring, sheet: Sheet, asked: Asked, *, by: str) -> Report:
    """Raises Refused, code `list-flawed` with the flaws, or `too-many-missing`; Conflict, code `last-admin`, or for
    another try. With `asked.apply` false it only looks, and tells all that in the report."""
    read = await _checked(tx, sheet, asked)
    if asked.apply:
        await tx.run(tables.TAKE_LIST, tx.tenant, asked.name, tx.now(), by)
    order = Order(tx.tenant, asked.name, tx.now(), asked.full, asked.admins)
    # Beside the loop: ten thousand lines take longer than others should wait.
    made = await asyncio.to_thread(plan, order, read.wanted, await _known(tx, asked, read.wanted), tx.ids)
    report = _report(asked, read, made)
    if asked.apply:
        _refuse(report, made, asked)
        await _do(tx, keyring, made, order, by=by, invite=asked.invite)
        await events.record(tx, [NewEvent(FOLLOWED, f"people-lists/{asked.name}", {"by": by, **_counts(report)})])
    return report


async def end_due(db: Database, tenant: UUID, *, keyring: Keyring) -> int:
    """A sweep: whose time in a list is over is out of it. Where the last admin would go, they stay until there is
    another. Returns how many."""
    ended = 0
    async with db.transaction(tenant) as tx:
        names = [row["list"] for row in await tx.all(tables.DUE, tenant, tx.now())]
    for name in names:
        async with db.transaction(tenant) as tx:
            ended += await _end_due(tx, keyring, name)
    return ended


async def _end_due(tx: Tx, keyring: Keyring, name: str) -> int:
    await tx.one(tables.LOCK_LIST, tx.tenant, name)
    entries = rows.every(EntryRow, await tx.all(tables.ENTRIES, tx.tenant, name))
    gone = [row for row in entries if row.until is not None and row.until <= tx.now()]
    order = Order(tx.tenant, name, tx.now(), full=True, admins=True)
    memberships = await _memberships(tx, [row.person for row in gone])
    made = plan(order, [], Known(gone, [], memberships), tx.ids)
    try:
        async with tx.attempt():
            await _do(tx, keyring, made, order, by=f"people-lists/{name}", invite=False)
    except Conflict:
        return 0
    return len(gone)


def is_name(text: str) -> bool:
    """Whether a list may be called so."""
    return re.fullmatch(NAME, text) is not None


async def lists(tx: Tx) -> Sequence[asyncpg.Record]:
    """Every list that was followed once: name, followed, by, people."""
    return await tx.all(tables.LISTS, tx.tenant)


async def _checked(tx: Tx, sheet: Sheet, asked: Asked) -> Read:
    found = await tx.all(tables.PLACES, tx.tenant)
    places = {row["name"].casefold(): row["id"] for row in found} | {str(row["id"]): row["id"] for row in found}
    if asked.site is not None and asked.site not in places.values():
        raise Invalid("There is no such site.", code="site-not-found")
    if asked.role is Role.ADMIN and not asked.admins:
        raise Invalid("Only an admin who is signed in makes admins by a list.", code="role-refused")
    given = Given(places, asked.role, asked.site, may_make_admins=asked.admins)
    return Read(sheet, *await asyncio.to_thread(check, sheet, given))


async def _known(tx: Tx, asked: Asked, wanted: Sequence[Wanted]) -> Known:
    entries = rows.every(EntryRow, await tx.all(tables.ENTRIES, tx.tenant, asked.name))
    emails = [email_key(one.contact.email) for one in wanted if one.contact.email]
    phones = [one.contact.phone for one in wanted if one.contact.phone]
    found = await tx.all(tables.PERSONS, tx.tenant, [row.person for row in entries], emails, phones)
    persons = rows.every(PersonRow, found)
    return Known(entries, persons, await _memberships(tx, [row.id for row in persons]))


async def _memberships(tx: Tx, persons: Sequence[UUID]) -> dict[UUID, list[MembershipRow]]:
    held: defaultdict[UUID, list[MembershipRow]] = defaultdict(list)
    for row in rows.every(MembershipRow, await tx.all(tables.MEMBERSHIPS, tx.tenant, list(persons))):
        held[row.person].append(row)
    return held


def _refuse(report: Report, made: Plan, asked: Asked) -> None:
    if report.wrong:
        raise Refused(
            f"Nothing was done: {report.wrong} things are wrong, the first in line {report.flaws[0].line}. "
            f"{report.flaws[0].message}",
            code="list-flawed",
            extra={"flaws": msgspec.to_builtins(report.flaws), "wrong": report.wrong},
        )
    missing = sum(deed.line is None for deed in made.deeds)
    if missing > MANY and missing != asked.ending:
        raise Refused(
            f"{missing} people are missing from this list and would be out. If that is right, say ending={missing}.",
            code="too-many-missing",
            extra={"missing": missing},
        )


async def _do(tx: Tx, keyring: Keyring, made: Plan, order: Order, *, by: str, invite: bool) -> None:
    try:
        async with tx.attempt():
            await _persons(tx, keyring, made)
    except asyncpg.UniqueViolationError as error:
        raise Conflict("Somebody in it is just being written down by others. Try again.", retry=True) from error
    if made.dropped:
        await tx.run(tables.DROP_ENTRIES, tx.tenant, order.name, made.dropped)
    kept = made.kept
    columns = [[getattr(row, name) for row in kept] for name in ("key", "person", "unit", "until")]
    await tx.run(tables.KEEP_ENTRIES, tx.tenant, order.name, *columns)
    await _roles(tx, made, order, by=by)
    if invite:
        invited = [NewEvent(INVITED, f"persons/{row.id}", {"by": by}) for row in made.added]
        await events.record(tx, invited)
    await leaving.leave(tx, made.moved_out, by=by, why="list")


async def _persons(tx: Tx, keyring: Keyring, made: Plan) -> None:
    await tx.all(tables.LOCK_PERSONS, tx.tenant, [before.id for before, _ in made.changed])
    await tx.run(tables.ADD_PERSONS, tx.tenant, tx.now(), *_columns(made.added))
    await tx.run(tables.CHANGE_PERSONS, tx.tenant, *_columns([after for _, after in made.changed]))
    moved = [(before, after) for before, after in made.changed if before.email_key != after.email_key]
    for before, _ in moved:
        if before.email_key:
            await directory.forget(tx, MEMBER, member_secret(keyring, tx.tenant, before.email_key))
    changed = {after.id: after for _, after in made.changed}
    known = {row.id: row for row in made.added} | changed
    signing_in = {person for person, _ in made.given} | {after.id for _, after in moved}
    emails = {id_: known[id_].email_key for id_ in signing_in if id_ in known}
    if missing := [id_ for id_ in signing_in if id_ not in emails]:
        found = await tx.all(tables.PERSONS, tx.tenant, missing, [], [])
        emails |= {row["id"]: row["email_key"] for row in found}
    secrets = {id_: member_secret(keyring, tx.tenant, email) for id_, email in emails.items() if email}
    await directory.put_many(tx, MEMBER, list(secrets.values()), list(secrets))


def _columns(persons: Sequence[PersonRow]) -> list[list[object]]:
    names = ("id", "name", "email", "phone", "language", "email_key", "phone_key")
    return [[getattr(row, name) for row in persons] for name in names]


async def _roles(tx: Tx, made: Plan, order: Order, *, by: str) -> None:
    ids = [tx.ids.new() for _ in made.given]
    given = [(person, str(one.role), one.site) for person, one in made.given]
    people, words, sites = (list(column) for column in zip(*given, strict=True)) if given else ([], [], [])
    await tx.run(tables.GIVE, tx.tenant, tx.now(), by, order.source, ids, people, words, sites)
    await tx.run(tables.TAKE, tx.tenant, [row.id for row in made.taken])
    await leaving.keep_an_admin(tx, made.taken)
    said = [told("person.role_given", person, one.role, one.site, by) for person, one in made.given]
    await events.record(tx, said + [leaving.taken_event(row, by) for row in made.taken])


def _counts(report: Report) -> dict[str, int]:
    return {name: getattr(report, name) for name in ("lines", "created", "changed", "ended", "unchanged")}


def _report(asked: Asked, read: Read, made: Plan) -> Report:
    flaws = sorted([*read.flaws, *made.flaws], key=lambda flaw: flaw.line)
    sheet = read.sheet
    return Report(
        done=asked.apply,
        name=asked.name,
        lines=len(sheet.lines),
        encoding=sheet.encoding,
        encoding_guessed=sheet.guessed,
        delimiter=sheet.delimiter,
        columns=list(sheet.columns),
        ignored=list(sheet.ignored),
        created=made.count("created"),
        changed=made.count("changed"),
        ended=made.count("ended"),
        unchanged=made.unchanged,
        wrong=len(flaws),
        flaws=flaws[:MOST_FLAWS],
        people=made.deeds,
    )


async def read_sheet(raw: bytes, encoding: Encoding | None) -> Sheet:
    """`reading.read`, beside the loop."""
    return await asyncio.to_thread(reading.read, raw, encoding)
