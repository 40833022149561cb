"""Facts, kinds and messages: what is permanent stays, what is said is heard, and junk is only ever Invalid."""

import hashlib
from typing import get_args
from uuid import UUID

import cbor2
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import inspect

from cranny.core.errors import Invalid
from cranny.core.lifecycle import Lifecycle
from cranny.wire import doors, facts, kinds, messages, subjects
from cranny.wire.facts import Fact

TENANT = UUID("018f2a00-0000-7000-8000-000000000001")
BANK = UUID("018f2a00-0000-7000-8000-000000000002")
OPENING = UUID("018f2a00-0000-7000-8000-000000000003")
FACT = Fact(
    v=1,
    tenant=TENANT,
    bank=BANK,
    epoch=1,
    seq=1,
    prev_hash=facts.GENESIS,
    kind="door.opened",
    body=kinds.pack(kinds.DoorOpened(opening=OPENING, door="12", generation=3)),
    boot_id=UUID("018f2a00-0000-7000-8000-000000000004"),
    mono_ms=4567,
    wall_ms=1_763_800_000_000,
    clock_quality="good",
    offline=False,
)
STORED = bytes.fromhex(
    "8d01d82550018f2a00000070008000000000000001d82550018f2a00000070008000000000000002"
    "0101582000000000000000000000000000000000000000000000000000000000000000006b646f6f"
    "722e6f70656e6564a364646f6f72623132676f70656e696e67d82550018f2a000000700080000000"
    "000000036a67656e65726174696f6e03d82550018f2a000000700080000000000000041911d71b00"
    "00019aaaac260064676f6f64f4"
)

UP = [messages.FactBatch, messages.FactAck, messages.Beat, messages.Pull]
DOWN = [messages.Downlink, messages.Entry]
PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.binary()
    | st.uuids(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)

PLAIN_BODY = st.dictionaries(st.text(), PLAIN, max_size=6)


def strings(shape):
    if shape.pattern is None:
        return st.text(max_size=20)
    return st.from_regex(shape.pattern).filter(lambda text: len(text) <= (shape.max_length or 64))


STRATEGIES = {
    inspect.StructType: lambda s: st.builds(s.cls, **{field.name: values(field.type) for field in s.fields}),
    inspect.UnionType: lambda s: st.one_of([values(one) for one in s.types]),
    inspect.ListType: lambda s: st.lists(values(s.item_type), max_size=3),
    inspect.LiteralType: lambda s: st.sampled_from(s.values),
    inspect.IntType: lambda s: st.integers(-(2**63) if s.ge is None else s.ge, 2**63 - 1 if s.le is None else s.le),
    inspect.BytesType: lambda s: st.binary(min_size=s.min_length or 0, max_size=s.max_length or 40),
    inspect.StrType: strings,
    inspect.UUIDType: lambda _: st.uuids(),
    inspect.BoolType: lambda _: st.booleans(),
    inspect.NoneType: lambda _: st.none(),
    inspect.DictType: lambda s: st.dictionaries(st.text(), values(s.value_type), max_size=3),
    inspect.AnyType: lambda _: PLAIN,
}


def values(shape):
    """A strategy for every value of a msgspec type."""
    return STRATEGIES[type(shape)](shape)


def every(cls):
    return values(inspect.type_info(cls))


EDITS = st.lists(st.tuples(st.integers(0, 400), st.integers(0, 2), st.binary(max_size=2)), min_size=1, max_size=4)
MESSAGES = st.one_of([every(kind) for kind in UP + DOWN])
BODIES = st.one_of([every(body) for body in kinds.KINDS.values()])
FACTS = st.builds(
    lambda fact, body: msgspec.structs.replace(fact, v=1, kind=kinds.NAMES[type(body)], body=kinds.pack(body)),
    every(Fact),
    BODIES,
)


def damage(raw, edits):
    damaged = bytearray(raw)
    for place, length, other in edits:
        start = place % (len(damaged) + 1)
        damaged[start : start + length] = other
    return bytes(damaged)


def code_of(reader, *args):
    """The code of the error that `reader` raises, None when it reads: any other error is the test's end."""
    try:
        reader(*args)
    except Invalid as error:
        return error.code
    return None


# ---------------------------------------------------------------- facts


def test_a_fact_is_written_the_same_for_ever():
    assert facts.encode(FACT) == STORED
    assert facts.decode(STORED) == FACT
    assert facts.digest(STORED) == hashlib.sha256(STORED).digest()


def test_any_cbor_reader_can_read_it():
    assert cbor2.loads(STORED) == [
        1,
        TENANT,
        BANK,
        1,
        1,
        bytes(32),
        "door.opened",
        {"door": "12", "opening": OPENING, "generation": 3},
        FACT.boot_id,
        4567,
        1_763_800_000_000,
        "good",
        False,
    ]


@pytest.mark.slow
@given(FACTS)
def test_every_fact_of_every_kind_comes_back(fact):
    stored = facts.encode(fact)
    assert facts.decode(stored) == fact
    assert kinds.pack(kinds.unpack(fact.kind, facts.decode(stored).body)) == fact.body


