"""What is to go says so: in every answer, and in the description."""

from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from httpx2 import ASGITransport, AsyncClient
from litestar import get
from litestar.params import FromPath

from cranny.core.clock import SystemClock
from cranny.core.errors import NotFound
from cranny.core.ids import TimeIds
from cranny.core.rng import SeededRng
from cranny.web.app import create_app
from cranny.web.deprecation import deprecated

SINCE, SUNSET = date(2026, 12, 1), date(2028, 1, 1)


@get("/v1/old/{n:int}", **deprecated(SINCE, SUNSET, instead="`GET /v1/new`"))
async def get_old(n: FromPath[int]) -> dict[str, int]:
    """An old thing."""
    if n == 0:
        raise NotFound("No such thing.")
    return {"n": n}


@get("/v1/new")
async def get_new() -> dict[str, int]:
    """A new thing."""
    return {}


@pytest.fixture(scope="module")
def app() -> Any:
    clock = SystemClock()
    return create_app([get_old, get_new], clock=clock, ids=TimeIds(clock, SeededRng(0)), title="Test", version="1")


async def answers(app: Any, path: str) -> Any:
    async with AsyncClient(transport=ASGITransport(app), base_url="http://server") as client:
        return await client.get(path)


@pytest.mark.parametrize(("path", "status"), [("/v1/old/1", 200), ("/v1/old/0", 404), ("/v1/old/x", 404)])
async def test_every_answer_says_since_when_and_until_when(app: Any, path: str, status: int) -> None:
    answer = await answers(app, path)
    assert answer.status_code == status
    if path.endswith("x"):
        assert "deprecation" not in answer.headers  # no route at all
        return
    assert answer.headers["deprecation"] == f"@{int(datetime(2026, 12, 1, tzinfo=UTC).timestamp())}"
    assert answer.headers["sunset"] == "Sat, 01 Jan 2028 00:00:00 GMT"
    assert parsedate_to_datetime(answer.headers["sunset"]) == datetime(2028, 1, 1, tzinfo=UTC)


async def test_others_say_nothing(app: Any) -> None:
    answer = await answers(app, "/v1/new")
    assert not {"deprecation", "sunset"} & set(answer.headers)


def test_the_description_says_it_too(app: Any) -> None:
    paths = app.openapi_schema.to_schema()["paths"]
    old, new = paths["/v1/old/{n}"]["get"], paths["/v1/new"]["get"]
    assert old["deprecated"] is True
    assert "Deprecated since 2026-12-01, and gone from 2028-01-01 on: use `GET /v1/new`." in old["description"]
    assert set(old["responses"]["200"]["headers"]) == {"Deprecation", "Sunset"}
    assert not new.get("deprecated")
    assert old["summary"] == "An old thing"


def test_it_stays_for_a_year_at_least() -> None:
    with pytest.raises(ValueError, match="stays until 2027-12-01"):
        deprecated(SINCE, date(2027, 6, 1), instead="nothing")
