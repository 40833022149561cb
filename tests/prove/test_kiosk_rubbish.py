"""A minute of rubbish at a kiosk: whatever is typed, scanned or posted there, the answer is an answer, no door opens
that nobody has a right to, and the controller goes on: the real one behind its HTTP application, in virtual time."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import httpx2
import pytest

from cranny.core.clock import SystemClock
from cranny.core.rng import SeededRng, SystemRng, pick
from cranny.edge.desk import Desk
from cranny.edge.kiosk import kiosk_app
from cranny.sim.loop import VirtualLoop, live
from cranny.wire import codes, tokens
from tests.prove.mangling import mangled
from tests.prove.test_parsers import FUZZ_S, KEY, TOKEN
from tests.unit.edge.conftest import Lab, Parcel

pytestmark = pytest.mark.prove
PORT: Final = 8100
LEAST: Final = 300
VISIT: Final = "00000000-0000-0000-0000-000000000007"
PATHS: Final = ("/kiosk/scan", "/kiosk/code", "/kiosk/own", f"/kiosk/visits/{VISIT}/too-small")
BODIES: Final[Sequence[bytes]] = (
    b'{"text":"PARCEL1"}',
    b'{"digits":"123 456 789"}',
    b'{"width":100,"height":100,"depth":100}',
    b'{"emptied":true}',
    b'{"text":"\\u0000\\ud800"}',
    b"[[[[[[[[[[",
    b"\xff\xfe{}",
)
OTHERS: Final = tokens.sign(KEY, TOKEN).encode()
"""Signed, by a key that the bank does not know."""
KINDS: Final = ("application/json", "text/plain", "application/msgpack", "multipart/form-data; boundary=x", "", "\x01")


def test_a_minute_at_the_kiosk(record_property: Callable[[str, object], None]) -> None:
    seed = SystemRng().bytes(8).hex()
    print(f"seed {seed}")  # noqa: T201 - shown when it fails
    rng, loop, many = SeededRng(seed), VirtualLoop(), [0]
    live(_minute(rng, loop, many), loop)
    record_property("figure", f"kiosk: {many[0]:,} pieces of rubbish in {FUZZ_S:.0f} s, no crash, no door opened")
    assert many[0] > LEAST * FUZZ_S / 60


async def _minute(rng: SeededRng, loop: VirtualLoop, many: list[int]) -> None:
    lab = Lab(loop, content=True, doors=20)
    await lab.open()
    stored = await lab.announce("PARCEL1")
    await lab.deposit(stored)
    corpus = [b"PARCEL2", stored.digits.encode(), stored.symbol.encode(), OTHERS, b"ABC-\xc3\xa9"]
    desk = Desk(lab.board)
    desk.seat(lab.controller)
    app = kiosk_app(desk, port=PORT, version="0", clock=lab.clock, ids=lab.ids)
    base = f"http://127.0.0.1:{PORT}"
    clock, pulses = SystemClock(), len(lab.pulsed)
    until = clock.monotonic() + FUZZ_S
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url=base) as client:
        while clock.monotonic() < until:
            await _said(lab, rng, corpus, stored)
            await _posted(client, rng)
            many[0] += 2
            assert len(lab.pulsed) == pulses, "a door opened"
    lab.check()
    await lab.crash()
    await lab.board.close()


async def _said(lab: Lab, rng: SeededRng, corpus: Sequence[bytes], stored: Parcel) -> None:
    text = mangled(rng, corpus).decode(errors="replace")
    if codes.parse_code(text) == stored.code or codes.parse_qr(text) == stored.qr:
        return
    deed: Any = pick(rng, (lab.controller.scan, lab.controller.type_code, lab.controller.show_badge))
    answer = await deed(text)
    assert type(answer).__name__ == "Refusal", (deed.__name__, text, answer)
    await lab.settle(answer.wait_s)


async def _posted(client: httpx2.AsyncClient, rng: SeededRng) -> None:
    body, path = mangled(rng, BODIES), pick(rng, PATHS)
    kind = pick(rng, KINDS[:4]) if rng.below(2) else KINDS[0]
    answer = await client.post(path, content=body, headers={"Content-Type": kind})
    assert answer.status_code < 500, (path, kind, body, answer.text)