@pytest.mark.slow
@given(st.dictionaries(st.text(), PLAIN, max_size=3))
def test_a_kind_of_tomorrow_keeps_its_body(body):
    fact = msgspec.structs.replace(FACT, kind="robot.arrived", body=body)
    assert facts.decode(facts.encode(fact)) == fact
    assert kinds.unpack("robot.arrived", body) is None


@given(st.binary(max_size=200))
def test_junk_is_no_fact(junk):
    with pytest.raises(Invalid) as caught:
        facts.decode(junk)
    assert caught.value.code == "fact-unreadable"


@pytest.mark.slow
@given(FACTS, EDITS)
def test_a_damaged_fact_is_refused_or_is_another_fact_in_its_one_form(fact, edits):
    damaged = damage(facts.encode(fact), edits)
    if code_of(facts.decode, damaged) != "fact-unreadable":
        assert facts.encode(facts.decode(damaged)) == damaged


def is_read_as_the_careful_reader_reads_it(stored):
    careful = code_of(facts.carefully, stored)
    assert code_of(facts.decode, stored) == careful
    if careful is None:
        assert facts.decode(stored) == facts.carefully(stored)


@pytest.mark.slow
@given(st.builds(lambda fact, body: msgspec.structs.replace(fact, v=1, body=body), every(Fact), PLAIN_BODY) | FACTS)
def test_what_is_read_quickly_is_read_right(fact):
    stored = facts.encode(fact)
    is_read_as_the_careful_reader_reads_it(stored)
    assert facts.decode(stored) == fact


@pytest.mark.slow
@given(FACTS, EDITS)
def test_what_is_read_quickly_is_the_one_form(fact, edits):
    is_read_as_the_careful_reader_reads_it(damage(facts.encode(fact), edits))


NUMBER = st.integers(0, 2**64 - 1)
LENGTHS = st.sampled_from([0, 1, 2, 4, 8])


def written(major, number, size):
    """A CBOR head, in `size` bytes more where that is not the shortest."""
    if size == 0:
        return bytes([major << 5 | number % 24])
    return bytes([major << 5 | {1: 24, 2: 25, 4: 26, 8: 27}[size]]) + (number % 2 ** (8 * size)).to_bytes(size, "big")


@given(st.lists(st.tuples(st.sampled_from([0, 1, 3]), NUMBER, LENGTHS), min_size=3, max_size=3))
def test_numbers_and_lengths_have_one_form(heads):
    (_, mono, mono_size), (_, wall, wall_size), (major, value, value_size) = heads
    head, tail = STORED[: STORED.index(b"\xa3")], STORED[-6:]
    text = b"x" * (value % 300) if major == 3 else b""
    said = written(major, len(text) if major == 3 else value, value_size)
    body = b"\xa1" + b"\x64door" + said + text
    counts = written(0, mono, mono_size) + written(0, wall, wall_size)
    is_read_as_the_careful_reader_reads_it(head + body + b"\xd8\x25\x50" + FACT.boot_id.bytes + counts + tail)


@pytest.mark.slow
@given(st.recursive(PLAIN | st.builds(cbor2.CBORTag, st.integers(0, 300), PLAIN), st.lists, max_leaves=6))
def test_any_other_cbor_is_no_fact(value):
    for raw in (cbor2.dumps(value), cbor2.dumps([1, TENANT, BANK, value])):
        with pytest.raises(Invalid):
            facts.decode(raw)


def fields(**changes):
    return list({**msgspec.structs.asdict(FACT), **changes}.values())


def deep(levels):
    return [deep(levels - 1)] if levels else []


@pytest.mark.parametrize(
    ("what", "stored"),
    [
        ("more behind it", STORED + b"\0"),
        ("an endless array", b"\x9f" + STORED[1:] + b"\xff"),
        ("a long number", STORED.replace(b"\x8d\x01", b"\x8d\x18\x01", 1)),
        ("a tag around it", b"\xd9\xd9\xf7" + STORED),
        ("a key twice", STORED.replace(b"\x6ageneration\x03", b"\x64door\x6212")),
        ("keys in another order", cbor2.dumps(fields(body={"opening": OPENING, "door": "12", "generation": 3}))),
        ("version 2", cbor2.dumps(fields(v=2), canonical=True)),
        ("too few fields", cbor2.dumps(fields()[:-1], canonical=True)),
        ("too many fields", cbor2.dumps([*fields(), 0], canonical=True)),
        ("sequence 0", cbor2.dumps(fields(seq=0), canonical=True)),
        ("a number that no database holds", cbor2.dumps(fields(epoch=2**63), canonical=True)),
        ("a date that nobody has", cbor2.dumps(fields(wall_ms=2**62), canonical=True)),
        ("a short hash", cbor2.dumps(fields(prev_hash=bytes(31)), canonical=True)),
        ("a kind with a line end", cbor2.dumps(fields(kind="door.opened\n"), canonical=True)),
        ("an unknown clock", cbor2.dumps(fields(clock_quality="splendid"), canonical=True)),
        ("a body that is no map", cbor2.dumps(fields(body=[]), canonical=True)),
        ("a date in the body", cbor2.dumps(fields(body={"a": cbor2.CBORTag(1, 5)}), canonical=True)),
        ("a number key in the body", cbor2.dumps(fields(body={1: 2}), canonical=True)),
        ("a huge number in the body", cbor2.dumps(fields(body={"a": [2**64]}), canonical=True)),
        ("no number in the body", cbor2.dumps(fields(body={"a": float("nan")}), canonical=True)),
        ("a deep body", cbor2.dumps(fields(body={"a": deep(20)}), canonical=True)),
    ],
)
def test_almost_a_fact_is_none(what, stored):
    with pytest.raises(Invalid) as caught:
        facts.decode(stored)
    assert caught.value.code == "fact-unreadable", what


