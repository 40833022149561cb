"""Somebody at the keyboard: a parcel that waits for them, and one that they may bring themselves."""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

import httpx2
import msgspec

from cranny.core.errors import Unavailable
from cranny.core.rng import SystemRng
from cranny.edge.outcomes import Opened
from cranny.sim.city.kiosk import Kiosk
from cranny.sim.city.letters import Letter, PostOffice

ADDRESS: Final = "you@city.example"
WAITING: Final = "WELCOME1"
TO_BRING: Final = "WELCOME2"
SIDES: Final = {"width": 200, "height": 60, "depth": 150}
TOLD_WITHIN_S: Final = 30.0
SCAN_AGAIN_S: Final = 0.3


class Invitation(msgspec.Struct, frozen=True):
    """`code` opens a door at `kiosk`; `to_bring` may be scanned there."""

    kiosk: str
    code: str
    to_bring: str


async def invite(client: httpx2.AsyncClient, kiosks: Sequence[Kiosk], post: PostOffice) -> Invitation:
    """Have a parcel stored for the visitor at the first bank with room. Raises Unavailable, code `no-room`, or
    `demo-not-ready` when no message comes."""
    told: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def read(letter: Letter) -> None:
        if letter.to == ADDRESS and letter.code and not told.done():
            told.set_result(letter.code)

    post.readers.append(read)
    for kiosk in kiosks:
        if await _announce(client, kiosk, WAITING):
            break
    else:
        raise Unavailable("Every bank is full: there is no room for your parcel.", code="no-room")
    try:
        async with asyncio.timeout(TOLD_WITHIN_S):
            await _store(kiosk)
            code = await told
    except TimeoutError as error:
        raise Unavailable("No message came for the visitor.", code="demo-not-ready") from error
    await _announce(client, kiosk, TO_BRING)
    return Invitation(kiosk.url, code, TO_BRING)


async def wall_link(client: httpx2.AsyncClient, url: str) -> str:
    """A link that signs one browser in to the live walls, once. Raises Unavailable, code `demo-not-ready`."""
    answer = await client.post("/v1/sign-in-links", headers={"Idempotency-Key": SystemRng().bytes(16).hex()})
    if answer.is_error:
        raise Unavailable(f"No link to the walls could be made: {answer.text[:300]}", code="demo-not-ready")
    return url + str(answer.json()["path"])


async def _announce(client: httpx2.AsyncClient, kiosk: Kiosk, tracking: str) -> bool:
    body: dict[str, Any] = {
        "bank": str(kiosk.bank),
        "items": [{"tracking": tracking, **SIDES}],
        "recipient": {"name": "You", "email": ADDRESS, "language": "en"},
        "sender": "Cranny",
    }
    answer = await client.post("/v1/deliveries", json=body, headers={"Idempotency-Key": SystemRng().bytes(16).hex()})
    return answer.is_success


async def _store(kiosk: Kiosk) -> None:
    while not isinstance(answer := await kiosk.scan(WAITING), Opened):  # noqa: ASYNC110 - the right is on its way
        await asyncio.sleep(SCAN_AGAIN_S)
    await kiosk.hands(answer.door, "put")
    await kiosk.hands(answer.door, "shut")
    while await kiosk.look(answer.door) != "taken":  # noqa: ASYNC110 - the latch takes its time
        await asyncio.sleep(SCAN_AGAIN_S)
    if answer.visit is not None:
        await kiosk.done(answer.visit)
