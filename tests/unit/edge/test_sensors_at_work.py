"""A bank with a chilled tower in virtual time: fridges fail, power goes, the network is away, and nothing is lost."""

from datetime import timedelta

import msgspec
import pytest

from cranny.core.clock import from_millis, millis
from cranny.edge.outcomes import Opened, Refusal
from cranny.edge.sensors.simulated import Unit, degrees, read_climate, write_climate
from cranny.wire import subjects
from cranny.wire.kinds import BankStarted, GoodsSpoiled, SensorAlarmed, SensorRecovered, TelemetrySummed
from cranny.wire.messages import Beat, ChannelGiven
from cranny.wire.messages import unpack as unpack_message
from cranny.wire.signing import verify
from tests.unit.edge.conftest import NOON, layout

MINUTE, HOUR = 60, 3600
COLD = ("19", "20")


def cold_layout():
    plain = layout()
    boxes = [
        msgspec.structs.replace(box, features=["chilled"]) if box.label in COLD else box for box in plain.compartments
    ]
    sensors = [
        ChannelGiven("fridge", "temperature", "simulated", "E,4", list(COLD)),
        ChannelGiven("air", "humidity", "simulated", "air"),
        ChannelGiven("mains", "mains", "simulated", "mains", every_s=10),
        ChannelGiven("lid", "tamper", "board", "4/16", every_s=10),
    ]
    return msgspec.structs.replace(plain, compartments=boxes, sensors=sensors)


@pytest.fixture
def cold_bank(live_bank, tmp_path):
    """`cold_bank(story, **policy)`: the story gets the lab and a way to say what is unusual."""

    def live(story, **policy):
        async def whole(lab):
            lab.layout, lab.climate = cold_layout(), tmp_path / "climate.json"
            lab.board.fit([(4, 16)])

            def unusual(name, **what):
                units = read_climate(lab.climate)
                write_climate(lab.climate, units | {name: Unit(**what)})

            await lab.open(**policy)
            await story(lab, unusual)

        live_bank(whole, opened=False)

    return live


def said(lab, *kinds):
    return [body for body in lab.bodies() if isinstance(body, kinds)]


@pytest.mark.slow
def test_a_fine_day_says_little_and_all_of_it(cold_bank):
    async def story(lab, unusual):
        await lab.settle(4 * HOUR)
        windows = said(lab, TelemetrySummed)
        assert len(windows) == 16
        assert said(lab, SensorAlarmed, SensorRecovered) == []
        fridge = [one for window in windows for one in window.channels if one.channel == "fridge"]
        assert all(29 <= one.count <= 31 for one in fridge)
        assert all(340 <= one.low <= one.mean <= one.high <= 460 for one in fridge)
        assert lab.kinds() == ["telemetry.summed"] * 16

    cold_bank(story)


@pytest.mark.slow
def test_a_fridge_that_fails_is_an_alarm_its_doors_are_not_offered_and_it_is_over_when_it_is_over(cold_bank):
    async def story(lab, unusual):
        milk = await lab.announce("MILK-1", features=("chilled",))
        door = await lab.deposit(milk)
        assert door in COLD
        now = millis(lab.clock.now())
        unusual("E", fails_ms=now, mended_ms=now + 2 * HOUR * 1000)
        await lab.settle(HOUR)
        (alarm,) = said(lab, SensorAlarmed)
        assert (alarm.trouble, alarm.channel, alarm.limit, alarm.doors) == ("too_warm", "fridge", 800, list(COLD))
        assert alarm.for_s >= 600
        butter = await lab.announce("BUTTER-1", features=("chilled",))
        assert await lab.controller.scan("BUTTER-1") == Refusal("too_warm")
        looks = {view.label: view.look for view in lab.controller.state().doors}
        assert {looks[one] for one in COLD} == {"taken", "blocked"}
        book = await lab.announce("BOOK-1")
        assert await lab.deposit(book) not in COLD
        await lab.settle(4 * HOUR)
        (end,) = said(lab, SensorRecovered)
        assert (end.alarm, end.cause) == (alarm.alarm, "back")
        assert end.worst > 1800
        assert await lab.deposit(butter) in COLD

    cold_bank(story)


