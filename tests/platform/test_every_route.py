"""Nobody forgets the door: without an API key every route of every feature says 401, but for a list that is here."""

import re
from typing import Any

import pytest
from httpx2 import AsyncClient
from litestar.routes import HTTPRoute

from cranny.platform.db import Database
from cranny.web.openapi import PUBLIC
from cranny.wiring.serving import join
from tests.platform.conftest import parts, serve

OPEN = {
    ("GET", "/health/live"),
    ("GET", "/health/ready"),
    ("POST", "/v1/enrolments"),  # proven by its one-time claim
    ("POST", "/v1/uplink"),  # proven by the bank's signature
}
PAGES_OPEN = {
    ("GET", "/"),
    ("GET", "/docs"),  # what the API is like is no secret
    ("GET", "/sign-in"),
    ("POST", "/sign-in"),
    ("GET", "/link"),
    ("GET", "/link/opened"),
    ("POST", "/link/opened"),  # proven by the link itself
    ("POST", "/sign-in/mail"),
    ("POST", "/sign-in/passkey/begin"),
    ("POST", "/sign-in/passkey"),  # proven by the passkey
    ("GET", "/sign-in/organisation"),
    ("POST", "/sign-in/organisation"),
    ("GET", "/sign-in/with/{provider}"),
    ("GET", "/sign-in/with/{provider}/back"),  # proven by what the other organisation signed
    ("POST", "/sign-in/with/{provider}/acs"),  # takes a form on to the next
    ("POST", "/sign-in/with/{provider}/answer"),  # proven as above
    ("GET", "/sign-in/with/{provider}/metadata"),  # what we are called is no secret
    ("GET", "/welcome"),
    ("GET", "/welcome/found"),
    ("POST", "/welcome/found"),  # proven by the link itself
    ("GET", "/choose"),
    ("GET", "/choose/shown"),
    ("GET", "/choose/saved"),
    ("POST", "/choose/shown"),  # the same
    ("POST", "/choose/saved"),
    ("POST", "/sign-out"),
    ("GET", "/static/{version}/{name}"),
}
"""Of the pages, which are not in the description; all others ask for a session themselves."""
NOT_OURS = re.compile(r"/schema(/|$)|/scim/")
"""Descriptions; and SCIM, which has its own, and its own way to say no: tests/people/test_scim.py."""
SOME_ID = "01a202b3-a267-786d-896e-760e819b24c3"


@pytest.fixture
def app(wide: Database) -> Any:
    return join(parts(wide))


def routes(app: Any, *, pages: bool = False) -> list[tuple[str, str, bool]]:
    """(method, path, whether it is public) of every route of the API, or of every page."""
    return [
        (method, route.path_format, bool(handler.opt.get(PUBLIC)))
        for route in app.routes
        if isinstance(route, HTTPRoute) and not NOT_OURS.match(route.path_format)
        for method, (handler, _) in route.route_handler_map.items()
        if method != "OPTIONS" and pages == (handler.include_in_schema is False)
    ]


def test_what_is_open_is_open_on_purpose(app: Any) -> None:
    assert {(method, path) for method, path, public in routes(app) if public} == OPEN


async def test_everything_else_asks_for_a_key(app: Any) -> None:
    async with serve(app) as client:
        for method, path, public in routes(app):
            if not public:
                answer = await send(client, method, re.sub(r"\{[^}]*\}", SOME_ID, path))
                assert (answer.status_code, answer.json()["code"]) == (401, "api-key-missing"), (method, path)


async def test_every_page_leads_to_the_sign_in(app: Any) -> None:
    found = {(method, path) for method, path, _ in routes(app, pages=True)}
    assert found >= PAGES_OPEN
    async with serve(app) as client:
        for method, path in found - PAGES_OPEN:
            answer = await send(client, method, re.sub(r"\{[^}]*\}", SOME_ID, path))
            assert answer.status_code == 302, (method, path)
            assert answer.headers["location"].startswith("/sign-in?next="), (method, path)


async def send(client: AsyncClient, method: str, path: str) -> Any:
    return await client.request(method, path, headers={"Idempotency-Key": "k"})


def test_every_operation_is_described(app: Any) -> None:
    document = app.openapi_schema.to_schema()
    for method, path, public in routes(app):
        operation = document["paths"][path][method.lower()]
        assert operation.get("description") or operation.get("summary"), (method, path)
        assert "default" in operation["responses"], (method, path)
        if method == "POST" and not public:
            assert "Idempotency-Key" in {p["name"] for p in operation["parameters"]}, (method, path)
