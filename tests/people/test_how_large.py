"""How long the body of a request may be: one limit for all of them, and a list of those with another one."""

from collections.abc import AsyncIterator

import pytest

from cranny.platform.gate import handlers
from cranny.web.app import BODY_LIMIT
from tests.people import house as home
from tests.people.house import House

house = home.house

MIB = 1024 * 1024
LONGER = {
    ("POST", "/v1/people/imports"): 8 * MIB,
    ("POST", "/people/imports"): 16 * MIB,  # a form, which may bring the file back as text
    ("POST", "/organisations/saml"): 800_000,  # a form, in which 200,000 characters of metadata may be written as %XX
    ("PUT", "/v1/people/{person}/face"): 4 * MIB,
    ("POST", "/v1/uplink"): 4 * MIB,
}
OTHERS = [("POST", "/v1/people"), ("PUT", "/v1/people/{person}/roles"), ("POST", "/v1/banks"), ("POST", "/sign-in")]
"""Some of those with the usual limit: JSON, a bank's file, a form of a stranger."""


async def test_all_have_the_same_limit_but_those_that_are_named(house: House) -> None:
    found = {(method, path): handler.resolve_request_max_body_size() for method, path, handler in handlers(house.app)}
    assert BODY_LIMIT == MIB
    assert {key: limit for key, limit in found.items() if limit != MIB} == LONGER
    assert set(OTHERS) <= set(found)


def kind(path: str) -> str:
    """How it is written there."""
    if path == "/v1/people/imports":
        return "text/csv"
    return "application/json" if path.startswith("/v1/") else "application/x-www-form-urlencoded"


@pytest.mark.parametrize("said", [True, False], ids=["told", "untold"])
async def test_what_is_longer_is_refused(house: House, *, said: bool) -> None:
    """Whether or not it is told beforehand how much comes."""
    async with house.browser() as ada:
        await house.found(ada)
        me = (await ada.get("/v1/self")).json()["person"]
        for (method, path), limit in [*LONGER.items(), *((one, MIB) for one in OTHERS)]:
            body = b" " * (limit + 1)

            async def parts(body: bytes = body) -> AsyncIterator[bytes]:
                for at in range(0, len(body), MIB):
                    yield body[at : at + MIB]

            answer = await ada.request(
                method,
                path.format(person=me),
                content=body if said else parts(),
                headers={"Content-Type": kind(path), **house.once()},
            )
            assert answer.status_code == 413, (method, path, answer.text)
            if path.startswith("/v1/"):
                assert answer.json()["code"] == "too-large", path