@pytest.mark.slow
def test_what_lies_in_the_warm_for_too_long_is_told_to_be_spoiled_once_and_still_opens(cold_bank):
    async def story(lab, unusual):
        milk = await lab.announce("MILK-1", features=("chilled",))
        door = await lab.deposit(milk)
        for _ in range(3):
            unusual("E", reads=15.0)
            await lab.settle(25 * MINUTE)
            unusual("E", reads=4.0)
            await lab.settle(25 * MINUTE)
        (spoiled,) = said(lab, GoodsSpoiled)
        assert (spoiled.door, spoiled.deliveries, spoiled.channel, spoiled.worst) == (
            door,
            [milk.delivery],
            "fridge",
            1500,
        )
        assert 3600 <= spoiled.warm_s < 3700
        assert lab.state.spoiled(lab.state.occupancies[door])
        assert isinstance(await lab.controller.type_code(milk.digits), Opened)
        await lab.take(door)
        fresh = await lab.announce("MILK-2", features=("chilled",))
        assert await lab.deposit(fresh) in COLD
        assert not any(lab.state.spoiled(place) for place in lab.state.occupancies.values())

    cold_bank(story, spoils_after_s=HOUR)


@pytest.mark.slow
def test_an_alarm_survives_power_cuts_and_is_told_once_when_the_network_is_back(cold_bank):
    async def story(lab, unusual):
        await lab.settle(MINUTE)
        heard = len(lab.server.facts)
        lab.hub.cut("bank")
        unusual("E", reads=14.0)
        for _ in range(6):
            await lab.settle(8 * MINUTE)
            await lab.restart()
        assert len(said(lab, SensorAlarmed)) == 1
        unusual("E", reads=4.0)
        await lab.settle(20 * MINUTE)
        assert len(said(lab, SensorRecovered)) == 1
        assert len(lab.server.facts) == heard
        lab.hub.mend("bank")
        await lab.settle(5 * MINUTE)
        assert lab.server.facts == lab.stored()

    cold_bank(story)


@pytest.mark.slow
def test_a_power_cut_leaves_a_gap_that_is_seen_as_one(cold_bank):
    async def story(lab, unusual):
        await lab.settle(10 * MINUTE)
        await lab.crash()
        await lab.settle(3 * HOUR)
        await lab.boot()
        await lab.settle(16 * MINUTE)
        cut, after = said(lab, TelemetrySummed)
        assert not cut.doubtful
        assert 9 * MINUTE <= cut.span_ms / 1000 <= 10 * MINUTE
        assert 3 * HOUR <= cut.age_ms / 1000 <= 3 * HOUR + 2 * MINUTE
        assert after.age_ms == 0
        assert 15 * MINUTE <= after.span_ms / 1000 <= 16 * MINUTE
        assert len(said(lab, BankStarted)) == 2

    cold_bank(story)


def test_goods_that_were_warm_after_a_power_cut_were_warm_all_the_while(cold_bank):
    async def story(lab, unusual):
        await lab.deposit(await lab.announce("MILK-1", features=("chilled",)))
        await lab.settle(2 * MINUTE)
        await lab.crash()
        unusual("E", reads=19.0)
        await lab.settle(2 * HOUR)
        await lab.boot()
        await lab.settle(MINUTE)
        (spoiled,) = said(lab, GoodsSpoiled)
        assert spoiled.warm_s >= 2 * HOUR

    cold_bank(story)


def test_doors_whose_temperature_is_not_known_are_not_offered(cold_bank):
    async def story(lab, unusual):
        unusual("E", silent=True)
        await lab.settle(5 * MINUTE)
        (alarm,) = said(lab, SensorAlarmed)
        assert (alarm.trouble, alarm.value) == ("sensor_silent", None)
        await lab.announce("MILK-1", features=("chilled",))
        assert await lab.controller.scan("MILK-1") == Refusal("too_warm")
        await lab.restart()
        assert await lab.controller.scan("MILK-1") == Refusal("too_warm")
        unusual("E")
        await lab.settle(MINUTE)
        assert isinstance(await lab.controller.scan("MILK-1"), Opened)

    cold_bank(story)


