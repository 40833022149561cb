"""The same person is found again by address or number, and never somebody else's."""

import asyncio
from uuid import UUID

import pytest

from cranny import people
from cranny.core.errors import Invalid, NotFound
from cranny.people import Contact
from cranny.platform.db import Database
from cranny.platform.tenants import add_tenant


@pytest.fixture
async def tenant(db: Database) -> UUID:
    async with db.transaction() as tx:
        return (await add_tenant(tx, "Acme lockers"))[0].tenant


async def remember(db: Database, tenant: UUID, **contact: str) -> UUID:
    async with db.transaction(tenant) as tx:
        return await people.remember(tx, Contact(**contact))


async def known(db: Database, tenant: UUID, person: UUID) -> Contact:
    async with db.transaction(tenant) as tx:
        return await people.contact(tx, person)


async def test_a_person_is_found_again_and_the_newest_word_counts(db: Database, tenant: UUID) -> None:
    ada = await remember(db, tenant, name="Ada", email="Ada@Example.org", language="pt-br")
    assert await remember(db, tenant, email="ada@example.ORG", phone="+420 601 234 567") == ada
    assert await remember(db, tenant, name="Ada L.", phone="+420601234567") == ada
    assert await known(db, tenant, ada) == Contact("Ada L.", "ada@example.org", "+420601234567", "pt-BR")


async def test_two_who_share_a_phone_stay_two(db: Database, tenant: UUID) -> None:
    ada = await remember(db, tenant, email="ada@example.org", phone="+420601234567")
    bob = await remember(db, tenant, email="bob@example.org", phone="+420601234567")
    assert ada != bob
    assert (await known(db, tenant, bob)).phone == "+420601234567"
    assert await remember(db, tenant, email="bob@example.org", phone="+420601234567") == bob
    assert await remember(db, tenant, phone="+420601234567") == ada
    async with db.transaction(tenant) as tx:
        assert await people.FEATURE.audit(tx) == []


async def test_many_at_once_make_one_person(db: Database, tenant: UUID) -> None:
    found = await asyncio.gather(
        *(
            remember(db, tenant, email="ada@example.org", phone=f"+42060123456{n % 3}", name=f"Ada {n}")
            for n in range(12)
        )
    )
    assert len(set(found)) == 1
    async with db.transaction(tenant) as tx:
        assert await tx.value("SELECT count(*) FROM persons") == 1
        assert await people.FEATURE.audit(tx) == []


async def test_nothing_personal_reaches_the_log_or_another_tenant(db: Database, tenant: UUID) -> None:
    ada = await remember(db, tenant, name="Ada", email="ada@example.org")
    async with db.transaction(tenant) as tx:
        told = await tx.all("SELECT data::text AS data FROM events")
        assert not any("ada" in row["data"].lower() for row in told)
    async with db.transaction() as tx:
        await add_tenant(tx, "Somebody else")
        assert await people.contacts(tx, [ada]) == {}
        with pytest.raises(NotFound):
            await people.contact(tx, ada)
        assert await people.remember(tx, Contact(email="ada@example.org")) != ada


async def test_a_bad_contact_is_refused(db: Database, tenant: UUID) -> None:
    with pytest.raises(Invalid):
        await remember(db, tenant, name="Ada")
