"""Lists of people: what is read from a file, what is said of its mistakes, and what following it comes to."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cranny.core.errors import Invalid
from cranny.core.ids import TimeIds
from cranny.core.rng import SeededRng
from cranny.people.lists.lines import Given, Wanted, check, moment
from cranny.people.lists.planning import Known, Order, Plan, plan
from cranny.people.lists.reading import Flaw, read
from cranny.people.lists.tables import EntryRow
from cranny.people.tables import MembershipRow, PersonRow
from cranny.platform.permissions import Membership, Role

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
TENANT, HALL = UUID(int=1), UUID(int=2)
GIVEN = Given({"hall": HALL, str(HALL): HALL}, may_make_admins=True)
HEAD = "external_id,email,name,phone,language,role,site,unit,until"


class At:
    def now(self) -> datetime:
        return NOW

    def monotonic(self) -> float:
        return 0.0


def checked(text: str, given: Given = GIVEN) -> tuple[list[Wanted], list[Flaw]]:
    return check(read(text.encode()), given)


def flaws(text: str, given: Given = GIVEN) -> list[tuple[int, str, str]]:
    return [(flaw.line, flaw.column, flaw.code) for flaw in checked(text, given)[1]]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_however_a_spreadsheet_writes_it(delimiter: str, encoding: str, end: str) -> None:
    lines = [
        "E-Mail,Full name,Role,Parking",
        'ada@example.org,"Ädä ""A"" Example",clerk,P1',
        ",,,",
        "b@example.org,Bo,clerk,",
    ]
    text = end.join(lines).replace(",", delimiter) + end
    sheet = read(text.encode(encoding))
    assert (sheet.delimiter, sheet.columns, sheet.ignored) == (delimiter, ("email", "name", "role"), ("Parking",))
    assert [(number, cells["name"]) for number, cells in sheet.lines] == [(2, 'Ädä "A" Example'), (4, "Bo")]
    assert sheet.guessed == (encoding == "cp1252")


def test_lines_are_counted_as_an_editor_does() -> None:
    text = 'sep=;\nemail;name;role\na@example.org;"two\nlines";clerk\n\nx;;boss\n'
    sheet = read(text.encode())
    assert [number for number, _ in sheet.lines] == [3, 6]
    assert {flaw.line for flaw in check(sheet, GIVEN)[1]} == {6}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "list-empty"),
        (b"email,role\n", "list-empty"),
        (b"name,role\nAda,clerk\n", "list-heading"),
        (b"email,mail\na@example.org,b\n", "list-heading"),
        (b'email,name\na@example.org,"Ada" X"\n', "list-unreadable"),
        (b"email,name\na@example.org,\x81\n", "list-unreadable"),
        (b"e\x00m\x00a\x00i\x00l\x00", "list-unreadable"),
        (b"\xff\xfee", "list-unreadable"),
        (b"email\n" + b"a@example.org\n" * 20_001, "list-too-long"),
        (b"," * 300, "list-empty"),
        (b"a," * 300, "list-heading"),
    ],
)
def test_what_can_not_be_read_is_said_so(raw: bytes, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        read(raw)
    assert refused.value.code == code


@given(st.binary(max_size=200))
def test_no_file_does_more_than_be_refused(raw: bytes) -> None:
    try:
        sheet = read(b"email,role\n" + raw)
    except Invalid:
        return
    wanted, wrong = check(sheet, GIVEN)
    assert len(wanted) <= len(sheet.lines)
    assert all(1 < flaw.line <= raw.count(b"\n") + raw.count(b"\r") + 2 for flaw in wrong)


def test_every_mistake_names_its_line_and_column() -> None:
    lines = (
        "1,ada@,Ada,12,xx-,boss,Nowhere,,31.2.2026",
        "2,b@example.org,,,,clerk,hall,,,too,much",
        ",,Nobody,,,clerk,,,",
        "4,d@example.org,,,,,,,",
        "5,B@example.org,,,,clerk,,,",
        "2,b@example.org,,,,operator,,12 B,",
    )
    text = "\n".join((HEAD, *lines))
    assert flaws(text) == [
        (2, "email", "email-invalid"),
        (2, "until", "until-invalid"),
        (2, "phone", "phone-invalid"),
        (2, "language", "language-invalid"),
        (2, "role", "role-unknown"),
        (2, "site", "site-not-found"),
        (3, "", "too-many-cells"),
        (4, "email", "email-missing"),
        (5, "role", "role-missing"),
        (6, "email", "email-twice"),
        (7, "unit", "contradicts"),
    ]
    told = [flaw.message for flaw in checked(text)[1]]
    assert not any("ada@" in message or "example.org" in message for message in told if "name@" not in message)


def test_one_person_may_be_many_things() -> None:
    (one,), none = checked(f"{HEAD}\n1,a@example.org,Ada,,,clerk,Hall,,\n1,,,,,operator,,,\n")
    assert none == []
    assert one.roles == {Membership(Role.CLERK, HALL), Membership(Role.OPERATOR)}


def test_what_a_line_leaves_out_is_said_for_all_and_admins_are_made_by_admins() -> None:
    text = "email,role\na@example.org,\nb@example.org,admin\n"
    (one, two), none = checked(text, Given({}, Role.RESIDENT, HALL, may_make_admins=True))
    assert (one.roles, two.roles, none) == ({Membership(Role.RESIDENT, HALL)}, {Membership(Role.ADMIN, HALL)}, [])
    assert flaws(text, Given({}, Role.RESIDENT)) == [(3, "role", "role-refused")]


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("2026-11-30", datetime(2026, 12, 1, tzinfo=UTC)),
        ("30.11.2026", datetime(2026, 12, 1, tzinfo=UTC)),
        ("2026-11-30T12:00:00+02:00", datetime(2026, 11, 30, 10, tzinfo=UTC)),
        ("2026-11-30 00:00:00", datetime(2026, 12, 1, tzinfo=UTC)),
    ],
)
def test_a_day_counts_to_its_end(text: str, ends: datetime) -> None:
    assert moment(text) == ends


@pytest.mark.parametrize("text", ["30/11/2026", "2026-13-01", "tomorrow", "9999-12-31", "1.1.99999"])
def test_a_day_that_can_be_read_in_two_ways_is_not_read(text: str) -> None:
    with pytest.raises(Invalid, match="2026-11-30"):
        moment(text)


# ---------------------------------------------------------------- what it comes to


def followed(
    text: str, known: Known | None = None, *, full: bool = False, admins: bool = True, now: datetime = NOW
) -> Plan:
    wanted, wrong = checked(text)
    assert wrong == []
    order = Order(TENANT, "staff", now, full, admins)
    return plan(order, wanted, known or Known([], [], {}), TimeIds(At(), SeededRng(3)))


def then(before: Known, made: Plan) -> Known:
    """What is there once a plan was followed."""
    persons = {row.id: row for row in [*before.persons, *made.added, *(after for _, after in made.changed)]}
    entries = {row.key: row for row in before.entries if row.key not in made.dropped}
    entries |= {row.key: row for row in made.kept}
    gone = {row.id for row in made.taken}
    held = [row for rows in before.memberships.values() for row in rows if row.id not in gone]
    held += [role(person, one) for person, one in made.given]
    found: dict[UUID, list[MembershipRow]] = {}
    for row in held:
        found.setdefault(row.person, []).append(row)
    return Known(list(entries.values()), list(persons.values()), found)


def role(person: UUID, one: Membership, source: str = "list:staff") -> MembershipRow:
    id_ = UUID(int=hash((person, one)) & (2**128 - 1))
    return MembershipRow(TENANT, id_, person, one.role, one.site, NOW, "t", source)


def person(n: int, email: str | None, phone: str | None = None) -> PersonRow:
    return PersonRow(TENANT, UUID(int=n), "", email, phone, None, email, phone, NOW)


def outcome(made: Plan) -> tuple[list[tuple[int | None, str, list[str]]], int]:
    return [(deed.line, deed.outcome, deed.what) for deed in made.deeds], made.unchanged


LIST = f"{HEAD}\n1,a@example.org,Ada,+420601234567,de,resident,Hall,12,\n,b@example.org,Bo,+420601234567,,clerk,,,\n"


def test_the_same_list_again_changes_nothing() -> None:
    made = followed(LIST)
    assert outcome(made) == ([(2, "created", []), (3, "created", [])], 0)
    assert [row.phone_key for row in made.added] == ["+420601234567", None]
    again = followed(LIST, then(Known([], [], {}), made), full=True)
    assert (outcome(again), again.kept, again.given, again.taken) == (([], 2), [], [], [])


def test_a_person_who_is_known_by_their_address_or_their_phone_is_the_same() -> None:
    known = Known([], [person(7, "a@example.org"), person(8, None, "+420601234567")], {})
    made = followed(f"{HEAD}\n1,A@example.org,Ada,,,clerk,,,\n2,b@example.org,,+420601234567,,clerk,,,\n", known)
    assert [deed.person.int for deed in made.deeds] == [7, 8]
    assert made.added == []


def test_changes_are_told_by_their_columns() -> None:
    known = then(Known([], [], {}), followed(LIST))
    text = f"{HEAD}\n1,c@example.org,Adá,,,operator,Hall,14,2027-01-01\n2,b@example.org,,,,clerk,,,\n"
    made = followed(text, known)
    assert outcome(made) == (
        [(2, "changed", ["name", "email", "unit", "until", "role"]), (3, "changed", ["external_id"])],
        0,
    )
    assert made.dropped == ["b@example.org"]
    assert (len(made.given), len(made.taken), made.moved_out) == (1, 1, [])


def test_who_is_over_or_missing_is_out_once() -> None:
    known = then(Known([], [], {}), followed(LIST))
    over = followed(f"{HEAD}\n1,,,,,resident,Hall,,2026-03-01\n9,,,,,resident,,,2026-03-01\n", known)
    assert outcome(over) == ([(2, "ended", [])], 1)
    assert over.moved_out == [known.entries[0].person]
    missing = followed(f"{HEAD}\n1,a@example.org,Ada,,,resident,Hall,12,\n", known, full=True)
    assert outcome(missing) == ([(None, "ended", [])], 1)
    assert outcome(followed(f"{HEAD}\n1,,,,,resident,,,2026-03-01\n", then(known, over))) == ([], 1)


def test_a_list_takes_back_only_what_it_gave() -> None:
    known = then(Known([], [], {}), followed(LIST))
    ada = known.entries[0].person
    by_hand = {**known.memberships, ada: [*known.memberships[ada], role(ada, Membership(Role.ADMIN), "")]}
    made = followed(f"{HEAD}\n1,,,,,resident,,,2026-03-01\n", Known(known.entries, known.persons, by_hand))
    assert [row.role for row in made.taken] == [Role.RESIDENT]
    assert made.moved_out == []


def refused(text: str, known: Known, *, admins: bool = True) -> Sequence[str]:
    return [flaw.code for flaw in followed(text, known, admins=admins).flaws]


def test_nobody_becomes_somebody_else_by_a_list() -> None:
    known = then(Known([], [], {}), followed(LIST))
    ada = known.entries[0].person
    moved = f"{HEAD}\n1,evil@example.org,,,,resident,Hall,12,\n"
    assert refused(moved, known) == []
    assert refused(f"{HEAD}\n1,b@example.org,,,,resident,Hall,12,\n", known) == ["email-taken"]
    held = known.memberships[ada]
    by_hand = Known(known.entries, known.persons, {ada: [*held, role(ada, Membership(Role.AUDITOR), "")]})
    assert refused(moved, by_hand) == ["person-protected"]
    admin = Known(known.entries, known.persons, {ada: [*held, role(ada, Membership(Role.ADMIN))]})
    assert refused(moved, admin) == []
    assert refused(moved, admin, admins=False) == ["person-protected"]
    twice = f"{HEAD}\n1,a@example.org,,,,resident,,,\n7,x@example.org,,,,clerk,,,\n"
    both = [*known.entries, EntryRow(TENANT, "staff", "7", ada, "", None)]
    assert refused(twice, Known(both, known.persons, {})) == ["email-twice"]


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6), st.sampled_from(["clerk", "resident"])), max_size=12))
def test_followed_twice_is_followed_once(people: list[tuple[int, int, str]]) -> None:
    unique = {id_: (email, word) for id_, email, word in people}
    seen: set[int] = set()
    lines = []
    for id_, (email, word) in unique.items():
        if email not in seen:
            seen.add(email)
            lines.append(f"{id_},p{email}@example.org,N{id_},,,{word},,,")
    if not lines:
        return
    text = "\n".join([HEAD, *lines])
    first = followed(text, full=True)
    again = followed(text, then(Known([], [], {}), first), full=True)
    assert (len(first.deeds), again.deeds, again.unchanged) == (len(lines), [], len(lines))
