"""Parcels and the people around them: a shop announces, a courier deposits, somebody collects."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

from tests.canaries import SEEN

from .house import House
from .kiosk import Answer, Kiosk
from .patience import eventually

SMALL, MEDIUM, LARGE = (300, 60, 400), (300, 150, 400), (300, 350, 400)
"""Items in mm that need a door of 80, 190 and 410 mm."""
HEIGHTS = {"S": 80, "M": 190, "L": 410}
NOT_YET = {"unknown_tracking", "wrong", "nothing_here", "busy"}
"""Why a bank refuses what it has not heard of."""
NUMBERS = count(1)


def bank_file(doors: Mapping[str, int], **policy: Any) -> dict[str, Any]:
    """A bank with so many doors S1…, M1…, L1… on one board."""
    labels = [f"{size}{n + 1}" for size, many in doors.items() for n in range(many)]
    return {
        "name": f"Bank {next(NUMBERS)}",
        "timezone": "Europe/Prague",
        "site": "Hall",
        "policy": policy,
        "towers": [
            {
                "name": "A",
                "compartments": [
                    {
                        "label": label, "width": 380, "height": HEIGHTS[label[0]], "depth": 640, "centre": 900,
                        "unit": 1, "channel": n + 1,
                    }
                    for n, label in enumerate(labels)
                ],
            }
        ],
    }  # fmt: skip


def announcement(bank: str, tracking: str = "", size: tuple[int, int, int] = MEDIUM, **more: Any) -> dict[str, Any]:
    number = next(NUMBERS)
    width, height, depth = size
    return {
        "bank": bank,
        "items": [{"tracking": tracking or f"T{number:06}", "width": width, "height": height, "depth": depth}],
        "recipient": {"email": f"recipient-{number}@example.org"},
        **more,
    }


@dataclass
class Parcel:
    """A delivery, and what its two sides hold of it. `code` and `qr` are None while nobody has looked."""

    house: House
    id: str
    tracking: str
    code: str = ""
    qr: str = ""

    @property
    def subject(self) -> str:
        return f"deliveries/{self.id}"

    async def shown(self) -> Answer:
        return await self.house.get(f"/v1/deliveries/{self.id}")

    async def state(self) -> str:
        return str((await self.shown())["state"])

    async def becomes(self, state: str) -> Answer:
        async def there() -> bool:
            return await self.state() == state

        await eventually(there)
        return await self.shown()

    async def ready(self, kiosk: Kiosk) -> "Parcel":
        """Wait until its code opens at this bank, and look the code up."""
        shown = await self.shown()

        async def opens_now() -> bool:
            grant = await self.house.get(f"/v1/grants/{shown['grants']['collect']}")
            status = await self.house.get(f"/v1/banks/{shown['bank']}/status")
            return bool(grant["state"] == "active" and kiosk.mark()[2] == status["given"])

        await eventually(opens_now)
        return await self.reveal()

    async def reveal(self, which: str = "collect") -> "Parcel":
        """Look up the code and the QR of one of its grants."""
        grant = (await self.shown())["grants"][which]
        shown = await self.house.post(f"/v1/grants/{grant}/reveal", {"reason": "a journey"})
        self.code, self.qr = (shown["code"] or "").replace(" ", ""), shown["qr"]
        SEEN.code(self.code)
        SEEN.secret(self.qr)
        return self

    def wrong(self, n: int = 1) -> str:
        """A code with its locator and another secret."""
        return f"{self.code[:3]}{(int(self.code[3:]) + n) % 1_000_000:06}"


async def announce(
    house: House, bank: str, tracking: str = "", size: tuple[int, int, int] = MEDIUM, **more: Any
) -> Parcel:
    asked = announcement(bank, tracking, size, **more)
    shown = await house.post("/v1/deliveries", asked)
    return Parcel(house, shown["id"], asked["items"][0]["tracking"])


async def opens(kiosk: Kiosk, text: str) -> Answer:
    """Scan until the bank has heard of it; the door that opens."""

    async def scanned() -> Answer | None:
        answer = await kiosk.scan(text)
        waits = answer["code"] == "refused" and answer["reason"] in {
            "unknown_tracking",
            "wrong",
            "nothing_here",
            "busy",
        }
        return None if waits else answer

    answer = await eventually(scanned)
    assert answer["code"] == "opened", answer
    return answer


async def deposit(kiosk: Kiosk, parcel: Parcel) -> str:
    """A courier with this one parcel. The door."""
    opened = await opens(kiosk, parcel.tracking)
    await kiosk.act(opened["door"], "put", "shut")
    await parcel.becomes("stored")
    await kiosk.done(opened["visit"])
    return str(opened["door"])


async def collect(kiosk: Kiosk, parcel: Parcel) -> str:
    """Somebody with the QR. The door."""
    if not parcel.qr:
        await parcel.reveal()
    door = str((await opens(kiosk, parcel.qr))["door"])
    await kiosk.act(door, "take", "shut")
    return door
