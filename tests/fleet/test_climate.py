"""What sensors say, on the server: alarms with a life, doors that are not promised, and lines with their gaps."""

from datetime import timedelta
from uuid import UUID, uuid5

import pytest

from cranny import fleet, sites
from cranny.core.errors import Refused
from cranny.fleet.climate import keeping
from cranny.fleet.presence import note_beats
from cranny.wire.kinds import (
    BankStarted,
    DoorCleared,
    DoorForced,
    DoorShut,
    DoorUnsecured,
    SensorAlarmed,
    SensorRecovered,
    TelemetrySummed,
)
from cranny.wire.messages import Beat
from cranny.wire.summed import Summed

COLD = [f"E0{n}" for n in range(1, 8)]
ONE, TWO = UUID(int=101), UUID(int=102)


def alarmed(id_=ONE, trouble="too_warm", doors=COLD, **more):
    fields = {"channel": "E air", "measure": "temperature", "value": 910, "limit": 800, "for_s": 600} | more
    return SensorAlarmed(alarm=id_, trouble=trouble, doors=list(doors), **fields)


def recovered(id_=ONE, trouble="too_warm", **more):
    fields = {"channel": "E air", "measure": "temperature", "worst": 1430, "for_s": 3600, "doors": COLD} | more
    return SensorRecovered(alarm=id_, trouble=trouble, **fields)


def window(*points, low=350, mean=400, high=450, count=30, age_ms=0, span_ms=900_000, **more):
    one = Summed("E air", "temperature", count, low, mean, high, list(points or (0, 400)))
    return TelemetrySummed(age_ms=age_ms, span_ms=span_ms, channels=[one], **more)


async def test_the_layout_that_goes_down_has_the_sensors_and_the_policy_its_limits(station):
    async with station.db.transaction(station.tenant) as tx:
        layout, policy = await sites.as_layout(tx, station.box.bank), await sites.as_policy(tx, station.box.bank)
    fridge = layout.sensors[0]
    assert (fridge.name, fridge.measure, fridge.source, fridge.address) == ("E air", "temperature", "simulated", "E,4")
    assert fridge.doors == COLD
    assert (policy.chilled_from, policy.chilled_to, policy.frozen_to) == (0, 800, -1800)


async def test_an_alarm_is_a_row_an_event_and_a_reason_not_to_promise(station):
    await station.say(BankStarted("1", 2), alarmed())
    (alarm,) = await station.alarms(live=True)
    assert (alarm["kind"], alarm["state"], alarm["value"], alarm["limit"]) == ("too_warm", "raised", 9.1, 8.0)
    (event,) = await station.events("alarm.raised")
    assert event.subject == f"alarms/{ONE}"
    assert event.data["bank"] == str(station.box.bank)
    assert await station.unfit() == dict.fromkeys(COLD, "too_warm")
    counts = (await station.get(f"/v1/banks/{station.box.bank}/capacity"))["doors"]
    chilled = [count for count in counts if "chilled" in count["features"]]
    assert sum(count["free"] for count in chilled) == 0
    assert sum(count["unfit"] for count in chilled) == 7
    assert sum(count["blocked"] for count in chilled) == 0
    until = station.db.clock.now() + timedelta(hours=4)
    with pytest.raises(Refused, match="7 would do and have not the right temperature now") as refused:
        async with station.db.transaction(station.tenant) as tx:
            await sites.promise(tx, station.box.bank, "S", features=["chilled"], until=until)
    assert refused.value.extra["unfit"] == 7
    await station.say(recovered())
    assert await station.unfit() == {}
    (alarm,) = await station.alarms()
    assert (alarm["state"], alarm["worst"], alarm["cause"]) == ("ended", 14.3, "back")
    (event,) = await station.events("alarm.ended")
    assert (event.data["from"], event.data["worst"]) == ("raised", 1430)
    async with station.db.transaction(station.tenant) as tx:
        await sites.promise(tx, station.box.bank, "S", features=["chilled"], until=until)


async def test_two_alarms_about_one_door_must_both_be_over(station):
    await station.say(alarmed(), alarmed(TWO, "too_humid", ["E01", "E02"], channel="E humidity", measure="humidity"))
    await station.say(recovered())
    assert await station.unfit() == {"E01": "too_humid", "E02": "too_humid"}
    await station.say(recovered(TWO, "too_humid", channel="E humidity", measure="humidity", doors=["E01", "E02"]))
    assert await station.unfit() == {}


