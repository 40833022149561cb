"""Whatever a bank says of its weather is taken, kept and shown, and stops nobody else."""

from datetime import timedelta
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cranny import fleet
from cranny.core.clock import millis
from cranny.fleet.climate import keeping
from cranny.wire.kinds import SensorAlarmed, SensorRecovered, TelemetrySummed
from cranny.wire.summed import Summed

ONE, TWO = UUID(int=101), UUID(int=102)
NASTY = st.one_of(
    st.builds(
        TelemetrySummed,
        age_ms=st.sampled_from([0, 1, 10**12, 2**63 - 1]),
        span_ms=st.sampled_from([0, 900_000, 10**12, 2**63 - 1]),
        channels=st.lists(
            st.builds(
                Summed,
                channel=st.sampled_from(["E air", "moon", "'; DROP TABLE alarms --", "\ud7ff"]),
                measure=st.sampled_from(["temperature", "tamper"]),
                count=st.sampled_from([0, 1, 2**63 - 1]),
                low=st.integers(-(10**9), 10**9),
                mean=st.integers(-(10**9), 10**9),
                high=st.integers(-(10**9), 10**9),
                points=st.lists(st.one_of(st.none(), st.integers(-(10**9), 10**9)), max_size=7),
            ),
            max_size=3,
        ),
        doubtful=st.booleans(),
    ),
    st.builds(
        SensorAlarmed,
        alarm=st.sampled_from([ONE, TWO]),
        channel=st.sampled_from(["E air", "moon"]),
        measure=st.just("temperature"),
        trouble=st.sampled_from(["too_warm", "tampered"]),
        value=st.none() | st.integers(-(10**9), 10**9),
        limit=st.none() | st.just(800),
        for_s=st.sampled_from([0, 2**63 - 1]),
        doors=st.lists(st.sampled_from(["E01", "nowhere"]), max_size=3),
    ),
    st.builds(
        SensorRecovered,
        alarm=st.sampled_from([ONE, TWO]),
        channel=st.just("E air"),
        measure=st.just("temperature"),
        trouble=st.just("too_warm"),
        worst=st.none() | st.just(10**9),
        for_s=st.sampled_from([0, 2**63 - 1]),
    ),
)


@given(
    bodies=st.lists(NASTY, min_size=1, max_size=12), year=st.sampled_from([0, -62_135_596_800_000, 253_402_300_799_999])
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_whatever_a_bank_says_of_its_weather_is_taken_kept_and_shown(station, *, bodies, year):
    station.journal = station.journal or station.box.journal()
    for body in bodies:
        station.journal.say(body, wall_ms=year or millis(station.db.clock.now()))
    await station.sync()
    for resolution in ("points", "15m", "1d"):
        await station.get(f"/v1/banks/{station.box.bank}/telemetry", resolution=resolution)
    await station.alarms()
    async with station.db.transaction(station.tenant) as tx:
        await keeping.roll_up(tx, tx.now() - timedelta(days=400), 2000)
        assert await tx.value("SELECT count(*) FROM reaction_parked") == 0
        assert await tx.value("SELECT count(*) FROM anomalies") == 0
        assert await fleet.FEATURE.audit(tx) == []
