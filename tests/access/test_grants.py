"""Grants against a real database: locators, secrets, verifiers, and what banks report."""

import asyncio
from uuid import UUID

import asyncpg
import pytest

from cranny import access, sites
from cranny.core.errors import NotFound, Refused
from cranny.platform import tenants
from cranny.wire import codes
from cranny.wire.kdf import CheapKdf
from cranny.wire.messages import GrantGiven, GrantRevoked

pytestmark = pytest.mark.engines


async def revealed(yard, grant: UUID) -> access.Revealed:
    async with yard.db.transaction(yard.tenant) as tx:
        return await access.reveal(tx, yard.keyring, grant, who="keys/1", why="test")


async def test_a_grant_from_its_issue_to_its_use(yard) -> None:
    grant = await yard.issue()
    assert (grant.state, grant.locator in codes.SERVER_LOCATORS) == ("unbound", True)

    assert await yard.work() == 1
    (given,) = await yard.given()
    assert isinstance(given, GrantGiven)
    assert (given.grant, given.locator, given.door) == (grant.id, grant.locator, "")
    assert (await yard.grant(grant.id)).state == "ready"

    await yard.reports("deposit.stored", deliveries=[], grant=str(grant.id))
    bound = await yard.grant(grant.id)
    assert (bound.state, bound.door, bound.generation) == ("active", "A1", 1)

    await yard.reports("collect.finished", grant=str(grant.id), purpose="collect", deliveries=[])
    used = await yard.grant(grant.id)
    assert (used.state, used.ended) == ("used", yard.clock.now())
    assert await yard.told(f"grants/{grant.id}") == ["grant.activated", "grant.used"]
    assert await yard.audit() == []


async def test_what_goes_down_fits_the_code_that_is_revealed(yard) -> None:
    grant = await yard.issue()
    await yard.work()
    (given,) = await yard.given()
    shown = await revealed(yard, grant.id)
    code, qr = codes.parse_code(shown.code), codes.parse_qr(shown.qr)
    pepper = yard.keyring.pepper(yard.bank)
    material = codes.code_material(pepper, yard.tenant, yard.bank, code)
    assert given.code_verifier == await CheapKdf().derive(material, given.salt)
    assert given.qr_verifier == codes.qr_verifier(pepper, yard.tenant, yard.bank, qr)
    assert code.locator == qr.locator == grant.locator


async def test_bound_before_it_is_verified_and_then_told_active_with_its_door(yard) -> None:
    grant = await yard.issue()
    await yard.reports("deposit.stored", deliveries=[], grant=str(grant.id), door="B2", generation=7)
    assert (await yard.grant(grant.id)).state == "bound"
    await yard.work()
    (given,) = await yard.given()
    assert (given.door, given.generation) == ("B2", 7)
    assert (await yard.grant(grant.id)).state == "active"


async def test_a_grant_that_ended_before_its_job_sends_nothing_down(yard) -> None:
    grant = await yard.issue()
    await yard.revoke(grant.id)
    assert await yard.work() == 1
    assert [type(given) for given in await yard.given()] == [GrantRevoked]


async def test_the_code_is_gone_from_the_database_once_the_grant_ends(yard) -> None:
    grant = await yard.issue()
    assert await yard.one("SELECT count(*) FROM grant_secrets") == 1
    await revealed(yard, grant.id)
    await yard.revoke(grant.id)
    assert await yard.one("SELECT count(*) FROM grant_secrets") == 0
    with pytest.raises(Refused) as refused:
        await revealed(yard, grant.id)
    assert refused.value.code == "grant-ended"


async def test_each_look_at_a_code_is_in_the_log_and_the_code_is_not(yard) -> None:
    grant = await yard.issue()
    shown = await revealed(yard, grant.id)
    assert await yard.told(f"grants/{grant.id}") == ["grant.revealed"]
    log = await yard.one("SELECT string_agg(data::text, ' ') FROM events")
    assert '"who": "keys/1"' in log
    for secret in (shown.code, shown.code.replace(" ", ""), shown.code[4:], shown.qr):
        assert secret not in log


async def test_deposit_grants_have_no_code_to_reveal(yard) -> None:
    grant = await yard.issue("deposit")
    assert grant.locator is None
    assert await yard.work() == 0
    with pytest.raises(Refused, match="tracking number"):
        await revealed(yard, grant.id)
    with pytest.raises(NotFound):
        await revealed(yard, yard.db.ids.new())