# ---------------------------------------------------------------- kinds


def test_every_event_that_a_door_can_emit_is_a_kind():
    tables: list[Lifecycle] = [doors.DOOR, doors.POOL]
    assert {kind for table in tables for kind in table.event_types()} <= kinds.KINDS.keys()


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"opening": OPENING, "door": "12"},
        {"opening": OPENING, "door": "12", "generation": 3, "code": "123456789"},
        {"opening": str(OPENING)[:-1], "door": "12", "generation": 3},
        {"opening": OPENING, "door": "", "generation": 3},
        {"opening": OPENING, "door": "12\n", "generation": 3},
        {"opening": OPENING, "door": "1\x002", "generation": 3},
        {"opening": OPENING, "door": "12", "generation": -1},
        {"opening": OPENING, "door": "12", "generation": 2**63},
    ],
)
def test_a_body_says_no_more_and_no_less_than_its_fields(body):
    with pytest.raises(Invalid) as caught:
        kinds.unpack("door.opened", body)
    assert caught.value.code == "fact-body-invalid"


@given(st.sampled_from(sorted(kinds.KINDS)), st.dictionaries(st.text(), PLAIN, max_size=4))
def test_a_junk_body_is_only_ever_invalid(kind, body):
    assert code_of(kinds.unpack, kind, body) in {"fact-body-invalid", None}


# ---------------------------------------------------------------- messages


@given(MESSAGES)
def test_what_is_said_is_heard(message):
    assert messages.unpack(messages.pack(message), type(message)) == message


@pytest.mark.slow
@given(st.data())
def test_every_right_tells_its_kind(data):
    given_ = data.draw(st.one_of([every(kind) for kind in get_args(messages.Given)]))
    assert messages.unpack(messages.pack(messages.Entry(seq=1, given=given_)), messages.Entry).given == given_


@pytest.mark.slow
@given(MESSAGES, EDITS)
def test_a_damaged_message_is_only_ever_invalid(message, edits):
    damaged = damage(messages.pack(message), edits)
    assert code_of(messages.unpack, damaged, type(message)) in {"message-unreadable", None}


@given(st.binary(max_size=100), st.sampled_from(UP + DOWN))
def test_a_junk_message_is_only_ever_invalid(junk, kind):
    assert code_of(messages.unpack, junk, kind) in {"message-unreadable", None}


@pytest.mark.parametrize("junk", [b"", b"\xc1", b"\x91" * 5000, b"\xd9\xff", b"\xa1\xff"])
def test_some_junk_that_breaks_readers_is_only_invalid(junk):
    with pytest.raises(Invalid):
        messages.unpack(junk, messages.Pull)


def test_a_newer_sender_may_say_more():
    newer = msgspec.msgpack.encode({"applied": 5, "mood": "cheerful"})
    assert messages.unpack(newer, messages.Pull) == messages.Pull(applied=5)


# ---------------------------------------------------------------- subjects


def test_a_bank_stays_below_its_own_name():
    below = f"cranny.{TENANT.hex}.{BANK.hex}"
    assert subjects.below(TENANT, BANK) == below
    assert subjects.facts(TENANT, BANK) == f"{below}.up.facts"
    assert subjects.beat(TENANT, BANK) == f"{below}.up.beat"
    assert subjects.pull(TENANT, BANK) == f"{below}.up.pull"
    assert subjects.poke(TENANT, BANK) == f"{below}.down.poke"


@given(st.uuids(), st.uuids())
def test_a_subject_tells_its_owner(tenant, bank):
    for subject in (subjects.facts(tenant, bank), subjects.poke(tenant, bank)):
        assert subjects.owner(subject) == (tenant, bank)


@pytest.mark.slow
@given(st.text() | st.from_regex(r"^cranny\.[0-9a-fA-F-]{30,36}\.[^.]+\.up\..*"))
def test_another_subject_has_no_owner(subject):
    if code_of(subjects.owner, subject) != "subject-invalid":
        tenant, bank = subjects.owner(subject)
        assert subject.startswith(f"cranny.{tenant.hex}.{bank.hex}.")
