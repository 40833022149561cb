"""The kiosk's API as a browser on the bank uses it."""

import asyncio
from typing import Any
from uuid import uuid5

import pytest

from cranny.edge.disk import DiskFailed

from .conftest import PORT, TENANT, Bank


async def test_a_parcel_through_the_api(bank: Bank) -> None:
    opened = await bank.post("/kiosk/scan", text="JD0146000089")
    assert (opened["code"], opened["door"], opened["purpose"]) == ("opened", "A1", "deposit")
    looks = {door["label"]: door["look"] for door in (await bank.client.get("/kiosk/state")).json()["doors"]}
    assert looks == {"A1": "open", "A2": "free", "A3": "free", "A4": "free"}
    assert await bank.post("/hands/doors/A1", act="put") == {"label": "A1", "door_open": True, "things": 1}
    stored = asyncio.create_task(bank.seen("stored"))
    await asyncio.sleep(0)
    await bank.post("/hands/doors/A1", act="shut")
    assert (await stored).so_far == 1
    state = (await bank.client.get("/kiosk/state")).json()
    assert state["doors"][0]["look"] == "taken"
    done = await bank.post(f"/kiosk/visits/{state['visit']}/done")
    assert done == {"code": "visit_done", "visit": state["visit"], "stored": 1}


async def test_too_small_through_the_api(bank: Bank) -> None:
    opened = await bank.post("/kiosk/scan", text="JD0146000090")
    answer = await bank.post(f"/kiosk/visits/{opened['visit']}/too-small", emptied=True)
    assert answer["code"] == "shut_first"
    refused = asyncio.create_task(bank.seen("refused"))
    await asyncio.sleep(0)
    await bank.post("/hands/doors/A1", act="shut")
    assert (await refused).reason == "full"  # all doors here have one size


async def test_codes_are_refused_with_a_reason(bank: Bank) -> None:
    answers = [await bank.post("/kiosk/code", digits="123 456 789") for _ in range(5)]
    assert answers == [{"code": "refused", "reason": "wrong", "wait_s": 0}] * 4 + [
        {"code": "refused", "reason": "wait", "wait_s": 2}
    ]
    other_visit = uuid5(TENANT, "visit")
    assert (await bank.post(f"/kiosk/visits/{other_visit}/done"))["reason"] == "no_visit"


async def test_twenty_scans_at_once(bank: Bank) -> None:
    answers = await asyncio.gather(*(bank.post("/kiosk/scan", text=f"JD01460001{n:02}") for n in range(20)))
    assert sorted(answer["door"] for answer in answers if answer["code"] == "opened") == ["A1", "A2", "A3", "A4"]
    assert [answer["reason"] for answer in answers if answer["code"] == "refused"] == ["full"] * 16


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"host": f"localhost:{PORT}"}, 200),
        ({"origin": f"http://127.0.0.1:{PORT}"}, 200),
        ({"host": "evil.example"}, 421),
        ({"origin": "https://evil.example"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
    ],
)
async def test_only_its_own_pages_may_talk_to_it(bank: Bank, headers: dict[str, str], status: int) -> None:
    answer = await bank.client.post("/kiosk/code", json={"digits": "1"}, headers=headers)
    assert answer.status_code == status
    if status != 200:
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/kiosk/scan", {}),
        ("/kiosk/scan", {"text": 5}),
        ("/kiosk/scan", {"text": "x" * 501}),
        ("/kiosk/code", {"digits": "123456789", "door": "A1"}),
        ("/kiosk/visits/none/done", {}),
        ("/hands/doors/A1", {"act": "smash"}),
        ("/hands/doors/Z9", {"act": "shut"}),
        ("/hands/doors/A1", {"act": "put"}),
    ],
)
async def test_what_does_not_fit_is_a_problem_document(bank: Bank, path: str, body: dict[str, Any]) -> None:
    answer = await bank.client.post(path, json=body)
    assert answer.status_code in (400, 404, 409)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"]


def test_no_credential_names_a_door(bank: Bank) -> None:
    paths = [route.path for route in bank.app.routes if route.path.startswith("/kiosk")]
    assert len(paths) >= 6
    assert not [path for path in paths if "door" in path or "label" in path]


async def test_a_failed_disk_restarts_the_controller_into_its_journal(bank: Bank) -> None:
    opened = await bank.post("/kiosk/scan", text="JD0146000091")
    before = bank.desk.controller
    disk, real = before.journal.disk, before.journal.disk.run
    broken = True

    async def run(work: Any, *, essential: bool = False) -> Any:
        if broken:
            raise DiskFailed("planned")
        return await real(work, essential=essential)

    disk.run = run  # type: ignore[method-assign]
    await bank.post("/hands/doors/A1", act="put")
    await bank.post("/hands/doors/A1", act="shut")
    async with asyncio.timeout(10):
        while (await bank.client.get("/kiosk/state")).status_code != 503:  # noqa: ASYNC110 - asked over HTTP
            await asyncio.sleep(0.02)
    stored = asyncio.create_task(bank.seen("stored"))
    await asyncio.sleep(1)
    broken = False
    assert (await stored).opening.hex == opened["opening"].replace("-", "")
    assert bank.desk.controller is not before
    assert bank.board.pulses((1, 1)) == 1


async def test_the_live_stream_tells_what_happens(bank: Bank) -> None:
    from cranny.edge.kiosk.api import _frames

    frames = _frames(bank.desk)
    assert await anext(frames) == b'event: told\ndata: {"code":"changed"}\n\n'
    await bank.post("/kiosk/scan", text="JD0146000092")
    heard = []
    async with asyncio.timeout(10):
        while b'"code":"opening"' not in b"".join(heard):
            heard.append(await anext(frames))
    await frames.aclose()
