"""The lines of a list, each checked on its own and then against the others. Pure."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Final, TypeVar
from uuid import UUID

import msgspec

from cranny.core.errors import Invalid
from cranny.people.contacts import Contact, email_key, normal_email, normal_language, normal_name, normal_phone
from cranny.people.lists.reading import Flaw, Sheet
from cranny.platform.permissions import Membership, Role

T = TypeVar("T")
LONGEST: Final = 200
"""Characters of an external id or a unit."""
_GERMAN: Final = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})")


class Wanted(msgspec.Struct, frozen=True):
    """One person as the list has them, from one line or from several with different roles. `key` is what the list knows
    them by: their external id or, where it has none, their address. `until`: they are in it no longer from then on."""

    line: int
    key: str
    contact: Contact
    unit: str
    until: datetime | None
    roles: frozenset[Membership]

    def __repr__(self) -> str:
        """Nothing personal, wherever it is printed."""
        return f"Wanted({self.line})"


class Given(msgspec.Struct, frozen=True):
    """What holds for every line that says nothing else. `places` are the sites by their names in small letters, and by
    their ids."""

    places: Mapping[str, UUID]
    role: Role | None = None
    site: UUID | None = None
    may_make_admins: bool = False


def check(sheet: Sheet, given: Given) -> tuple[list[Wanted], list[Flaw]]:
    """Everybody in the list, in its order, and all that is wrong with it."""
    flaws = list(sheet.flaws)
    found: dict[str, Wanted] = {}
    addresses: dict[str, str] = {}
    for number, cells in sheet.lines:
        reader = _Reader(number, cells, given)
        one = reader.person()
        flaws += reader.flaws
        if one is None:
            continue
        before = found.get(one.key)
        address = email_key(one.contact.email or "")
        if address and addresses.setdefault(address, one.key) != one.key:
            line = found[addresses[address]].line
            flaws.append(Flaw(number, "email", "email-twice", f"Line {line} has this address under another id."))
        elif before is None:
            found[one.key] = one
        elif (said := _differs(before, one)) is not None:
            flaws.append(Flaw(number, said, "contradicts", f"Line {before.line} says something else of this person."))
        else:
            found[one.key] = msgspec.structs.replace(before, roles=before.roles | one.roles)
    return list(found.values()), sorted(flaws, key=lambda flaw: flaw.line)


def _differs(one: Wanted, other: Wanted) -> str | None:
    """The first column in which two lines of one person differ that must not; a blank says nothing."""
    pairs = {name: (getattr(one.contact, name), getattr(other.contact, name)) for name in ("email", "name", "phone")}
    pairs |= {"unit": (one.unit, other.unit), "until": (one.until, other.until)}
    return next((name for name, (first, second) in pairs.items() if second and first != second), None)


class _Reader:
    """One line: what is wrong is gathered, so that all of it is told at once."""

    def __init__(self, number: int, cells: Mapping[str, str], given: Given) -> None:
        self.number = number
        self.flaws: list[Flaw] = []
        self._cells = cells
        self._given = given

    def person(self) -> Wanted | None:
        """None where something is wrong."""
        email = self._read("email", normal_email)
        key = self._read("external_id", _short) or (email_key(email) if email else "")
        until = self._read("until", moment)
        if not key and not self.flaws:
            self._flaw("email", "email-missing", "Give an e-mail address: people are known, and sign in, by it.")
        contact = Contact(
            self._read("name", normal_name),
            email,
            self._read("phone", normal_phone),
            self._read("language", normal_language),
        )
        one = Wanted(self.number, key, contact, self._read("unit", _short) or "", until, self._roles())
        return None if self.flaws else one

    def _roles(self) -> frozenset[Membership]:
        role = self._read("role", _role) or self._given.role
        if role is None and not self._cells.get("role"):
            self._flaw("role", "role-missing", f"Say what this person is here: {', '.join(Role)}.")
        if role is Role.ADMIN and not self._given.may_make_admins:
            self._flaw("role", "role-refused", "Only an admin who is signed in makes admins by a list.")
        site = self._given.site
        if named := self._cells.get("site"):
            site = self._given.places.get(named.casefold())
            if site is None:
                self._flaw("site", "site-not-found", "There is no such site: write its name or its id.")
        return frozenset() if role is None else frozenset({Membership(role, site)})

    def _read(self, column: str, as_what: Callable[[str], T]) -> T | None:
        text = self._cells.get(column, "")
        if not text:
            return None
        try:
            return as_what(text)
        except Invalid as error:
            self._flaw(column, error.code, error.detail)
            return None

    def _flaw(self, column: str, code: str, message: str) -> None:
        self.flaws.append(Flaw(self.number, column, code, message))


def moment(text: str) -> datetime:
    """A day counts to its end, in UTC: `2026-11-30`, `30.11.2026`, or a moment with its offset. Raises Invalid, code
    `until-invalid`."""
    try:
        if found := _GERMAN.fullmatch(text):
            day = date(int(found[3]), int(found[2]), int(found[1]))
        elif len(text) > len("2026-11-30"):
            exact = datetime.fromisoformat(text)
            if exact.tzinfo is not None:
                return exact.astimezone(UTC)
            day = exact.date()
        else:
            day = date.fromisoformat(text)
        return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)
    except (ValueError, OverflowError) as error:
        raise Invalid("This is no day: write it as 2026-11-30 or 30.11.2026.", code="until-invalid") from error


def _role(text: str) -> Role:
    try:
        return Role(text.casefold())
    except ValueError as error:
        raise Invalid(f"There is no such role. There are: {', '.join(Role)}.", code="role-unknown") from error


def _short(text: str) -> str:
    if len(text) > LONGEST or not text.isprintable():
        raise Invalid(f"This has up to {LONGEST} characters, without control characters.", code="text-invalid")
    return text
