"""A minute of rubbish for everything that reads what a stranger may send: it is read, or refused with a code, and
nothing else ever happens. Built from real messages that are torn, doubled, flipped, run together and strewn with noise.

Each failure names its seed; lock boards' parsers have a minute each in tests/unit/edge/test_board_parsers.py, and what
people type and scan at a kiosk has one in test_kiosk_rubbish.py."""

import base64
import os
import struct
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final
from uuid import UUID

import cbor2
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cranny import sites
from cranny.core.clock import SystemClock
from cranny.core.errors import Invalid
from cranny.core.rng import SeededRng, SystemRng
from cranny.edge import mule as carried_back
from cranny.edge.identity import Identity
from cranny.edge.readers._parts.lines import Lines
from cranny.edge.readers.hidraw import Reports
from cranny.edge.readers.input import Keyboard
from cranny.wire import acks, codes, commands, enrolment, facts, kinds, messages, nkey, signing, subjects, tokens
from cranny.wire.facts import GENESIS, Fact
from cranny.wire.mule import Carried, Returned
from tests.prove.mangling import mangled

pytestmark = pytest.mark.prove
FUZZ_S: Final = float(os.environ.get("CRANNY_FUZZ_S", "60"))
"""Of each parser; shorter to try a parser out."""
LEAST: Final = 5_000
DRAWN: Final = 0.25
"""For so much of that time hypothesis makes it."""
A, B, C = UUID(int=1), UUID(int=2), UUID(int=3)
KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
FACT = Fact(1, A, B, 1, 1, GENESIS, "door.forced", {"door": "01"}, C, 7, 1_790_000_000_000, "good", offline=True)
STORED = kinds.DepositStored(opening=A, door="01", generation=3, deliveries=[B], grant=C, evidence="sensed")
DEPOSITED = msgspec.structs.replace(FACT, kind="deposit.stored", body=kinds.pack(STORED))
BATCH = messages.FactBatch(A, B, 1, 1, [facts.encode(FACT)], [None], 4)
POLICY = messages.Policy()
LAYOUT = messages.Layout("Hall", "Europe/Vienna", [messages.CompartmentGiven("01", 1, 2, 3, 4, [], 1, 1)])
DOWN = messages.Downlink(A, B, [messages.Entry(1, LAYOUT), messages.Entry(2, POLICY)], 2)
KID = tokens.kid(KEY.public_key())
TOKEN = tokens.Token(A.bytes, KID, B.bytes, "inspect", "01", 3, 1_790_000_000, 1_790_003_600)
ME = Identity(A, B, [], nkey.seed(bytes(32)).decode(), KEY.public_key().public_bytes_raw(), bytes(32))
UP = Carried(A, B, [signing.sign(KEY, "facts", messages.pack(BATCH))], signing.sign(KEY, "pull", b"x"))
ACK = acks.sign(KEY, A, B, UP.batches[0], messages.FactAck(epoch=1, seq=1))
BACK = Returned(A, B, [ACK], [signing.sign(KEY, "downlink", messages.pack(DOWN))])
COMMAND = commands.Command(A, A, B, C, bytes(16), 60_000, "open", "keys/1", "why", (commands.Target("01", 3),))
YAML = """name: Hall
timezone: Europe/Prague
site: Here
policy: {unknown_tracking: accept}
sizes: {M: {width: 380, height: 190, depth: 640}}
towers:
  - name: A
    compartments:
      - {label: M1, size: M, centre: 900, unit: 1, channel: 1}
      - {label: M2, width: 380, height: 190, depth: 640, centre: 1100, unit: 1, channel: 2, features: [chilled]}
"""


def read_fact(data: bytes) -> None:
    fact = facts.decode(data)
    assert facts.encode(fact) == data
    kinds.unpack(fact.kind, fact.body)