async def test_never_used_locators_come_first_and_then_the_longest_rested(yard) -> None:
    first = [await yard.issue() for _ in range(5)]
    assert len({grant.locator for grant in first}) == 5
    assert [grant.locator for grant in first] != sorted(grant.locator for grant in first)
    for grant in first:
        yard.clock.pass_by(minutes=1)
        await yard.revoke(grant.id)
    rest = [await yard.issue() for _ in range(895)]
    assert not {grant.locator for grant in first} & {grant.locator for grant in rest}
    again = [await yard.issue() for _ in range(5)]
    assert [grant.locator for grant in again] == [grant.locator for grant in first]

    with pytest.raises(Refused) as refused:
        await yard.issue()
    assert (refused.value.code, refused.value.retry) == ("locators-exhausted", True)
    await yard.revoke(rest[3].id)
    assert (await yard.issue()).locator == rest[3].locator
    assert await yard.audit() == []


async def test_many_at_once_get_different_locators(yard) -> None:
    grants = await asyncio.gather(*(yard.issue() for _ in range(40)))
    assert len({grant.locator for grant in grants}) == 40


async def test_the_database_itself_refuses_two_living_grants_with_one_locator(yard) -> None:
    one, other = await yard.issue(), await yard.issue()
    with pytest.raises(asyncpg.UniqueViolationError, match="grants_live_locator"):
        async with yard.db.transaction(yard.tenant) as tx:
            await tx.run("UPDATE grants SET locator = $1 WHERE id = $2", one.locator, other.id)


async def test_a_second_delivery_in_the_same_door_is_stood_for_by_the_first_grant(yard) -> None:
    one, other = await yard.issue(), await yard.issue()
    await yard.work()
    await yard.reports("deposit.stored", deliveries=[], grant=str(one.id))
    await yard.reports("deposit.stored", deliveries=[], grant=str(one.id), superseded=[str(other.id)])
    assert (await yard.grant(one.id)).state == "active"
    assert (await yard.grant(other.id)).state == "superseded"
    assert await yard.told(f"grants/{one.id}") == ["grant.activated"]
    assert await yard.audit() == []


async def test_deposit_grants_are_used_by_the_deposit_of_their_delivery(yard) -> None:
    grant = await yard.issue("deposit")
    delivery = grant.subject.removeprefix("deliveries/")
    await yard.reports("deposit.stored", deliveries=[delivery], grant=None)
    assert (await yard.grant(grant.id)).state == "used"


async def test_ten_wrong_tries_switch_the_code_off_and_leave_the_qr(yard) -> None:
    grant = await yard.issue()
    await yard.work()
    await yard.reports("deposit.stored", deliveries=[], grant=str(grant.id))
    await yard.reports("code.exhausted", grant=str(grant.id), tries=10)
    await yard.reports("code.exhausted", grant=str(grant.id), tries=10)
    assert await yard.told(f"grants/{grant.id}") == ["grant.activated", "grant.code_off"]
    shown = await revealed(yard, grant.id)
    assert (shown.code, shown.qr[0]) == (None, "C")


async def test_whatever_could_open_an_emptied_door_ends(yard) -> None:
    recall = await yard.issue("recall", door="A1", generation=1)
    elsewhere = await yard.issue("collect", door="A1", generation=2)
    await yard.reports("collect.finished", grant=None, purpose="inspect", deliveries=[])
    assert (await yard.grant(recall.id)).state == "revoked"
    assert (await yard.grant(elsewhere.id)).state == "bound"


async def test_a_use_after_the_end_is_told_as_exposure(yard) -> None:
    grant = await yard.issue()
    await yard.work()
    await yard.revoke(grant.id)
    await yard.reports("collect.finished", grant=str(grant.id), purpose="collect", deliveries=[])
    assert await yard.told(f"grants/{grant.id}") == ["grant.revoked", "grant.used_after_end"]
    assert (await yard.grant(grant.id)).state == "revoked"


async def test_a_bank_can_speak_of_its_own_grants_only(yard) -> None:
    grant = await yard.issue()
    async with yard.db.transaction(yard.tenant) as tx:
        other = (await sites.add_bank(tx, sites.shipped_bank("corner-20"))).id
    await yard.reports("deposit.stored", bank=other, deliveries=[], grant=str(grant.id))
    await yard.reports("collect.finished", bank=other, deliveries=[], grant=str(grant.id), purpose="collect")
    await yard.reports("code.exhausted", bank=other, grant=str(grant.id), tries=10)
    left = await yard.grant(grant.id)
    assert (left.state, left.door, left.code_off) == ("unbound", None, False)
    assert await yard.anomalies() == [("unknown_grant", f"grants/{grant.id}")]


async def test_another_tenant_sees_none_of_it(yard) -> None:
    grant = await yard.issue()
    async with yard.db.transaction() as tx:
        other, _ = await tenants.add_tenant(tx, "Stranger")
    async with yard.db.transaction(other.tenant) as tx:
        assert await access.get(tx, [grant.id]) == []
        with pytest.raises(NotFound):
            await access.reveal(tx, yard.keyring, grant.id, who="x", why="x")
        with pytest.raises(NotFound):
            await access.revoke(tx, [grant.id], reason="x")
