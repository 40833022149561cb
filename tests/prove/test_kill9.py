"""Twenty `kill -9` of real processes while people announce, bring and fetch: the auditor finds nothing afterwards, in
the database and in the journal."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import httpx2
import pytest

from cranny.core.rng import SeededRng
from tests.journeys.house import House, free_port, say
from tests.journeys.kiosk import Kiosk
from tests.journeys.parcels import announcement, bank_file
from tests.journeys.patience import eventually

pytestmark = [pytest.mark.prove, pytest.mark.engines]
KILLS = 20
OF_THE_HOUSE = 6
"""Of them so many end server, worker, PostgreSQL and NATS at once; the others end the controller."""
SOME_S = (0.3, 2.5)
BUSY_S = 20.0
"""Every third kill waits so long at most for people to get something done."""
BROKEN = (httpx2.HTTPError, RuntimeError, AssertionError, KeyError)
"""What people meet at a machine that has just died."""


class Load:
    """People who keep on, whatever happens to the machines."""

    def __init__(self, house: House, bank: str) -> None:
        self.house = house
        self.bank = bank
        self.kiosk: Kiosk | None = None
        self.over = False
        self.announced: list[str] = []
        self.stored = 0
        self.collected = 0
        self._number = 0

    async def announce(self) -> None:
        """The same key until there is an answer."""
        while not self.over:
            self._number += 1
            asked = announcement(self.bank, tracking=f"KILL{self._number:05}")
            while not self.over:
                with suppress(httpx2.HTTPError):
                    answer = await self.house.client.post(
                        "/v1/deliveries", json=asked, headers={"Idempotency-Key": f"kill-{self._number}"}
                    )
                    if answer.status_code == 201:
                        self.announced.append(asked["items"][0]["tracking"])
                        break
                    assert answer.status_code in (409, 429, 503, 502, 500), answer.text
                await asyncio.sleep(0.3)
            await asyncio.sleep(0.4)

    async def use(self) -> None:
        """Bring the oldest, and fetch what is told to be collectable."""
        waiting = list[str]()
        while not self.over:
            waiting += self.announced[len(waiting) + self.stored :][:1]
            kiosk = self.kiosk
            if kiosk is not None and waiting:
                with suppress(*BROKEN):
                    answer = await kiosk.scan(waiting[0])
                    if answer["code"] == "opened":
                        await kiosk.act(answer["door"], "put", "shut")
                        self.stored += 1
                        waiting.pop(0)
                    elif answer.get("reason") == "already":
                        waiting.pop(0)
            await self._fetch()
            await asyncio.sleep(0.2)

    async def brings_one(self) -> None:
        """Until another parcel lies there, or the machine is too slow for it: on a loaded one nobody would get anything
        done between two kills."""
        before = self.stored
        with suppress(TimeoutError):
            async with asyncio.timeout(BUSY_S):
                while self.stored == before:  # noqa: ASYNC110 - counted by whoever brings
                    await asyncio.sleep(0.1)

    async def _fetch(self) -> None:
        kiosk = self.kiosk
        with suppress(*BROKEN):
            listed = (await self.house.get(f"/v1/deliveries?bank={self.bank}&state=stored&limit=5"))["items"]
            for one in listed[:1]:
                grant = one["grants"]["collect"]
                shown = await self.house.post(f"/v1/grants/{grant}/reveal", {"reason": "kill -9"})
                if kiosk is not None:
                    answer = await kiosk.scan(shown["qr"])
                    if answer["code"] == "opened":
                        await kiosk.act(answer["door"], "take", "shut")
                        self.collected += 1


async def test_twenty_kills_under_load(
    new_data_dir: Callable[[], object], record_property: Callable[[str, object], None]
) -> None:
    house = House(new_data_dir(), free_port())  # type: ignore[arg-type]
    rng, kills = SeededRng("kill -9"), 0
    try:
        await house.found("Killed")
        await house.up()
        bank, claim = await house.bank(bank_file({"M": 40}))
        load = Load(house, bank)
        people = [asyncio.create_task(load.announce()), asyncio.create_task(load.use())]
        for number in range(KILLS + 1):
            async with house.edge("bank", claim if number == 0 else None) as kiosk:
                load.kiosk = kiosk
                if number and number % (KILLS // OF_THE_HOUSE) == 0:
                    await asyncio.sleep(rng.below(1000) / 1000)
                    await house.processes["up"].kill()
                    kills += 1
                    await house.up()
                await asyncio.sleep(SOME_S[0] + (SOME_S[1] - SOME_S[0]) * rng.uniform())
                if number % 3 == 0:
                    await load.brings_one()
                if kills >= KILLS:
                    break
                await house.processes["bank"].kill()
                kills += 1
                load.kiosk = None
        load.over = True
        await asyncio.gather(*people)
        async with house.edge("bank") as kiosk:

            async def all_safe() -> bool:
                last, safe, _ = kiosk.mark()
                status = await house.get(f"/v1/banks/{bank}/status")
                return bool(last == safe == status["taken"])

            await eventually(all_safe)
        said = await say("check", "--data", str(house.data), "--edges", str(house.home("bank")))
        found = "" if said.strip().endswith("0 violations") else said
        record_property(
            "figure",
            f"kill -9: {kills} kills under load, {len(load.announced)} announced, {load.stored} stored, "
            f"{load.collected} collected, auditor: {found or 'clean'}",
        )
        assert kills >= KILLS
        assert load.stored > 5
        assert found == ""
    finally:
        await house.down()
