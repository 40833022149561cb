"""Whoever uses the public API with a key: shops that announce parcels, and staff that call overdue ones off."""

import asyncio
from typing import Any, Final
from uuid import UUID

import httpx2

from cranny.core.rng import SystemRng
from cranny.sim.city.ledger import Ledger
from cranny.sim.city.model import Parcel

AT_ONCE: Final = 4
"""Announcements under way at the same time."""
UNAVAILABLE: Final = 503
FAULTS: Final = range(500, 600)
TRIES: Final = 20
PAUSE_S: Final = 0.5
PAGE: Final = 50


class Shop:
    """`client` is set up with the server's address and the tenant's key; `banks` are the ids, in the plan's order."""

    def __init__(self, client: httpx2.AsyncClient, banks: list[UUID], ledger: Ledger) -> None:
        self._client = client
        self._banks = banks
        self._ledger = ledger
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def announce(self, parcel: Parcel) -> None:
        """Tell the server, and note its answer."""
        box, person = parcel.box, parcel.person
        body = {
            "bank": str(self._banks[person.bank]),
            "items": [
                {
                    "tracking": parcel.tracking,
                    "width": box.width,
                    "height": box.height,
                    "depth": box.depth,
                    "weight_g": box.weight_g,
                }
            ],
            "recipient": {"name": person.name, "email": person.email, "language": person.language},
            "sender": "City shop",
        }
        async with self._turns:
            answer = await self._post("/v1/deliveries", body, key=f"announce-{parcel.tracking}")
        if answer.is_success:
            self._ledger.announce(parcel)
        elif answer.status_code in FAULTS:
            self._ledger.trouble.append(f"announcing {parcel.tracking}: {answer.status_code} {answer.text[:200]}")
        else:
            self._ledger.refuse(parcel, str(answer.json().get("code", answer.status_code)))

    async def overdue(self, bank: int) -> list[UUID]:
        """The deliveries at a bank whose time is over."""
        query = {"state": "overdue", "bank": str(self._banks[bank]), "limit": PAGE}
        return [UUID(shown["id"]) for shown in (await self._get("/v1/deliveries", query))["items"]]

    async def call_off(self, delivery: UUID) -> UUID | None:
        """Recall a delivery. Returns the grant that opens its door, None when its recipient was faster."""
        answer = await self._post(f"/v1/deliveries/{delivery}/cancel", {"reason": "overdue"}, key=f"recall-{delivery}")
        shown = answer.json()
        if answer.is_success:
            self._ledger.recalled.update(item["tracking"] for item in shown["items"])
        return UUID(shown["grants"]["recall"]) if answer.is_success and shown["grants"]["recall"] else None

    async def reveal(self, grant: UUID) -> str | None:
        """The code of a grant once it opens; None when it does not any more."""
        for _ in range(TRIES):
            state = (await self._get(f"/v1/grants/{grant}"))["state"]
            if state == "active":
                break
            if state not in ("unbound", "ready", "bound"):
                return None
            await asyncio.sleep(PAUSE_S)
        look = SystemRng().bytes(8).hex()
        answer = await self._post(f"/v1/grants/{grant}/reveal", {"reason": "takes it back"}, key=look)
        return str(answer.json()["code"]) if answer.is_success else None

    async def _post(self, path: str, body: dict[str, Any], *, key: str) -> httpx2.Response:
        """Tried again, with the same key, while the server is away."""
        for _ in range(TRIES):
            try:
                answer = await self._client.post(path, json=body, headers={"Idempotency-Key": key})
            except httpx2.TransportError:
                await asyncio.sleep(PAUSE_S)
                continue
            if answer.status_code != UNAVAILABLE:
                return answer
            await asyncio.sleep(PAUSE_S)
        return httpx2.Response(UNAVAILABLE, text="no answer")

    async def _get(self, path: str, query: dict[str, Any] | None = None) -> Any:
        answer = await self._client.get(path, params=query)
        return answer.raise_for_status().json()
