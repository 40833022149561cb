"""What following a list comes to, held against who is known. Pure: nothing is done here, so that it can be shown first.

A list takes back what it gave, and nothing else: a role that somebody was given by hand stays theirs. Who has no role
left after it has moved out.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

import msgspec

from cranny.core.ids import Ids
from cranny.people.contacts import email_key
from cranny.people.lists.lines import Wanted
from cranny.people.lists.reading import Flaw
from cranny.people.lists.tables import EntryRow
from cranny.people.remember import merged
from cranny.people.tables import MembershipRow, PersonRow
from cranny.platform.permissions import Membership, Role

Outcome = Literal["created", "changed", "ended"]


class Deed(msgspec.Struct, frozen=True):
    """What happens to one person. `line` is null for somebody who is not in the list any more; `what` are the columns
    that change. `ended` with a `line`: their `until` has passed. It names nobody but by id."""

    line: int | None
    outcome: Outcome
    """What happens to them."""
    person: UUID
    """The person's id."""
    what: list[str] = []


@dataclass(frozen=True, slots=True)
class Known:
    """What is there: the list's entries, the persons that it may be about, and all their roles."""

    entries: Sequence[EntryRow]
    persons: Sequence[PersonRow]
    memberships: Mapping[UUID, Sequence[MembershipRow]]


@dataclass(slots=True)
class Plan:
    deeds: list[Deed] = field(default_factory=list)
    flaws: list[Flaw] = field(default_factory=list)
    unchanged: int = 0
    added: list[PersonRow] = field(default_factory=list)
    changed: list[tuple[PersonRow, PersonRow]] = field(default_factory=list)
    kept: list[EntryRow] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    given: list[tuple[UUID, Membership]] = field(default_factory=list)
    taken: list[MembershipRow] = field(default_factory=list)
    moved_out: list[UUID] = field(default_factory=list)

    def count(self, outcome: Outcome) -> int:
        return sum(deed.outcome == outcome for deed in self.deeds)


@dataclass(frozen=True, slots=True)
class Order:
    """How a list is followed. `full`: who is not in it any more is out. `admins`: whoever follows it is one."""

    tenant: UUID
    name: str
    now: datetime
    full: bool
    admins: bool

    @property
    def source(self) -> str:
        return f"list:{self.name}"


def plan(order: Order, wanted: Sequence[Wanted], known: Known, ids: Ids) -> Plan:
    planner = _Planner(order, known, ids)
    for one in wanted:
        planner.follow(one)
    if order.full:
        planner.drop_absent({one.key for one in wanted})
    return planner.plan