def test_mains_and_the_lid_have_alarms_of_their_own(cold_bank):
    async def story(lab, unusual):
        unusual("mains", reads=0)
        lab.board.boxes[(4, 16)].door_open = True
        await lab.settle(2 * MINUTE)
        assert {alarm.trouble for alarm in said(lab, SensorAlarmed)} == {"mains_lost", "tampered"}
        unusual("mains")
        lab.board.boxes[(4, 16)].door_open = False
        await lab.settle(MINUTE)
        assert {alarm.trouble for alarm in said(lab, SensorRecovered)} == {"mains_lost", "tampered"}

    cold_bank(story)


@pytest.mark.slow
def test_a_sensor_that_is_taken_away_takes_its_alarm_with_it(cold_bank):
    async def story(lab, unusual):
        unusual("E", reads=14.0)
        await lab.settle(20 * MINUTE)
        assert len(said(lab, SensorAlarmed)) == 1
        await lab.give(msgspec.structs.replace(lab.layout, sensors=lab.layout.sensors[1:]))
        await lab.settle(MINUTE)
        (end,) = said(lab, SensorRecovered)
        assert end.cause == "removed"

    cold_bank(story)


@pytest.mark.slow
def test_a_full_disk_keeps_the_windows_for_later_and_the_alarms_at_once(cold_bank):
    async def story(lab, unusual):
        await lab.settle(MINUTE)
        lab.disk.full = True
        unusual("E", reads=14.0)
        await lab.settle(HOUR)
        assert len(said(lab, SensorAlarmed)) == 1
        assert said(lab, TelemetrySummed) == []
        lab.disk.full = False
        await lab.settle(MINUTE)
        (window,) = said(lab, TelemetrySummed)
        fridge = window.channels[0]
        assert window.span_ms >= HOUR * 1000
        assert fridge.high == 1400
        assert fridge.count >= 120

    cold_bank(story)


def test_what_is_shown_now_travels_with_the_heartbeat(cold_bank):
    async def story(lab, unusual):
        beats = []

        async def hear(message):
            beats.append(unpack_message(verify(lab.server.bank_key.public_key(), "beat", message.payload), Beat))

        await lab.hub.join("listener").subscribe(subjects.ANY_BEAT, hear)
        unusual("E", reads=6.54)
        await lab.settle(2 * MINUTE)
        assert beats[-1].readings == {"fridge": 654, "air": 4500, "mains": 100, "lid": 0}

    cold_bank(story)


@pytest.mark.prove
def test_a_day_of_eight_chilled_compartments_is_small(cold_bank):
    """The figure in docs/sensors.md: a bank of 60 doors, each chilled compartment with its own sensor."""

    async def story(lab, unusual):
        sensors = [ChannelGiven(f"E{n:02}", "temperature", "simulated", f"E{n},4", list(COLD)) for n in range(1, 9)]
        more = [one for one in cold_layout().sensors if one.measure != "temperature"]
        await lab.give(msgspec.structs.replace(lab.layout, sensors=[*sensors, *more]))
        before = len(lab.stored())
        await lab.settle(24 * HOUR)
        facts = lab.stored()[before:]
        assert 95 <= len(facts) <= 98
        assert sum(map(len, facts)) < 100_000
        print(f"{len(facts)} facts, {sum(map(len, facts))} bytes a day")  # noqa: T201 - the figure

    cold_bank(story)


def test_the_physics_of_a_simulated_fridge():
    at = millis(NOON)
    failed = Unit(fails_ms=at)
    assert abs(degrees(4.0, Unit(), at) - 4.0) <= 0.6
    assert degrees(4.0, failed, at + 8 * HOUR * 1000) > 23
    mended = Unit(fails_ms=at, mended_ms=at + HOUR * 1000)
    assert degrees(4.0, mended, at + HOUR * 1000) > 12
    assert degrees(4.0, mended, at + 5 * HOUR * 1000) < 5
    assert from_millis(at) + timedelta(0) == NOON
