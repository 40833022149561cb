"""Schemathesis asks every operation of the running API what nobody would think of, and holds the answers to the
description: no 5xx, only statuses that it names, the media types and schemas that it names, and nothing without a key.

`CRANNY_EXAMPLES=1000 pytest -m prove tests/prove/test_every_operation.py` asks more of it."""

import asyncio
import json
import os
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest
import pytest_asyncio
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from cranny.apps.addresses import find
from cranny.apps.parts import assemble
from cranny.apps.settings import read
from cranny.core.clock import SystemClock
from cranny.core.rng import SystemRng
from cranny.platform import tenants
from tests.deliveries.conftest import Yard
from tests.journeys.house import House, free_port
from tests.platform.furnished import AGENT, Furnished
from tests.platform.posts import BUILDERS, Sent, fresh

EXAMPLES: Final = int(os.environ.get("CRANNY_EXAMPLES", "50"))
DESCRIPTION: Final = json.loads((Path(__file__).parents[2] / "docs" / "openapi.json").read_text(encoding="utf-8"))
METHODS: Final = ("get", "post", "put", "patch", "delete")
"""Those that take something away come last."""
OPERATIONS: Final = [
    (method, path) for method in METHODS for path, item in DESCRIPTION["paths"].items() if method in item
]
STREAMS: Final = frozenset({"/v1/events/stream"})
"""Their answers have no end."""
THINGS: Final = 6
WITHIN_S: Final = 60
CHECKS: Final = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]

pytestmark = [
    pytest.mark.prove,
    pytest.mark.engines,
    pytest.mark.xdist_group("every-operation"),
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:schemathesis.*"),
]


@dataclass
class Asked:
    """The API, and who asks it. `seen` are the statuses of all answers."""

    house: House
    here: Furnished
    schema: Any
    session: requests.Session = field(default_factory=requests.Session)
    seen: Counter[int] = field(default_factory=Counter)

    def headers(self, *, person: bool) -> dict[str, str]:
        if person:
            return {"Cookie": f"cranny-session={self.here.cookie}", "User-Agent": AGENT}
        return {"Authorization": f"Bearer {self.house.key}"}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def asked(new_data_dir: Callable[[], Path]) -> AsyncIterator[Asked]:
    """`cranny up`, and a tenant that is furnished through its database."""
    settings_ = {"CRANNY_WEBHOOKS_ALLOW": "127.0.0.0/8", "CRANNY_REQUESTS_A_MINUTE": "0"}
    house = House(new_data_dir(), free_port(), settings=settings_)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(house.down)
        await house.up()
        await house.found("Fuzzed")
        configured = read({}, data=house.data)
        rng = SystemRng()
        found = await stack.enter_async_context(find(configured, rng))
        parts = await stack.enter_async_context(assemble(found, configured, SystemClock(), rng))
        (tenant,) = await tenants.every(parts.db)
        yard = Yard(parts.db, SystemClock(), parts.keyring, tenant, house.key)  # type: ignore[arg-type]
        here = Furnished(yard, f"http://127.0.0.1:{free_port()}/hooks")
        await here.begin()
        schema = await asyncio.to_thread(schemathesis.openapi.from_url, f"{house.url}/schema/openapi.json")
        yield Asked(house, here, schema)


@pytest.mark.parametrize(("method", "path"), OPERATIONS, ids=map(" ".join, OPERATIONS))
async def test_every_operation(asked: Asked, method: str, path: str, record_property: Any) -> None:
    said = DESCRIPTION["paths"][path][method]
    names = [parameter["name"] for parameter in said.get("parameters", []) if parameter["in"] == "path"]
    things = {name: [str(await asked.here.make(name)) for _ in range(THINGS)] for name in names}
    things |= {"bank": [str(await asked.here.make("bank")) for _ in range(2)]} if "bank" not in things else {}
    builder = BUILDERS.get(f"{method.upper()} {path}")
    valid = [await builder(asked.here) for _ in range(THINGS)] if builder else []
    await asyncio.to_thread(ask, asked, method, path, things, valid)