class _Planner:
    def __init__(self, order: Order, known: Known, ids: Ids) -> None:
        self.plan: Final = Plan()
        self._order = order
        self._ids = ids
        self._persons = {row.id: row for row in known.persons}
        self._by_email = {row.email_key: row for row in known.persons if row.email_key}
        self._phones = {row.phone_key for row in known.persons if row.phone_key}
        self._by_phone = {row.phone_key: row for row in known.persons if row.phone_key and row.email_key is None}
        self._by_key = {row.key: row for row in known.entries}
        self._by_person = {row.person: row for row in known.entries}
        self._has: defaultdict[UUID, list[MembershipRow]] = defaultdict(list)
        for id_, held in known.memberships.items():
            self._has[id_] = list(held)
        self._met: set[UUID] = set()

    def follow(self, one: Wanted) -> None:
        person = self._whose(one)
        over = one.until is not None and one.until <= self._order.now
        if person is not None and person.id in self._met:
            self._flaw(one, "email-twice", "An earlier line is about this person already.")
        elif over and (person is None or person.id not in self._by_person):
            self.plan.unchanged += 1
        elif over and person is not None:
            self._end(one.line, self._by_person[person.id])
        elif person is None:
            self._add(one)
        elif not self._address_flaw(one, person):
            self._change(one, person)
        if person is not None:
            self._met.add(person.id)

    def drop_absent(self, keys: set[str]) -> None:
        for key, entry in self._by_key.items():
            if key not in keys and entry.person not in self._met:
                self._end(None, entry)

    def _whose(self, one: Wanted) -> PersonRow | None:
        entry = self._by_key.get(one.key)
        if entry is not None:
            return self._persons.get(entry.person)
        found = self._by_email.get(email_key(one.contact.email)) if one.contact.email else None
        return found or self._by_phone.get(one.contact.phone or "")

    def _add(self, one: Wanted) -> None:
        if one.contact.email is None:
            self._flaw(one, "email-missing", "Nobody is known by this id yet: give an e-mail address.")
            return
        contact = one.contact
        row = PersonRow(
            tenant=self._order.tenant,
            id=self._ids.new(),
            name=contact.name or "",
            email=contact.email,
            phone=contact.phone,
            language=contact.language,
            email_key=email_key(contact.email or ""),
            phone_key=contact.phone and self._free(contact.phone),
            created=self._order.now,
        )
        self.plan.added.append(row)
        self._keep(one, row.id)
        self._roles(row.id, one.roles)
        self.plan.deeds.append(Deed(one.line, "created", row.id))

    def _change(self, one: Wanted, before: PersonRow) -> None:
        after = merged(before, one.contact, self._free)
        columns = ("name", "email", "phone", "language")
        what = [name for name in columns if getattr(before, name) != getattr(after, name)]
        if what:
            self.plan.changed.append((before, after))
        what += self._keep(one, before.id)
        what += ["role"] if self._roles(before.id, one.roles) else []
        if what:
            self.plan.deeds.append(Deed(one.line, "changed", before.id, what))
        else:
            self.plan.unchanged += 1

    def _end(self, line: int | None, entry: EntryRow) -> None:
        self.plan.dropped.append(entry.key)
        self._roles(entry.person, frozenset())
        self.plan.deeds.append(Deed(line, "ended", entry.person))

    def _keep(self, one: Wanted, person: UUID) -> list[str]:
        """The columns of the entry that change."""
        before = self._by_person.get(person)
        after = EntryRow(self._order.tenant, self._order.name, one.key, person, one.unit, one.until)
        if before == after:
            return []
        self.plan.kept.append(after)
        if before is not None and before.key != one.key:
            self.plan.dropped.append(before.key)
        names = {"key": "external_id", "unit": "unit", "until": "until"}
        return [said for name, said in names.items() if getattr(before, name, None) != getattr(after, name)]

    def _roles(self, person: UUID, wanted: Iterable[Membership]) -> bool:
        """Whether anything changes."""
        has, wants = self._has[person], frozenset(wanted)
        held = {Membership(row.role, row.site) for row in has}
        given = sorted(wants - held, key=str)
        taken = [row for row in has if row.source == self._order.source and Membership(row.role, row.site) not in wants]
        self.plan.given += [(person, one) for one in given]
        self.plan.taken += taken
        if has and not given and len(taken) == len(has):
            self.plan.moved_out.append(person)
        return bool(given or taken)

    def _address_flaw(self, one: Wanted, person: PersonRow) -> bool:
        """Whoever changes an address can sign in by it: a list does that only for those it made all that they are."""
        key = email_key(one.contact.email) if one.contact.email else person.email_key
        if person.email_key in (None, key):
            return False
        roles = self._has[person.id]
        by_hand = any(row.source != self._order.source for row in roles)
        if key in self._by_email:
            self._flaw(one, "email-taken", "Somebody else has this address: bring the two together first.")
        elif by_hand or (not self._order.admins and any(row.role is Role.ADMIN for row in roles)):
            self._flaw(
                one,
                "person-protected",
                "This person has roles that this list did not give, so it can't change the address they sign in with.",
            )
        else:
            return False
        return True

    def _free(self, phone: str) -> str | None:
        """A number is the key of the first who has it; for others who share it, it is a mere number."""
        if phone in self._phones:
            return None
        self._phones.add(phone)
        return phone

    def _flaw(self, one: Wanted, code: str, message: str) -> None:
        self.plan.flaws.append(Flaw(one.line, "email", code, message))
