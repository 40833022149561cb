"""Who did what stands in the chain, written in the transaction that did it; what is personal can be erased."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
import httpx2
import pytest
from litestar import Litestar
from litestar.routes import HTTPRoute

from cranny.apps import installation, settings
from cranny.core.errors import Invalid
from cranny.platform import heads, log, migrate, sequencer, tenants, trail
from cranny.platform.db import Database
from cranny.platform.engines import PostgresAddress
from cranny.platform.keys import Keyring
from cranny.platform.server import create_server
from cranny.web.openapi import PUBLIC
from cranny.wiring.features import features
from tests.platform.conftest import parts, serve

pytestmark = pytest.mark.engines


@dataclass
class Desk:
    app: Litestar
    client: httpx2.AsyncClient
    db: Database
    tenant: UUID
    key: UUID
    keyring: Keyring

    async def entries(self) -> list[trail.Entry]:
        await sequencer.sequence(self.db, self.tenant)
        async with self.db.transaction(self.tenant) as tx:
            return await trail.newest(tx, 1000)

    async def broken(self, kept: Sequence[tuple[int, bytes]] = ()) -> Any:
        await sequencer.sequence(self.db, self.tenant)
        async with self.db.transaction(self.tenant) as tx:
            return await trail.verify(tx, kept=kept, batch=7)

    async def make_key(self, label: str = "shop", **headers: str) -> httpx2.Response:
        return await self.client.post(
            "/v1/api-keys",
            json={"label": label, "scopes": ["events:read"]},
            headers={"Idempotency-Key": f"key-{label}", **headers},
        )


@pytest.fixture
async def desk(wide: Database) -> AsyncIterator[Desk]:
    async with wide.transaction() as tx:
        row, key = await tenants.add_tenant(tx, "Reading Room")
    async with wide.transaction(row.tenant) as tx:
        (first,) = await tenants.list_keys(tx)
    made = parts(wide)
    app = create_server([route for feature in features() for route in feature.routes(made)], made)
    async with serve(app, key) as client:
        yield Desk(app, client, wide, row.tenant, first.id, made.keyring)


async def test_it_says_who_did_what_why_and_from_where(desk: Desk) -> None:
    made = await desk.make_key(**{"Audit-Reason": "new shop", "User-Agent": "curl/8", "X-Request-Id": "req-12345678"})
    assert made.status_code == 201
    await desk.client.get("/v1/api-keys")
    (entry,) = await desk.entries()
    assert (entry.by, entry.does, entry.on) == (f"keys/{desk.key}", "POST /v1/api-keys", "/v1/api-keys")
    assert entry.details is not None
    assert (entry.details.why, entry.details.agent, entry.details.address) == ("new shop", "curl/8", "127.0.0.1")
    async with desk.db.transaction(desk.tenant) as tx:
        (event,) = await log.read(tx, 0, 10, ["audit.make_api_key"])
    assert event.data["request"] == "req-12345678"
    assert "new shop" not in str(event.data)
    assert await desk.broken() is None


async def test_what_was_refused_is_said_to_be_once_a_minute(desk: Desk) -> None:
    for n in range(5):
        refused = await desk.client.post(
            "/v1/api-keys",
            json={"label": "x", "scopes": ["all"]},
            headers={"Idempotency-Key": f"k{n}", "Audit-Reason": "just trying"},
        )
        assert refused.status_code == 403
    (entry,) = await desk.entries()
    assert (entry.by, entry.does, entry.refusal) == (f"keys/{desk.key}", "POST /v1/api-keys", "scope-personal")
    assert entry.details is not None
    assert (entry.details.why, entry.details.address) == ("just trying", "127.0.0.1")
    wrong = await desk.client.post("/v1/api-keys", json={"label": "x"}, headers={"Idempotency-Key": "k"})
    assert wrong.status_code == 400
    assert len(await desk.entries()) == 1, "what does not fit was no attempt at anything"
    assert await desk.broken() is None


async def test_a_key_that_lacks_the_scope_is_written_down_too(desk: Desk) -> None:
    made = (await desk.make_key("reader")).json()
    bearer = {"Authorization": f"Bearer {made['key']}"}
    assert (await desk.client.get("/v1/banks", headers=bearer)).json()["code"] == "scope-missing"  # everyday reading
    new = {"label": "more", "scopes": ["events:read"]}
    refused = await desk.client.post("/v1/api-keys", json=new, headers={"Idempotency-Key": "m", **bearer})
    assert refused.json()["code"] == "scope-missing"
    newest, first = await desk.entries()
    assert (newest.by, newest.refusal) == (f"keys/{made['id']}", "scope-missing")
    assert first.refusal == ""


async def test_a_reading_of_a_code_is_written_before_the_code_is_given(desk: Desk) -> None:
    """And so is every deed that somebody could be asked about; everyday work has its own events."""
    wanted = {
        "POST /v1/grants/{grant}/reveal",
        "POST /v1/banks",
        "PUT /v1/banks/{bank}/policy",
        "POST /v1/banks/{bank}/commands",
        "POST /v1/commands/{command}/confirm",
        "POST /v1/banks/{bank}/tokens",
        "POST /v1/anomalies/{anomaly}/settle",
        "DELETE /v1/api-keys/{key}",
        "POST /v1/webhook-endpoints/{endpoint}/rotate",
        "POST /v1/sign-in-links",
    }
    every = {
        f"{method} {route.path_format}"
        for route in desk.app.routes
        if isinstance(route, HTTPRoute) and route.path_format.startswith("/v1/")
        for method, (handler, _) in route.route_handler_map.items()
        if method != "OPTIONS" and not handler.opt.get(PUBLIC)
    }
    audited = {one for one in every if trail.is_audited(*one.split(" "))}
    assert wanted <= audited
    reads = {"POST /v1/grants/{grant}/reveal"}
    changes = {one for one in every if not one.startswith("GET ")}
    assert {one for one in changes - audited if "/v1/deliver" not in one} == set()
    assert reads <= audited


@pytest.mark.parametrize(
    ("tamper", "why"),
    [
        ("UPDATE audit_details SET why = 'another'", "beside it"),
        ("UPDATE audit_details SET address = '10.0.0.9'", "beside it"),
        ("UPDATE audit_details SET salt = decode('00', 'hex')", "beside it"),
        ("UPDATE events SET data = jsonb_set(data, '{by}', '\"keys/x\"') WHERE position = 3", "changed"),
        ("DELETE FROM events WHERE position = 3", "missing"),
        ("UPDATE events SET position = 1000 WHERE position = 3", "missing"),
        ("DELETE FROM events WHERE position >= 3", "cut off"),
        ("UPDATE log_heads SET position = position - 1", "past the server"),
    ],
)
async def test_whoever_writes_past_the_server_is_found_out(
    desk: Desk, database: PostgresAddress, tamper: str, why: str
) -> None:
    for n in range(4):
        await desk.make_key(f"key {n}", **{"Audit-Reason": "yearly"})
    assert await desk.broken() is None
    assert database.admin_dsn is not None
    superuser = await asyncpg.connect(database.admin_dsn)
    await superuser.execute(tamper)
    await superuser.close()
    broken = await desk.broken()
    assert why in broken.why
    assert broken.position >= 3


async def test_whoever_writes_it_all_anew_can_not_change_the_head_that_was_kept(
    desk: Desk, database: PostgresAddress
) -> None:
    for n in range(3):
        await desk.make_key(f"key {n}")
    assert await desk.broken() is None
    async with desk.db.transaction(desk.tenant) as tx:
        line = await heads.show(tx, desk.keyring)
    kept = heads.read(f"From: ops\n\n{line}\n", desk.tenant, desk.keyring)
    assert await desk.broken(kept) is None
    await desk.make_key("one more")
    assert await desk.broken(kept) is None
    await forge(desk, database)
    assert await desk.broken() is None, "the chain alone can't tell"
    broken = await desk.broken(kept)
    assert (broken.position, "anew" in broken.why) == (kept[0][0], True)
    for text in ("", "cranny-log-head", line.replace(str(desk.tenant), str(UUID(int=1))), line.replace(" ", "\n")):
        with pytest.raises(Invalid, match="no signed head"):
            heads.read(text, desk.tenant, desk.keyring)
    for text in (line.replace(f" {kept[0][0]} ", " 1 "), line[:-1] + ("0" if line[-1] != "0" else "1")):
        with pytest.raises(Invalid, match="not signed by this installation"):
            heads.read(text, desk.tenant, desk.keyring)


async def test_the_worker_signs_where_the_log_has_come_to_and_that_shows_what_was_cut_off(
    desk: Desk, database: PostgresAddress
) -> None:
    """With the head set back as well, so that the chain alone says nothing; and whoever may only use the application's
    role takes no signed head away."""
    for n in range(3):
        await desk.make_key(f"key {n}")
        await sequencer.sequence(desk.db, desk.tenant)
        assert await heads.sign(desk.db, desk.tenant, desk.keyring) == 1
        assert await heads.sign(desk.db, desk.tenant, desk.keyring) == 0
    async with desk.db.transaction(desk.tenant) as tx:
        lines = await heads.every(tx)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with tx.attempt():
                await tx.run("DELETE FROM signed_heads")
    assert len(lines) == 3
    kept = heads.read("\n".join(lines), desk.tenant, desk.keyring)
    assert await desk.broken(kept) is None
    assert database.admin_dsn is not None
    superuser = await asyncpg.connect(database.admin_dsn)
    await superuser.execute("DELETE FROM events WHERE tenant = $1 AND position > $2", desk.tenant, kept[1][0])
    await superuser.execute("UPDATE log_heads SET position = $2, chain = $3 WHERE tenant = $1", desk.tenant, *kept[1])
    await superuser.close()
    assert await desk.broken() is None, "the chain alone can't tell"
    assert await desk.broken(kept[:2]) is None
    broken = await desk.broken(kept)
    assert (broken.position, "shorter" in broken.why) == (kept[1][0] + 1, True)


async def forge(desk: Desk, database: PostgresAddress) -> None:
    """Somebody who may write everything changes an entry, and makes every link after it anew."""
    assert database.admin_dsn is not None
    superuser = await asyncpg.connect(database.admin_dsn)
    await superuser.set_type_codec("jsonb", encoder=lambda v: v, decoder=json.loads, schema="pg_catalog", format="text")
    await superuser.execute("UPDATE events SET subject = 'keys/nobody' WHERE tenant = $1 AND position = 3", desk.tenant)
    rows = await superuser.fetch(
        "SELECT * FROM events WHERE tenant = $1 AND position > 0 ORDER BY position", desk.tenant
    )
    chain = bytes(32)
    for row in rows:
        chain = sequencer.link(chain, sequencer.canonical(row["position"], row))
        await superuser.execute(
            "UPDATE events SET chain = $3 WHERE tenant = $1 AND id = $2", desk.tenant, row["id"], chain
        )
    await superuser.execute("UPDATE log_heads SET chain = $2 WHERE tenant = $1", desk.tenant, chain)
    await superuser.close()


async def test_an_upgrade_is_in_the_log_of_every_tenant_and_only_if_there_was_one(
    desk: Desk, database: PostgresAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with desk.db.transaction() as tx:
        other, _ = await tenants.add_tenant(tx, "Another")
    asked = settings.read({"CRANNY_DATA": "/nowhere", "CRANNY_AUDIT_REASON": "spring"})
    await installation.upgrade(asked, database.owner_dsn, database.app_dsn)
    assert await desk.entries() == []

    async def brought(_: str) -> frozenset[str]:
        return frozenset({"platform_9999"})

    monkeypatch.setattr(migrate, "upgrade", brought)
    await installation.upgrade(asked, database.owner_dsn, database.app_dsn)
    for tenant in (desk.tenant, other.tenant):
        await sequencer.sequence(desk.db, tenant)
        async with desk.db.transaction(tenant) as tx:
            (entry,) = await trail.newest(tx, 10)
        assert (entry.by, entry.does, entry.on) == ("installation", "cranny db upgrade", f"tenants/{tenant}")
        assert entry.details is not None
        assert (entry.details.why, "@" in entry.details.address) == ("spring", True)


async def test_erasing_what_is_personal_leaves_the_chain_whole(desk: Desk) -> None:
    await desk.make_key(**{"Audit-Reason": "canary-reason-4711"})
    async with desk.db.transaction(desk.tenant) as tx:
        assert await trail.erase(tx, f"keys/{desk.key}") == 1
    (entry,) = await desk.entries()
    assert entry.details is None
    assert await desk.broken() is None
    async with desk.db.transaction(desk.tenant) as tx:
        for table in ("events", "audit_details", "idempotency"):
            dump = str(await tx.all(f"SELECT {table}::text FROM {table}"))  # noqa: S608 - the names stand above
            assert "canary-reason" not in dump


async def test_two_at_the_same_rows_leave_one_entry_each(desk: Desk) -> None:
    """A transaction that gave way and was done again has not written its entry twice, nor lost it."""

    bank = {"url": "https://nobody.invalid/"}
    await asyncio.gather(*(desk.make_key(f"key {n}") for n in range(8)))
    await desk.client.post("/v1/webhook-endpoints", json=bank, headers={"Idempotency-Key": "w"})
    entries = await desk.entries()
    assert len(entries) == 8
    assert len({entry.position for entry in entries}) == 8
