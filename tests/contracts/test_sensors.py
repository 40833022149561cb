"""What every sensor source must do, whatever it reads. A new file in `edge/sensors` is tested here by being there."""

import asyncio
import math
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from cranny.core.clock import SystemClock
from cranny.core.errors import Invalid, NotFound
from cranny.core.rng import SeededRng
from cranny.edge import sensors
from cranny.edge.drivers.simulated import SimulatedBoard
from cranny.edge.sensors import Around, Bench, SensorFault, SensorSilent, hundredths
from cranny.wire.messages import ChannelGiven
from cranny.wire.sensors import MEASURES, PLAUSIBLE, SOURCES, check_address

PATIENCE_S = 3.0


@pytest.fixture
def around(tmp_path: Path) -> Around:
    board = SimulatedBoard(rng=SeededRng(1))
    return Around(SystemClock(), board, climate=tmp_path / "climate.json", sysfs=tmp_path / "sys")


@pytest.fixture(params=sensors.names())
async def bench(request: pytest.FixtureRequest, around: Around) -> AsyncIterator[Bench]:
    async with sensors.load(request.param).bench(around) as found:
        yield found
        await found.source.close()


@dataclass
class Felt:
    """What the bank makes of one reading, as `sensing.sampler` asks."""

    bench: Bench

    async def read(self, within: float = PATIENCE_S) -> int | str:
        try:
            async with asyncio.timeout(within):
                return hundredths(self.bench.measure, await self.bench.source.read())
        except (SensorSilent, SensorFault) as error:
            return error.code
        except TimeoutError:
            return "slow"


@pytest.fixture
def felt(bench: Bench) -> Felt:
    return Felt(bench)


def shown(bench: Bench) -> list[float]:
    return [0.0, 1.0] if PLAUSIBLE[bench.measure] == (0, 1) else [4.0, -19.5, 0.0, 36.6]


async def test_what_is_measured_is_read(bench: Bench, felt: Felt) -> None:
    for value in shown(bench):
        bench.hands.show(value)
        assert await felt.read() == round(value * 100)


async def test_silence_is_said_to_be_silence_and_ends(bench: Bench, felt: Felt) -> None:
    bench.hands.show(1.0)
    assert await felt.read() == 100
    bench.hands.silence()
    assert await felt.read() in {"sensor-silent", "slow"}


async def test_nonsense_never_becomes_a_value(bench: Bench, felt: Felt) -> None:
    bench.hands.show(1.0)
    bench.hands.babble()
    assert await felt.read() in {"sensor-silent", "sensor-fault"}


async def test_who_is_slow_is_given_up_and_read_again_without_a_mix_up(bench: Bench, felt: Felt) -> None:
    bench.hands.show(1.0)
    assert await felt.read() == 100
    bench.hands.lag(0.5)
    assert await felt.read(within=0.05) in {"slow", "sensor-silent"}
    bench.hands.lag(0.0)
    bench.hands.show(0.0)
    for _ in range(20):
        if (found := await felt.read()) == 0:
            return
        assert found in {"sensor-silent", "slow"}, "an answer to an earlier question was taken for this one"
        await asyncio.sleep(0.1)
    pytest.fail("it never came back")


async def test_what_is_closed_can_be_opened_again(bench: Bench) -> None:
    bench.hands.show(1.0)
    await bench.source.close()
    again = bench.open()
    assert await again.read() == 1.0
    await again.close()


def test_another_unit_a_broken_wire_and_no_number_are_faults() -> None:
    for measure in MEASURES:
        low, high = PLAUSIBLE[measure]
        assert hundredths(measure, low) == low * 100
        assert hundredths(measure, high) == high * 100
        for wrong in (low - 0.01, high + 0.01, high * 10 + 10, math.nan, math.inf, -math.inf, -3276.8):
            with pytest.raises(SensorFault):
                hundredths(measure, wrong)


def test_the_folder_is_what_a_bank_file_may_name() -> None:
    assert tuple(sensors.names()) == SOURCES
    with pytest.raises(NotFound, match="no sensor source 'crystal-ball'"):
        sensors.load("crystal-ball")