def read_body(data: bytes) -> None:
    with suppress(msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        body = msgspec.msgpack.decode(data)
        if isinstance(body, dict) and all(isinstance(key, str) for key in body):
            for kind in kinds.KINDS:
                with suppress(Invalid):
                    kinds.unpack(kind, body)


def read_message(data: bytes) -> None:
    for kind in (messages.FactBatch, messages.FactAck, messages.Beat, messages.Pull, messages.Downlink):
        with suppress(Invalid):
            messages.unpack(data, kind)
    for other in (commands.Command, commands.CommandReply):
        with suppress(Invalid):
            messages.unpack(data, other)


def read_envelope(data: bytes) -> None:
    """What is believed was signed as it stands."""
    payload = signing.verify(KEY.public_key(), "facts", data)
    assert signing.sign(KEY, "facts", payload) == data


def read_symbol(data: bytes) -> None:
    text = data.decode(errors="replace")
    code, qr = codes.parse_code(text), codes.parse_qr(text)
    assert code is None or codes.parse_code(codes.show_code(code)) == code
    assert qr is None or codes.parse_qr(codes.show_qr(qr)) == qr
    assert code is None or qr is None
    codes.tracking_digest(bytes(32), text)
    assert codes.normal_tracking(codes.normal_tracking(text)) == codes.normal_tracking(text)


def read_names(data: bytes) -> None:
    text = data.decode(errors="replace")
    for read in (subjects.owner, nkey.public, enrolment.parse_claim):
        with suppress(Invalid):
            read(text)


def read_enrolment(data: bytes) -> None:
    with suppress(msgspec.MsgspecError, UnicodeDecodeError):
        enrolment.check(msgspec.json.decode(data, type=enrolment.EnrolRequest))


def read_bank_file(data: bytes) -> None:
    sites.read_yaml(data.decode(errors="replace"))


def read_token(data: bytes) -> None:
    """What is believed was signed, in the one form that it has."""
    text = data.decode(errors="replace")
    if tokens.looks_like_one(text):
        token = tokens.read(KEY.public_key(), text)
        assert tokens.sign(KEY, token) == text.strip().upper()


def read_signed_token(data: bytes) -> None:
    """Rubbish that the server has signed."""
    text = "S" + base64.b32encode(signing.sign(KEY, "token", data)).decode().rstrip("=")
    tokens.read(KEY.public_key(), text)


def read_carried(data: bytes) -> None:
    """Files of both directions."""
    with suppress(Invalid):
        messages.unpack(data, Carried)
    carried_back.check(ME, data)


def read_signs(data: bytes) -> None:
    """What scanners, badge readers and keyboards send."""
    for signs in (Reports().signs, Keyboard().signs, lambda raw: raw.decode("latin-1")):
        for line in Lines(SystemClock()).take(signs(data)):
            assert line.strip() == line != ""
            codes.parse_qr(line)
            codes.normal_badge(line)


_packed = msgspec.msgpack.encode
PARSERS: Final[dict[str, tuple[Callable[[bytes], object], Sequence[bytes]]]] = {
    "facts": (
        read_fact,
        [
            facts.encode(FACT),
            facts.encode(DEPOSITED),
        ],
    ),
    "bodies": (read_body, [_packed(STORED), _packed(kinds.DoorForced(door="01")), _packed({"door": "01", "x": None})]),
    "messages": (read_message, [_packed(BATCH), _packed(DOWN), _packed(COMMAND), _packed(messages.Pull(3))]),
    "envelopes": (read_envelope, [signing.sign(KEY, "facts", _packed(BATCH)), signing.sign(KEY, "command", b"x")]),
    "codes and QR": (
        read_symbol,
        [b"123 456 789", b"123456789", codes.show_qr(codes.draw_qr(7, SeededRng(1))).encode(), "١٢٣٤٥٦٧٨٩".encode()],
    ),
    "names": (read_names, [subjects.facts(A, B).encode(), nkey.name(KEY.public_key()).encode(), b"ABCD-EFGH-JKMN"]),
    "enrolments": (
        read_enrolment,
        [b'{"claim":"A","public_key":"B","signature":"AA==","sealing_key":"AA==","version":"1"}'],
    ),
    "tokens": (read_token, [tokens.sign(KEY, TOKEN).encode(), tokens.sign(KEY, TOKEN).lower().encode()]),
    "signed tokens": (read_signed_token, [cbor2.dumps(list(msgspec.structs.astuple(TOKEN)), canonical=True), b"\x88"]),
    "carried files": (read_carried, [messages.pack(UP), messages.pack(BACK)]),
    "readers": (
        read_signs,
        [
            b"".join(struct.pack("llHHi", 1, 0, 1, key, value) for key in (2, 3, 42, 30, 28) for value in (1, 0)),
            b"".join(bytes([0, 0, key, 0, 0, 0, 0, 0]) + bytes(8) for key in (4, 30, 31, 40)),
            b"Q0000012345\r\n",
        ],
    ),
    "bank files": (read_bank_file, [YAML.encode(), b"a: &x [*x, *x]\n", b"- {<<: 1}\n", b"towers: 1e999\n"]),
}


@pytest.mark.parametrize("name", PARSERS)
def test_a_minute_of_rubbish(name: str, record_property: Callable[[str, object], None]) -> None:
    read, corpus = PARSERS[name]
    clock, seed = SystemClock(), SystemRng().bytes(8).hex()
    print(f"seed {seed}")  # noqa: T201 - shown when it fails
    rng, many, until = SeededRng(seed), 0, clock.monotonic() + FUZZ_S * (1 - DRAWN)
    while clock.monotonic() < until:
        for _ in range(50):
            many += 1
            take(name, read, mangled(rng, corpus))
    while clock.monotonic() < until + FUZZ_S * DRAWN:
        many += draw(name, read, corpus)
    record_property("figure", f"{name}: {many:,} pieces of rubbish in {FUZZ_S:.0f} s, no crash")
    assert many > LEAST * FUZZ_S / 60


def take(name: str, read: Callable[[bytes], object], data: bytes) -> None:
    try:
        read(data)
    except Invalid:
        return
    except Exception as error:
        raise AssertionError(f"{name}: {data!r}") from error


def draw(name: str, read: Callable[[bytes], object], corpus: Sequence[bytes]) -> int:
    """By hypothesis, which makes what fails as small as can be. How many."""
    torn = st.builds(
        lambda data, at, cut, noise: data[:at] + noise + data[at + cut :],
        st.sampled_from(list(corpus)),
        st.integers(0, 400),
        st.integers(0, 20),
        st.binary(max_size=30),
    )
    many = 0

    @settings(max_examples=300, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.binary(max_size=400) | torn)
    def one(data: bytes) -> None:
        nonlocal many
        many += 1
        take(name, read, data)

    one()
    return many


def test_what_is_not_rubbish_is_read() -> None:
    whole = {"envelopes": 1, "signed tokens": 1}  # the others of them are rubbish
    for name in ("facts", "messages", "envelopes", "tokens", "signed tokens", "readers"):
        read, corpus = PARSERS[name]
        for data in corpus[: whole.get(name)]:
            read(data)
    read_carried(messages.pack(BACK))
    read_bank_file(YAML.encode())
