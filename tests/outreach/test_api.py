"""Notices over HTTP, and what the feature brings to a worker."""

import asyncio
from uuid import UUID

import httpx2
import pytest
from litestar import Litestar

from cranny import outreach
from cranny.apps import worker
from cranny.outreach.channels import Message
from cranny.people import Contact
from cranny.platform import jobs
from cranny.platform.db import Tx
from cranny.platform.feature import Feature, Parts
from cranny.platform.jobs import Job
from cranny.platform.server import create_server
from cranny.web.telemetry import set_up

from .conftest import CODE, Yard

pytestmark = pytest.mark.engines


def application(yard: Yard) -> Litestar:
    return create_server(outreach.FEATURE.routes(yard.parts), yard.parts)


async def ask(yard: Yard, *paths: str) -> list[httpx2.Response]:
    app = application(yard)
    up, over = asyncio.Event(), asyncio.Event()

    async def live() -> None:
        async with app.lifespan():
            up.set()
            await over.wait()

    lifespan = asyncio.create_task(live())
    await up.wait()
    headers = {"Authorization": f"Bearer {yard.key}"}
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://server", headers=headers) as client:
        answers = [await client.get(path) for path in paths]
    over.set()
    await lifespan
    return answers


async def test_who_could_not_be_told_is_listed(yard: Yard) -> None:
    sent = await yard.tell()
    await yard.work()
    yard.box.recipient = yard.phones.answer = lambda _: "550 5.1.1 no"  # type: ignore[assignment]
    yard.phones.answer = lambda _: 404
    failed = await yard.tell()
    await yard.work()
    row = await yard.notice(failed)
    everything, only, of_grant, first, one, missing, odd = await ask(
        yard,
        "/v1/notices",
        "/v1/notices?state=failed",
        f"/v1/notices?grant={row.grant_id}&state=sent",
        "/v1/notices?limit=1",
        f"/v1/notices/{failed}",
        f"/v1/notices/{UUID(int=5)}",
        "/v1/notices?state=lost",
    )
    assert [item["id"] for item in everything.json()["items"]] == [str(failed), str(sent)]
    assert [item["id"] for item in only.json()["items"]] == [str(failed)]
    assert of_grant.json()["items"] == []
    shown = one.json()
    assert shown == only.json()["items"][0]
    assert (shown["state"], shown["error"], shown["channel"]) == ("failed", "number-refused 404", "sms")
    assert shown["about"] == [f"deliveries/{row.about[0]}"]
    assert not any(secret in everything.text for secret in ("ada@", "4915112345678", CODE))
    (second,) = await ask(yard, f"/v1/notices?limit=1&after={first.json()['next']}")
    assert ([item["id"] for item in second.json()["items"]], second.json()["next"]) == ([str(sent)], None)
    assert (missing.status_code, missing.json()["code"]) == (404, "notice-not-found")
    assert odd.status_code == 400


async def test_without_a_channel_the_worker_prints_and_keeps_codes_out_of_files(
    yard: Yard, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up(json=True)
    id_ = await yard.tell()
    await jobs.Worker(yard.db, outreach.FEATURE.jobs(yard.parts)).drain()
    said = capsys.readouterr()
    assert "Ihr Paket liegt bereit: Hall, Wall 2" in said.out
    assert CODE not in said.out + said.err
    assert ((await yard.notice(id_)).state, (await yard.notice(id_)).channel) == ("sent", "console")


class Hangs:
    def __init__(self) -> None:
        self.called = asyncio.Event()

    def address(self, contact: Contact) -> str | None:
        return contact.email

    async def send(self, _: Message) -> str:
        self.called.set()
        await asyncio.Event().wait()
        return ""


async def test_a_mail_server_that_hangs_holds_up_nobody_elses_jobs(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    done, hangs = asyncio.Event(), Hangs()

    async def do(_: Tx, __: dict[str, object]) -> None:
        done.set()

    def jobs_of_others(_: Parts) -> dict[str, jobs.JobHandler]:
        return {"others": do}

    monkeypatch.setattr("cranny.outreach.channels.open_all", lambda _: {"email": hangs})
    monkeypatch.setattr(worker, "features", lambda: (outreach.FEATURE, Feature("others", jobs=jobs_of_others)))
    for _ in range(20):
        await yard.tell()
    running = asyncio.create_task(worker.run_worker(yard.parts))
    async with asyncio.timeout(10):
        await hangs.called.wait()
        async with yard.db.transaction(yard.tenant) as tx:
            await jobs.enqueue(tx, [Job("others", yard.tenant)])
        await done.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