def ask(asked: Asked, method: str, path: str, things: Mapping[str, Sequence[str]], valid: Sequence[Sent]) -> None:
    operation = asked.schema[path][method.upper()]
    person = DESCRIPTION["paths"][path][method].get("security") == [{"session": []}]
    public = DESCRIPTION["paths"][path][method].get("security") == []
    headers = {} if public else asked.headers(person=person)
    examples = bodies(DESCRIPTION["paths"][path][method])

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def one(data: st.DataObject) -> None:
        mode = data.draw(st.sampled_from([GenerationMode.POSITIVE, GenerationMode.POSITIVE, GenerationMode.NEGATIVE]))
        case = data.draw(operation.as_strategy(generation_mode=mode))
        aim(data, case, things, valid, examples)
        answer(asked, case, headers, streams=path in STREAMS, secured=not public and not person)

    one()
    if not public:
        refuses_strangers(asked, method, path, things)


def aim(
    data: st.DataObject, case: Any, things: Mapping[str, Sequence[str]], valid: Sequence[Sent], examples: Sequence[Any]
) -> None:
    """Let it be about what there is, more often than not; a key for a deed is a fresh one."""
    how = data.draw(st.sampled_from(["as it is", "about something", "about something", "good"]))
    if case.method == "POST" and data.draw(st.integers(0, 9)) > 0:
        case.headers["Idempotency-Key"] = fresh()
    if how == "as it is":
        return
    for name in case.path_parameters or {}:
        case.path_parameters[name] = data.draw(st.sampled_from(things[name]))
    if "bank" in (case.query or {}):
        case.query["bank"] = data.draw(st.sampled_from(things["bank"]))
    if how == "good" and valid:
        sent = data.draw(st.sampled_from(valid))
        case.path_parameters.update({name: str(id_) for name, id_ in sent.at.items()})
        if sent.body is not None:
            case.body, case.media_type = sent.body, sent.kind
        case.query = dict(sent.query) or case.query
    elif how == "good" and examples:
        case.body, case.media_type = data.draw(st.sampled_from(examples)), "application/json"
    elif isinstance(case.body, dict) and "bank" in case.body:
        case.body["bank"] = data.draw(st.sampled_from(things["bank"]))


def answer(asked: Asked, case: Any, headers: Mapping[str, str], *, streams: bool, secured: bool) -> None:
    if streams:
        kwargs = case.as_transport_kwargs(base_url=asked.house.url, headers=dict(headers))
        with asked.session.request(stream=True, timeout=WITHIN_S, **kwargs) as got:
            if got.ok:
                assert got.headers["content-type"].startswith("text/event-stream")
                return
            case.validate_response(got, checks=CHECKS)
            return
    checks = [*CHECKS, *([ignored_auth] if secured else [])]
    got = case.call_and_validate(
        base_url=asked.house.url, session=asked.session, headers=dict(headers), timeout=WITHIN_S, checks=checks
    )
    asked.seen[got.status_code] += 1
    named = DESCRIPTION["paths"][case.path][case.method.lower()]["responses"]
    assert str(got.status_code) in named, f"{got.status_code} is not named: {got.text}"


def refuses_strangers(asked: Asked, method: str, path: str, things: Mapping[str, Sequence[str]]) -> None:
    where = asked.house.url + path.format(**{name: ids[0] for name, ids in things.items()})
    for headers in ({}, {"Authorization": "Bearer crn_made_up"}, {"Cookie": "cranny-session=00"}):
        got = requests.request(method, where, headers=headers, timeout=WITHIN_S)
        assert got.status_code == 401, (headers, got.status_code, got.text)


def bodies(operation: Mapping[str, Any]) -> list[Any]:
    """The examples of its body."""
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    shown = content.get("examples") or content.get("schema", {}).get("examples") or {}
    return [one["value"] for one in shown.values()] if isinstance(shown, dict) else list(shown)
