"""Badges over the real database: given, taken away, gone with the grant, and never in clear."""

import pytest

from cranny import access, sites
from cranny.core.errors import Invalid, NotFound, Refused
from cranny.wire.codes import badge_verifier
from cranny.wire.messages import BadgeGiven, GrantGiven

UID = "04:A1:B2:C3:D4:E5:80"


async def give(yard, grant, badge=UID) -> None:
    async with yard.db.transaction(yard.tenant) as tx:
        await access.give_badge(tx, yard.keyring, grant, badge, who="keys/1")


def verifier(yard, badge=UID) -> bytes:
    return badge_verifier(yard.keyring.pepper(yard.bank), yard.tenant, yard.bank, badge)


async def test_a_badge_goes_down_with_the_other_verifiers_or_after_them(yard) -> None:
    early, late = await yard.issue(), await yard.issue()
    await give(yard, early.id)
    await yard.work()
    given = {entry.grant: entry for entry in await yard.given() if isinstance(entry, GrantGiven)}
    assert (given[early.id].badge_verifier, given[late.id].badge_verifier) == (verifier(yard), b"")

    await give(yard, late.id, "04a1b2c3d4e580")
    await give(yard, late.id, "11223344")
    await give(yard, late.id, None)
    assert (await yard.given())[2:] == [
        BadgeGiven(late.id, verifier(yard)),
        BadgeGiven(late.id, verifier(yard, "11 22 33 44")),
        BadgeGiven(late.id, b""),
    ]
    assert await yard.told(f"grants/{late.id}") == ["grant.badge_given"] * 2 + ["grant.badge_taken"]
    assert await yard.audit() == []


async def test_the_number_is_sealed_and_gone_with_the_grant(yard) -> None:
    grant = await yard.issue()
    await give(yard, grant.id)
    kept = await yard.one("SELECT badge FROM grant_badges")
    assert b"04A1B2C3D4E580" not in kept
    assert await yard.one("SELECT count(*) FROM events WHERE data::text ILIKE '%04A1B2C3%'") == 0
    await yard.revoke(grant.id)
    assert await yard.one("SELECT count(*) FROM grant_badges") == 0
    assert await yard.audit() == []


@pytest.mark.parametrize("badge", ["", "abc", "   ", "x" * 65, "a\x00b\u2028c"])
async def test_a_number_that_no_reader_gives_is_refused(yard, badge) -> None:
    grant = await yard.issue()
    with pytest.raises(Invalid, match="4 to 64"):
        await give(yard, grant.id, badge)


async def test_what_no_badge_can_open(yard) -> None:
    deposit, ended = await yard.issue("deposit"), await yard.issue()
    await yard.revoke(ended.id)
    for grant, code in ((deposit.id, "grant-has-no-code"), (ended.id, "grant-ended")):
        with pytest.raises(Refused) as refused:
            await give(yard, grant)
        assert refused.value.code == code
    with pytest.raises(NotFound):
        await give(yard, yard.db.ids.new())


async def test_a_bank_s_policy_can_refuse_badges(yard) -> None:
    grant = await yard.issue()
    await give(yard, grant.id)
    async with yard.db.transaction(yard.tenant) as tx:
        await sites.set_policy(tx, yard.bank, sites.BankPolicy(badges=False))
    with pytest.raises(Refused) as refused:
        await give(yard, grant.id)
    assert refused.value.code == "badges-off"
    await give(yard, grant.id, None)


async def test_a_badge_moves_to_the_grant_that_takes_its_place(yard) -> None:
    old, new, bare = await yard.issue(), await yard.issue(), await yard.issue()
    await give(yard, old.id)
    async with yard.db.transaction(yard.tenant) as tx:
        await access.move_badge(tx, yard.keyring, old.id, new.id)
        await access.move_badge(tx, yard.keyring, bare.id, bare.id)
    await yard.revoke(old.id)
    await yard.work()
    given = {entry.grant: entry.badge_verifier for entry in await yard.given() if isinstance(entry, GrantGiven)}
    assert given == {new.id: verifier(yard), bare.id: b""}
