"""A fridge fails while nobody can be told. The bank sees it, keeps the tower from being used, and says it once when it
is heard again; what spoiled stays marked, and the log of a parcel shows the hours in the dark as a gap.

Time runs sixty times as fast for these processes, as it may with simulated cabinets: goods age by it, doors do not.
"""

import csv
import io
import json
import os
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from cranny.core.clock import SystemClock
from cranny.wire.facts import decode

from .house import House, free_port, fresh_key, together
from .kiosk import Answer, Kiosk
from .parcels import announce, announcement, bank_file, deposit, opens
from .patience import eventually

pytestmark = together("fridge")

CLOCK = SystemClock()
PACE = 60
COLD = {"features": ["chilled"]}
SENSOR = {
    "name": "air",
    "kind": "temperature",
    "source": "simulated",
    "address": "F,4",
    "compartments": ["M1", "M2"],
    "every_s": 10,
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def hall(new_data_dir: Callable[[], Path]) -> AsyncIterator[House]:
    """A house of its own, where time runs faster."""
    os.environ["CRANNY_CLOCK"] = f"{PACE}@{CLOCK.now().isoformat()}"
    house = House(new_data_dir(), free_port())
    try:
        await house.up()
        await house.found("Dairy")
        yield house
        await house.down()
    finally:
        del os.environ["CRANNY_CLOCK"]


def facts(kiosk: Kiosk) -> Counter[str]:
    """How many of each kind are on the bank's own disk."""
    with closing(sqlite3.connect(f"file:{kiosk.journal}?mode=ro", uri=True)) as journal:
        return Counter(decode(stored).kind for (stored,) in journal.execute("SELECT stored FROM facts"))


def chilled_bank() -> dict[str, Any]:
    file = bank_file({"M": 4}, climate_alarm_min=3, spoils_after_min=10, collect_hours=1000, hold_hours=1000)
    for door in file["towers"][0]["compartments"][:2]:
        door["features"] = ["chilled"]
    return file | {"sensors": [SENSOR]}


async def told(kiosk: Kiosk, kind: str, many: int = 1) -> None:
    """Wait until the bank's own journal has so many."""

    async def there() -> bool:
        return facts(kiosk)[kind] >= many

    await eventually(there)


async def live(house: House, bank: str, many: int) -> list[Answer]:
    """The alarms that are live, once they are so many."""

    async def found() -> list[Answer] | None:
        items: list[Answer] = (await house.get(f"/v1/alarms?live=true&bank={bank}"))["items"]
        return [{"all": items}] if len(items) == many else None

    (answer,) = await eventually(found)
    alarms: list[Answer] = answer["all"]
    return alarms


@pytest.mark.prove
async def test_a_fridge_fails_while_the_server_is_gone(hall: House) -> None:
    house = hall
    bank, claim = await house.bank(chilled_bank())
    climate = house.home("dairy") / "climate.json"
    async with house.edge("dairy", claim) as kiosk:
        milk = await announce(house, bank, requirements=COLD)
        door = await deposit(kiosk, milk)
        assert door in {"M1", "M2"}
        butter = await announce(house, bank, requirements=COLD)

        async def heard() -> bool:
            status = await house.get(f"/v1/banks/{bank}/status")
            return bool(kiosk.mark()[2] == status["given"])

        await eventually(heard)

        # Nobody can be told: the bank knows, and acts on it.
        await house.processes.pop("up").end()
        climate.write_text(json.dumps({"F": {"reads": 14.25}}))
        await told(kiosk, "sensor.alarmed")
        assert await kiosk.scan(butter.tracking) == {"code": "refused", "reason": "too_warm", "wait_s": 0}
        await told(kiosk, "goods.spoiled")
        assert facts(kiosk)["sensor.alarmed"] == 1

        # It is heard again: told once, and everybody acts on it.
        await house.up()
        (alarm,) = await live(house, bank, 1)
        assert (alarm["kind"], alarm["channel"], alarm["doors"]) == ("too_warm", "air", ["M1", "M2"])
        assert alarm["limit"] == 8.0
        spoiled = await house.happens("delivery.spoiled", milk.subject)
        assert spoiled["data"]["reason"] == "climate"
        shown = await milk.shown()
        assert (shown["state"], shown["door"], shown["spoiled_why"]) == ("stored", door, "climate")
        assert "spoiled" in [kind for kind, _ in await house.anomalies(bank)]
        await nothing_cold_is_promised(house, bank)

        await milk.reveal()  # it still opens, and whoever takes it out is told
        opened = await opens(kiosk, milk.qr)
        assert (opened["door"], opened["spoiled"]) == (door, True)
        await kiosk.act(door, "take", "shut")
        await milk.becomes("collected")

        # It is cold again.
        climate.write_text("{}")
        await live(house, bank, 0)
        raised, ended = await house.events("alarm.raised"), await house.events("alarm.ended")
        assert [one["data"]["kind"] for one in raised] == ["too_warm"]
        assert len(ended) == 1
        assert await deposit(kiosk, butter) in {"M1", "M2"}
    assert await house.check() == ""


async def nothing_cold_is_promised(house: House, bank: str) -> None:
    refused = await house.client.post(
        "/v1/deliveries", json=announcement(bank, requirements=COLD), headers={"Idempotency-Key": fresh_key()}
    )
    assert (refused.status_code, refused.json()["code"], refused.json()["unfit"]) == (409, "no-capacity", 1)
    assert "not the right temperature" in refused.json()["detail"]


@pytest.mark.prove
async def test_a_power_cut_is_a_gap_in_the_log_of_a_parcel(hall: House) -> None:
    house = hall
    bank, claim = await house.bank(chilled_bank())
    async with house.edge("larder", claim) as kiosk:
        cheese = await announce(house, bank, requirements=COLD)
        await deposit(kiosk, cheese)
        await told(kiosk, "telemetry.summed")
        await house.processes["larder"].kill()
    await later(shown_now(), minutes=20)
    async with house.edge("larder") as kiosk:
        before = facts(kiosk)["telemetry.summed"]
        await told(kiosk, "telemetry.summed", before + 1)

        async def gap() -> list[Answer] | None:
            (log,) = (await house.get(f"/v1/deliveries/{cheese.id}/temperature"))["logs"]
            whole = [one for one in log["gaps"] if minutes(one) >= 19]
            return [log] if whole and log["points"][-1]["time"] > whole[-1]["until"] else None

        (log,) = await eventually(gap)
        assert (log["sensor"], log["high_limit"], log["beyond_s"]) == ("air", 8.0, 0)
        assert 3.0 <= log["lowest"] <= log["highest"] <= 5.0
        table = await house.client.get(f"/v1/deliveries/{cheese.id}/temperature?format=csv")
        rows = list(csv.DictReader(io.StringIO(table.text)))
        assert any(row["remark"].startswith("gap until") and not row["temperature_c"] for row in rows)
        assert all(3.0 <= float(row["temperature_c"]) <= 5.0 for row in rows if row["temperature_c"])


def minutes(gap: Answer) -> float:
    until, since = (datetime.fromisoformat(gap[end]) for end in ("until", "since"))
    return (until - since).total_seconds() / 60


def shown_now() -> datetime:
    """What the clock of these processes shows."""
    start = datetime.fromisoformat(os.environ["CRANNY_CLOCK"].partition("@")[2])
    return start + (CLOCK.now() - start) * PACE


async def later(since: datetime, *, minutes: float) -> None:
    """Wait until so much has passed on that clock."""

    async def passed() -> bool:
        return (shown_now() - since).total_seconds() >= minutes * 60

    await eventually(passed)