async def test_somebody_sees_it_once_and_the_first_word_stays(station):
    await station.say(alarmed())
    path = f"/v1/alarms/{ONE}/acknowledge"

    async def see(note, deed):
        answer = await station.client.post(
            path, json={"note": note}, headers={"Idempotency-Key": str(uuid5(ONE, deed))}
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    first = await see("on my way", "1")
    assert (first["state"], first["note"]) == ("acknowledged", "on my way")
    assert first["acknowledged_by"].startswith("keys/")
    assert (await see("me too", "2"))["note"] == "on my way"
    await station.say(recovered())
    assert (await see("late", "3"))["note"] == "on my way"
    alarm = await station.get(f"/v1/alarms/{ONE}")
    assert (alarm["state"], alarm["note"]) == ("ended", "on my way")
    assert [event.data.get("from") for event in await station.events("alarm.acknowledged", "alarm.ended")] == [
        "raised",
        "acknowledged",
    ]


async def test_one_that_was_over_before_anybody_looked_keeps_who_looked(station):
    await station.say(alarmed(), recovered())
    answer = await station.client.post(
        f"/v1/alarms/{ONE}/acknowledge", json={"note": "seen"}, headers={"Idempotency-Key": str(TWO)}
    )
    assert (answer.json()["state"], answer.json()["note"]) == ("ended", "seen")
    assert len(await station.events("alarm.acknowledged")) == 1
    missing = await station.client.post(f"/v1/alarms/{TWO}/acknowledge", json={}, headers={"Idempotency-Key": str(ONE)})
    assert (missing.status_code, missing.json()["code"]) == (404, "alarm-not-found")


async def test_told_twice_out_of_order_or_without_its_beginning_it_comes_to_the_same(station):
    await station.say(alarmed(), alarmed(), recovered(), recovered(), alarmed())
    assert len(await station.events("alarm.raised")) == 1
    assert len(await station.events("alarm.ended")) == 1
    await station.say(recovered(TWO))
    both = {alarm["id"]: alarm for alarm in await station.alarms()}
    assert {alarm["state"] for alarm in both.values()} == {"ended"}
    assert both[str(TWO)]["raised"] < both[str(TWO)]["ended"]
    assert await station.unfit() == {}


async def test_a_new_box_ends_what_the_old_one_left(station):
    await station.say(BankStarted("1", 2), alarmed())
    await station.new_box()
    await station.say(BankStarted("1", 2))
    (alarm,) = await station.alarms()
    assert (alarm["state"], alarm["cause"]) == ("ended", "replaced")
    assert await station.unfit() == {}


async def test_doors_have_alarms_of_their_own(station):
    await station.say(DoorUnsecured(None, "A01"), DoorUnsecured(None, "A01"), DoorForced("A02"))
    assert {(alarm["kind"], alarm["channel"]) for alarm in await station.alarms(live=True)} == {
        ("door_left_open", "A01"),
        ("door_forced", "A02"),
    }
    assert await station.unfit() == {}
    await station.say(DoorShut(None, "A01", 0), DoorShut(None, "A02", 0))
    assert [alarm["kind"] for alarm in await station.alarms(live=True)] == ["door_forced"]
    await station.say(DoorCleared(None, "A02"))
    assert await station.alarms(live=True) == []


async def test_measurements_come_back_as_lines_with_their_gaps_and_make_no_events(station):
    await station.say(
        BankStarted("1", 2),
        window(0, 400, 300, 440, low=390, mean=420, high=460),
        window(0, 410, 400, None, 700, 380, low=360, mean=400, high=430),
        window(0, 390, low=380, mean=390, high=400),
        at=[4000, 3600, 2700, 0],
    )
    shown = await station.get(f"/v1/banks/{station.box.bank}/telemetry", channel="E air")
    (line,) = shown["channels"]
    assert (line["kind"], line["unit"], line["doors"]) == ("temperature", "°C", COLD)
    assert [(point["low"], point["mean"], point["high"]) for point in line["points"]] == [
        (3.9, 4.2, 4.6),
        (3.6, 4.0, 4.3),
        (3.8, 3.9, 4.0),
    ]
    lengths = [seconds(gap) for gap in line["gaps"]]
    assert len(lengths) == 3
    assert lengths[1:] == [300, 1800]
    points = await station.get(f"/v1/banks/{station.box.bank}/telemetry", channel="E air", resolution="points")
    assert [point["mean"] for point in points["channels"][0]["points"]] == [4.0, 4.4, 4.1, 3.8, 3.9]
    hours = await station.get(f"/v1/banks/{station.box.bank}/telemetry", resolution="1h")
    assert {one["name"] for one in hours["channels"]} == {"E air", "E humidity", "mains", "lid"}
    assert await station.events("telemetry.summed") == []


def seconds(gap):
    from datetime import datetime

    return round((datetime.fromisoformat(gap["until"]) - datetime.fromisoformat(gap["since"])).total_seconds())


async def test_weeks_offline_come_back_where_they_belong(station):
    days = 20
    bodies = [window(0, 400 + n) for n in range(days)]
    ages = [(days - n) * 86_400 for n in range(days)]
    await station.say(*bodies, at=ages)
    since = station.db.clock.now() - timedelta(days=30)
    shown = await station.get(
        f"/v1/banks/{station.box.bank}/telemetry", since=since.isoformat(), resolution="1d", channel="E air"
    )
    assert len(shown["channels"][0]["points"]) == days


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"channel": "moon"}, "channel-unknown"),
        ({"since": "2026-01-01T00:00:00Z", "until": "2025-01-01T00:00:00Z"}, "window-invalid"),
        ({"since": "2020-01-01T00:00:00Z"}, "window-invalid"),
        ({"since": "2026-01-01T00:00:00"}, "window-invalid"),
    ],
)
async def test_what_can_t_be_asked_is_said_to_be_so(station, query, code):
    answer = await station.client.get(f"/v1/banks/{station.box.bank}/telemetry", params=query)
    assert (answer.status_code, answer.json()["code"]) == (400, code)