@pytest.mark.parametrize(
    ("source", "address"),
    [
        ("modbus", "tcp://10.0.0.5"),
        ("modbus", "tcp://10.0.0.5:99999?unit=1&register=1"),
        ("modbus", "udp://10.0.0.5?unit=1&register=1"),
        ("modbus", "tcp://10.0.0.5?unit=0&register=1"),
        ("modbus", "tcp://10.0.0.5?unit=1&register=70000"),
        ("modbus", "tcp://10.0.0.5?unit=1&register=1&factor=3"),
        ("modbus", "tcp://10.0.0.5?unit=1&register=1&colour=red"),
        ("modbus", "rtu:///etc/passwd?unit=1&register=1"),
        ("modbus", "rtu:///dev/ttyUSB0?unit=1&register=1&baud=12345"),
        ("sysfs", "/etc/passwd"),
        ("sysfs", "/sys/../etc/passwd"),
        ("sysfs", "/sys/kernel/notes"),
        ("board", "4"),
        ("board", "4/16,upside-down"),
        ("simulated", "../E"),
        ("simulated", ""),
    ],
)
def test_an_address_that_means_nothing_is_refused_where_it_is_opened(source: str, address: str, around: Around) -> None:
    with pytest.raises(Invalid) as refused:
        sensors.load(source).open_source(ChannelGiven("x", "temperature", source, address), around)
    assert refused.value.code == "sensor-address-invalid"


def test_what_a_bank_file_accepts_can_be_opened(around: Around) -> None:
    for source, measure, address in (
        ("modbus", "temperature", "tcp://10.0.0.5:502?unit=1&register=1&factor=10"),
        ("modbus", "humidity", "rtu:///dev/ttyUSB1?baud=9600&unit=2&register=2&signed=0&parity=E&table=holding"),
        ("sysfs", "temperature", "/sys/bus/w1/devices/28-0316a2796aff/w1_slave"),
        ("sysfs", "battery", "/sys/class/power_supply/BAT0/capacity"),
        ("board", "tamper", "4/16,inverted"),
        ("simulated", "temperature", "E,-20"),
    ):
        check_address(source, address)
        sensors.load(source).open_source(ChannelGiven("x", measure, source, address), around)  # type: ignore[arg-type]


async def test_one_wire_thermometers_are_not_believed_blindly(around: Around) -> None:
    device = around.sysfs / "bus/w1/devices/28-0316a2796aff/w1_slave"
    device.parent.mkdir(parents=True)
    channel = ChannelGiven("x", "temperature", "sysfs", "/sys/bus/w1/devices/28-0316a2796aff/w1_slave")
    source = sensors.load("sysfs").open_source(channel, around)
    device.write_text("a3 01 4b 46 7f ff 0d 10 ce : crc=ce YES\na3 01 4b 46 7f ff 0d 10 ce t=-5187\n")
    assert await source.read() == -5.187
    device.write_text("a3 01 4b 46 7f ff 0d 10 ce : crc=ce NO\na3 01 4b 46 7f ff 0d 10 ce t=26187\n")
    with pytest.raises(SensorFault, match="checksum"):
        await source.read()
    device.write_text("50 05 4b 46 7f ff 0c 10 1c : crc=1c YES\n50 05 4b 46 7f ff 0c 10 1c t=85000\n")
    with pytest.raises(SensorFault, match="not measured"):
        await source.read()


async def test_a_file_that_leads_out_of_sysfs_is_not_read(around: Around, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("21000")
    link = around.sysfs / "class/hwmon/hwmon0/temp1_input"
    link.parent.mkdir(parents=True)
    link.symlink_to(secret)
    channel = ChannelGiven("x", "temperature", "sysfs", "/sys/class/hwmon/hwmon0/temp1_input")
    with pytest.raises(SensorFault, match="leads out"):
        await sensors.load("sysfs").open_source(channel, around).read()


async def test_two_transmitters_share_one_line_and_take_turns(around: Around) -> None:
    async with sensors.load("modbus").bench(around) as bench:
        bench.hands.show(21.5)
        other = bench.open()
        assert await asyncio.gather(*(source.read() for source in (bench.source, other) * 5)) == [21.5] * 10
        assert len(around.lines) == 1
        await other.close()
        assert await bench.source.read() == 21.5
        await bench.source.close()
        assert not around.lines
