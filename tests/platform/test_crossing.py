"""A reference over the wall between tenants is found, in whatever column, and what the wall holds is not looked for."""

import asyncpg
import pytest

from cranny.platform import crossing, tenants
from cranny.platform.db import Database
from cranny.platform.engines import PostgresAddress
from cranny.wiring.audit import audit
from tests.people.world import World, build
from tests.platform.conftest import parts

pytestmark = pytest.mark.engines


@pytest.fixture
async def world(wide: Database) -> World:
    return await build(wide, parts(wide).keyring)


async def test_two_tenants_that_keep_to_themselves(wide: Database, world: World) -> None:
    assert await crossing.crossings(wide) == []
    columns = await crossing.look(wide)
    held = {f"{one.home}.{one.name}" for one in columns if one.held}
    loose = {f"{one.home}.{one.name}" for one in columns if not one.held and one.name != "id"}
    assert {"memberships.person", "banks.site", "compartments.bank"} <= held
    assert {"grants.bank", "deliveries.collect_grant", "occupancies.deliveries", "directory.ref"} <= loose


@pytest.mark.parametrize(
    ("column", "what"),
    [
        ("grants.bank", "bank"),
        ("deliveries.collect_grant", "grant"),
        ("deliveries.recipient", "person"),
        ("sessions.holder", "person"),
        ("reservations.delivery", "delivery"),
        ("directory.ref", "person"),
        ("occupancies.deliveries", "delivery"),
    ],
)
async def test_a_reference_over_the_wall_is_found(
    wide: Database, world: World, database: PostgresAddress, column: str, what: str
) -> None:
    """Planted past the server, by whoever owns the database."""
    assert database.admin_dsn is not None
    home, _, name = column.partition(".")
    foreign, mine = world.stranger[what], world.tenant
    superuser = await asyncpg.connect(database.admin_dsn)
    if column == "occupancies.deliveries":
        await superuser.execute(
            "INSERT INTO occupancies (tenant, bank, label, generation, previous, started, deliveries) "
            "SELECT tenant, bank, label, 1, 0, now(), ARRAY[$2::uuid] FROM compartments WHERE tenant = $1 LIMIT 1",
            mine,
            world.stranger[what],
        )
    sql = f"UPDATE {home} SET {name} = $1 WHERE ctid = (SELECT ctid FROM {home} WHERE tenant = $2 LIMIT 1)"  # noqa: S608
    if column != "occupancies.deliveries":
        assert await superuser.execute(sql, foreign, mine) == "UPDATE 1"
    await superuser.close()
    found = [one for one in await audit(wide) if one.invariant == "I10"]
    assert [one.subject for one in found] == [f"{column}/{foreign}"]
    assert str(mine) in found[0].detail


async def test_an_id_that_is_nobodys_is_no_crossing(wide: Database, world: World, database: PostgresAddress) -> None:
    assert database.admin_dsn is not None
    superuser = await asyncpg.connect(database.admin_dsn)
    await superuser.execute("UPDATE deliveries SET recipient = gen_random_uuid()")
    await superuser.close()
    assert await crossing.crossings(wide) == []
    assert len(await tenants.every(wide)) == 3  # the canary's is one
