"""What a controller holds in memory: a real `cranny edge` with 128 doors and its kiosk, after 1,000 grants."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final
from uuid import UUID

import yaml

from bench.boxes import Parcel, Town, town
from bench.browser import Connection, connected
from bench.house import RNG, House, free_port, until_it_answers
from bench.report import Figure
from bench.stopwatch import Watch, resident
from cranny import sites

MOST_MB: Final = 100
GRANTS: Final = 1000
AT_ONCE: Final = 100
"""Grants that live at the same time: a bank of 128 doors is promised to no more than 128."""
SOON_S: Final = 60


async def measure(house: House, *, turns: int, patience_s: float, quick: bool) -> Figure:  # noqa: ARG001 - bytes don't vary
    watch, given = Watch(), 2 * AT_ONCE if quick else GRANTS
    async with town(house, "memory", boxes=0) as here, here.client() as client:
        bank = await _add_bank(client)
        async with _edge(house, here, bank, client) as (pid, port):
            fresh = await _used(pid, port)
            parcels: list[Parcel] = []
            for _ in range(given // AT_ONCE):
                await _withdraw(client, parcels)
                before = await _told(client, bank, entries=1)
                parcels = [await here.announce(client, bank) for _ in range(AT_ONCE)]
                await _told(client, bank, entries=before + 2 * AT_ONCE)
            after = await _used(pid, port)
    mb, fresh_mb = after / 1e6, fresh / 1e6
    return Figure(
        name="memory of a controller",
        target=f"<= {MOST_MB} MB",
        measured=f"{mb:.0f} MB after {given:,} grants",
        met=mb <= MOST_MB,
        trusted=True,
        foreign=watch.stop()[1],
        beside=[
            f"resident, `cranny edge` with 128 doors and its kiosk: {fresh_mb:.0f} MB after its first screen",
        ],
        values={"mb": mb, "fresh_mb": fresh_mb},
    )


async def _add_bank(client: Connection) -> UUID:
    file = yaml.safe_load(sites.shipped_banks()["campus-128"])
    return UUID((await _post(client, "/v1/banks", file))["id"])


@asynccontextmanager
async def _edge(house: House, here: Town, bank: UUID, client: Connection) -> AsyncIterator[tuple[int, int]]:
    """A controller as a process of its own: its id, and its kiosk's port."""
    claim, port = (await _post(client, f"/v1/banks/{bank}/claims", {}))["claim"], free_port()
    words = ["--data", str(house.place / "edge"), "--port", str(port), "--board", "simulated"]
    enrol = ["--claim", claim, "--server", f"http://127.0.0.1:{here.port}"]
    path = house.place / "edge.log"
    with path.open("ab") as log:
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "cranny", "edge", *words, *enrol, stdout=log, stderr=log
        )
    try:
        await until_it_answers(port, child, path)
        await _told(client, bank, entries=1)
        yield child.pid, port
    finally:
        child.terminate()
        await child.wait()


async def _withdraw(client: Connection, parcels: list[Parcel]) -> None:
    for parcel in parcels:
        await _post(client, f"/v1/deliveries/{parcel.delivery}/cancel", {})


async def _told(client: Connection, bank: UUID, *, entries: int) -> int:
    """Until the bank holds all that it is given, and that is so much at least. Returns how much it is."""
    async with asyncio.timeout(SOON_S):
        while True:
            status = (await client.get(f"/v1/banks/{bank}/status")).json()
            if status["applied"] == status["given"] >= entries:
                return int(status["given"])
            await asyncio.sleep(0.1)


async def _post(client: Connection, path: str, body: dict[str, Any]) -> Any:
    answer = await client.post(path, body, key=RNG.bytes(12).hex())
    assert answer.status < 300, answer.body
    return answer.json()


async def _used(pid: int, port: int) -> int:
    """With a screen drawn, as always when somebody stands there."""
    async with connected(port) as screen:
        for path in ("/screen", "/kiosk/state"):
            answer = await screen.get(path)
            assert answer.status == 200, answer
    return resident(pid)