async def test_another_tenant_sees_none_of_it(station, db):
    from cranny.platform.tenants import add_tenant

    await station.say(alarmed(), window())
    async with db.transaction() as tx:
        _, secret = await add_tenant(tx, "Elsewhere")
    strange = {"Authorization": f"Bearer {secret}"}
    assert (await station.client.get("/v1/alarms", headers=strange)).json()["items"] == []
    assert (await station.client.get(f"/v1/alarms/{ONE}", headers=strange)).status_code == 404
    bank = f"/v1/banks/{station.box.bank}/telemetry"
    assert (await station.client.get(bank, headers=strange)).status_code == 404


async def test_what_is_shown_now_comes_with_the_heartbeat(station):
    beat = Beat(UUID(int=3), 1, 0, 0, 2, bytes(16), 0, "good", "1", 60, readings={"E air": 437, "lid": None})
    async with station.db.transaction(station.tenant) as tx:
        await note_beats(tx, {station.box.bank: (beat, station.db.clock.now(), station.box.identity)})
    shown = await station.get(f"/v1/banks/{station.box.bank}/telemetry")
    now = {one["name"]: one["now"] for one in shown["channels"]}
    assert (now["E air"], now["lid"], now["mains"]) == (4.37, None, None)


async def test_old_windows_become_one_row_a_day_and_keep_their_extremes(station):
    await station.say(
        window(low=350, mean=400, high=450, count=30),
        window(low=-120, mean=300, high=420, count=10),
        window(low=380, mean=400, high=999, count=20),
        at=[600, 300, 0],
    )
    async with station.db.transaction(station.tenant) as tx:
        await tx.run(
            "UPDATE telemetry SET start = start - interval '500 days', ended = ended - interval '500 days'"
            " WHERE tenant = $1 AND seq < 3",
            station.tenant,
        )
    async with station.db.transaction(station.tenant) as tx:
        before = tx.now() - timedelta(days=400)
        assert await keeping.roll_up(tx, before, 100) == 2
        assert await keeping.roll_up(tx, before, 100) == 0
        days = await tx.all("SELECT * FROM telemetry_days WHERE tenant = $1", station.tenant)
        assert await tx.value("SELECT count(*) FROM telemetry WHERE tenant = $1", station.tenant) == 1
    assert sum(day["count"] for day in days) == 40
    assert min(day["low"] for day in days) == -120
    assert max(day["high"] for day in days) == 450
    assert {day["channel"] for day in days} == {"E air"}
    since = station.db.clock.now() - timedelta(days=600)
    shown = await station.get(
        f"/v1/banks/{station.box.bank}/telemetry", since=since.isoformat(), resolution="1d", channel="E air"
    )
    points = shown["channels"][0]["points"]
    assert sum(point["count"] for point in points) == 60
    assert (min(point["low"] for point in points), max(point["high"] for point in points)) == (-1.2, 9.99)


async def test_nobody_finds_anything_wrong(station):
    await station.say(alarmed(), window(), recovered())
    async with station.db.transaction(station.tenant) as tx:
        assert await fleet.FEATURE.audit(tx) == []
        await tx.run("UPDATE alarms SET ended = NULL WHERE tenant = $1", station.tenant)
        assert [violation.invariant for violation in await fleet.FEATURE.audit(tx)] == ["I11"]
