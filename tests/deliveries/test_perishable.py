"""What does not keep: its deadline, its warmth, its log; marked for good, and never released or freed by it."""

import csv
import io
from datetime import timedelta

import pytest

from cranny.core.errors import Refused
from cranny.usecases import deliveries
from cranny.wire.kinds import GoodsSpoiled, TelemetrySummed
from cranny.wire.summed import Summed

SENSORS = [
    {
        "name": "air",
        "kind": "temperature",
        "source": "simulated",
        "address": "A,4",
        "doors": ["A1", "A2"],
        "every_s": 30,
        "low": None,
        "high": None,
    }
]


def milk(hours=24, tracking="MILK 1"):
    return [{"tracking": tracking, "width": 300, "height": 60, "depth": 400, "perishable_hours": hours}]


@pytest.fixture
async def cold(yard):
    """Door A1 and A2 of the first bank are chilled, with a thermometer."""
    async with yard.db.transaction(yard.tenant) as tx:
        await tx.run("UPDATE banks SET sensors = $2 WHERE id = $1", yard.box.bank, SENSORS)
        await tx.run(
            "UPDATE compartments SET features = '{chilled}' WHERE bank = $1 AND label IN ('A1', 'A2')", yard.box.bank
        )
    return yard


async def stored(yard, **more):
    more = {"requirements": {"features": ["chilled"]}} | more
    shown = await yard.announce("MILK 1", **more)
    generation = yard.box.deposit(shown.id, grant=shown.grants.collect)
    await yard.box.sync()
    await yard.work()
    return shown.id, generation


def spoil(yard, generation, *ids):
    yard.box.write(GoodsSpoiled("A1", generation, list(ids), "air", 3700, 1420))


async def test_a_perishable_thing_has_to_be_collected_before_it_perishes(cold):
    id_, _ = await stored(cold, items=milk(24), collect_within_hours=72)
    shown = await cold.get(id_)
    assert shown.perishable_hours == 24
    assert shown.collect_by - shown.stored_at == timedelta(hours=24)
    with pytest.raises(Refused) as refused:
        async with cold.db.transaction(cold.tenant) as tx:
            await deliveries.extend(tx, id_, 1)
    assert refused.value.code == "delivery-perishable"
    assert (await cold.get(id_)).collect_by == shown.collect_by


async def test_what_keeps_least_counts_and_what_keeps_is_as_before(cold):
    shorter = [*milk(24), *milk(6, "FISH 1")]
    id_, _ = await stored(cold, items=shorter)
    assert (await cold.get(id_)).perishable_hours == 6
    plain = await cold.announce("BOOK 1")
    assert (plain.perishable_hours, plain.spoiled_at, plain.spoiled_why) == (None, None, "")


async def test_after_its_deadline_it_is_spoiled_once_and_still_lies_where_it_lies(cold):
    id_, generation = await stored(cold, items=milk(24))
    grant = (await cold.get(id_)).grants.collect
    cold.clock.pass_by(hours=25)
    await cold.sweep()
    await cold.sweep()
    shown = await cold.get(id_)
    assert (shown.state, shown.spoiled_why) == ("overdue", "deadline")
    assert (await cold.told(id_)).count("spoiled") == 1
    assert ("spoiled", f"deliveries/{id_}") in await cold.anomalies()
    assert (await cold.grant(grant)).state == "active"
    assert (shown.door, shown.generation) == ("A1", generation)
    assert await cold.one("SELECT count(*) FROM occupancies WHERE ended IS NULL") == 1
    assert await cold.violations() == []


async def test_a_bank_that_says_it_was_too_warm_is_believed_once(cold):
    id_, generation = await stored(cold)
    spoil(cold, generation, id_)
    spoil(cold, generation, id_)
    await cold.box.sync()
    shown = await cold.get(id_)
    assert (shown.state, shown.spoiled_why) == ("stored", "climate")
    assert shown.spoiled_at is not None
    assert (await cold.told(id_)).count("spoiled") == 1
    cold.clock.pass_by(hours=100)
    await cold.sweep()
    assert (await cold.get(id_)).spoiled_why == "climate"
    notices = await cold.rows("SELECT kind FROM notices ORDER BY id")
    assert [row["kind"] for row in notices].count("spoiled") == 1
    assert await cold.parked() == 0


async def test_one_that_was_collected_before_the_word_came_is_marked_too_and_stays_collected(cold):
    id_, generation = await stored(cold)
    spoil(cold, generation, id_)
    cold.box.empty(id_, grant=(await cold.get(id_)).grants.collect)
    await cold.box.sync()
    shown = await cold.get(id_)
    assert (shown.state, shown.spoiled_why) == ("collected", "climate")
    assert "spoiled" in [kind for kind, _ in await cold.anomalies()]
    assert await cold.violations() == []


async def test_a_stranger_s_goods_are_listed(cold):
    _, generation = await stored(cold)
    nobody = cold.db.ids.new()
    spoil(cold, generation, nobody)
    await cold.box.sync()
    assert ("unknown_delivery", f"deliveries/{nobody}") in await cold.anomalies()
    assert await cold.parked() == 0


async def test_the_log_of_a_delivery_has_its_points_its_gaps_and_its_limits(cold):
    id_, _ = await stored(cold)

    def window(*points, low, high):
        air = Summed("air", "temperature", 30, low, (low + high) // 2, high, list(points))
        cold.box.write(TelemetrySummed(0, 900_000, [air]))

    cold.clock.pass_by(minutes=15)
    window(0, 410, 300, 520, low=400, high=530)
    cold.clock.pass_by(minutes=60)
    window(0, 980, 600, 760, low=760, high=980)
    await cold.box.sync()
    cold.box.empty(id_, grant=(await cold.get(id_)).grants.collect)
    await cold.box.sync()
    cold.clock.pass_by(hours=3)
    async with cold.client() as client:
        answer = await client.get(f"/v1/deliveries/{id_}/temperature")
        table = await client.get(f"/v1/deliveries/{id_}/temperature?format=csv")
    assert answer.status_code == 200, answer.text
    shown = answer.json()
    (log,) = shown["logs"]
    assert (shown["unit"], shown["door"], log["sensor"]) == ("°C", "A1", "air")
    assert (log["low_limit"], log["high_limit"], log["lowest"], log["highest"]) == (0.0, 8.0, 4.1, 9.8)
    assert log["beyond_s"] == 600
    (gap,) = log["gaps"]
    assert gap["since"] < gap["until"]
    assert table.headers["content-type"].startswith("text/csv")
    assert "attachment" in table.headers["content-disposition"]
    head, *lines = list(csv.reader(io.StringIO(table.text)))
    assert head == ["time", "sensor", "temperature_c", "low_limit_c", "high_limit_c", "remark"]
    assert [line[2] for line in lines] == ["4.10", "5.20", "", "9.80", "7.60"]
    assert lines[2][5].startswith("gap until ")


async def test_what_was_never_stored_has_no_log(cold):
    shown = await cold.announce("BOOK 1")
    async with cold.client() as client:
        answer = await client.get(f"/v1/deliveries/{shown.id}/temperature")
        missing = await client.get(f"/v1/deliveries/{cold.db.ids.new()}/temperature")
    assert (answer.status_code, answer.json()["code"]) == (409, "delivery-not-stored")
    assert (missing.status_code, missing.json()["code"]) == (404, "delivery-not-found")
