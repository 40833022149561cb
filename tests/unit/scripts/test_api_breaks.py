"""What breaks a client is found: planted, one by one, in the description as it is; and none of it happens unsaid."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scripts.api_breaks import Break, breaks, shape, unsaid

DOCS = Path(__file__).parents[3] / "docs"
NOW: dict[str, Any] = json.loads((DOCS / "openapi.json").read_text(encoding="utf-8"))
BASELINE: dict[str, Any] = json.loads((DOCS / "api-baseline.json").read_text(encoding="utf-8"))
Change = Callable[[dict[str, Any]], object]


def schema(document: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = document["components"]["schemas"][name]
    return found


def operation(document: dict[str, Any], path: str, method: str) -> dict[str, Any]:
    found: dict[str, Any] = document["paths"][path][method]
    return found


def gone(document: dict[str, Any], name: str, field: str) -> None:
    del schema(document, name)["properties"][field]
    required = schema(document, name).get("required", [])
    schema(document, name)["required"] = [one for one in required if one != field]


def names(methods: dict[str, Any]) -> list[str]:
    return [found["operationId"] for found in methods.values()]


PLANTED: list[tuple[str, str, Change]] = [
    ("an operation", "getBank", lambda d: d["paths"]["/v1/banks/{bank}"].pop("get")),
    ("an address", "listAlarms", lambda d: d["paths"].pop("/v1/alarms")),
    ("its name", "listBanks", lambda d: operation(d, "/v1/banks", "get").update(operationId="allBanks")),
    ("a key", "getLiveness", lambda d: operation(d, "/health/live", "get").pop("security")),
    ("a field", "getBank 200.timezone", lambda d: gone(d, "Bank", "timezone")),
    ("a field of a page", "listBanks 200.items[].timezone", lambda d: gone(d, "Bank", "timezone")),
    ("maybe a field", "getBank 200.name", lambda d: schema(d, "Bank")["required"].remove("name")),
    ("a field that is asked", "announceDelivery request.sender", lambda d: gone(d, "DeliveryAsked", "sender")),
    (
        "a new field that has to be there",
        "announceDelivery request.weight",
        lambda d: (
            schema(d, "DeliveryAsked")["properties"].update(weight={"type": "integer"}),
            schema(d, "DeliveryAsked")["required"].append("weight"),
        ),
    ),
    (
        "a field that was left out",
        "announceDelivery request.sender",
        lambda d: schema(d, "DeliveryAsked")["required"].append("sender"),
    ),
    (
        "a value",
        "setRoles request.roles[].role",
        lambda d: schema(d, "Role").update(enum=[one for one in schema(d, "Role")["enum"] if one != "courier"]),
    ),
    (
        "a type that is asked",
        "extendDelivery request.hours",
        lambda d: schema(d, "ExtendAsked")["properties"].update(hours={"type": "string"}),
    ),
    (
        "a type that is answered",
        "getBank 200.name",
        lambda d: schema(d, "Bank")["properties"].update(name={"type": ["string", "null"]}),
    ),
    (
        "a format",
        "getBank 200.id",
        lambda d: schema(d, "Bank")["properties"].update(id={"type": "string"}),
    ),
    (
        "a bound",
        "settleAnomaly request.note",
        lambda d: schema(d, "SettleAsked")["properties"]["note"].update(maxLength=10),
    ),
    (
        "a pattern",
        "settleAnomaly request.note",
        lambda d: schema(d, "SettleAsked")["properties"]["note"].update(pattern="x"),
    ),
    (
        "a filter",
        "listDeliveries query.tracking",
        lambda d: operation(d, "/v1/deliveries", "get").update(
            parameters=[one for one in operation(d, "/v1/deliveries", "get")["parameters"] if one["name"] != "tracking"]
        ),
    ),
    (
        "a header that has to be there",
        "setRoles header.If-Match",
        lambda d: operation(d, "/v1/people/{person}/roles", "put")["parameters"].append(
            {"name": "If-Match", "in": "header", "required": True, "schema": {"type": "string"}}
        ),
    ),
    (
        "a status",
        "announceDelivery 201",
        lambda d: operation(d, "/v1/deliveries", "post")["responses"].pop("201"),
    ),
    (
        "a media type that is taken",
        "addBank request",
        lambda d: operation(d, "/v1/banks", "post")["requestBody"]["content"].pop("application/yaml"),
    ),
    (
        "a media type that is answered",
        "getBank 200",
        lambda d: operation(d, "/v1/banks/{bank}", "get")["responses"]["200"].update(content={"text/plain": {}}),
    ),
    (
        "a body",
        "confirmCommand request",
        lambda d: operation(d, "/v1/commands/{command}/confirm", "post").update(
            requestBody={"required": True, "content": {}}
        ),
    ),
]
"""(what is taken away, the break's name, how)."""

NAMED = {name.split()[0] for _, name, _ in PLANTED}
PART = json.dumps(NOW | {"paths": {path: found for path, found in NOW["paths"].items() if NAMED & {*names(found)}}})
"""The description, of the operations that are named above: all of them are compared in a quarter of a second."""
BEFORE = shape(json.loads(PART))


@pytest.mark.parametrize(("name", "change"), [one[1:] for one in PLANTED], ids=[one[0] for one in PLANTED])
def test_what_breaks_a_client_is_found(name: str, change: Change) -> None:
    changed = json.loads(PART)
    change(changed)
    assert name in {one.name for one in breaks(BEFORE, shape(changed))}


ADDED: list[Change] = [
    lambda d: d["paths"].update({"/v1/new": {"get": {"operationId": "listNew", "responses": {}}}}),
    lambda d: schema(d, "Bank")["properties"].update(colour={"type": "string"}),
    lambda d: schema(d, "DeliveryAsked")["properties"].update(colour={"type": "string"}),
    lambda d: schema(d, "Role")["enum"].append("gardener"),
    lambda d: schema(d, "SettleAsked")["properties"]["note"].pop("maxLength"),
    lambda d: operation(d, "/v1/banks", "get")["parameters"].append({"name": "colour", "in": "query", "schema": {}}),
    lambda d: operation(d, "/v1/banks", "get").update(description="Something else.", deprecated=True),
    lambda d: schema(d, "Bank").update(description="Something else.", title="Something else"),
]


@pytest.mark.parametrize("change", ADDED)
def test_what_is_added_breaks_nobody(change: Change) -> None:
    changed = json.loads(PART)
    change(changed)
    assert breaks(BEFORE, shape(changed)) == []


def test_a_field_may_be_called_like_a_word_of_the_specification() -> None:
    assert "title" in schema(shape(NOW), "KindAsked")["properties"]


def test_a_break_is_said_by_its_name() -> None:
    found = [Break("getBank 200.state", "it is gone"), Break("listBanks", "it is gone")]
    changes = "## Next\n* **Breaks** `getBank 200.state`: it was always null.\n* `listBanks` is quicker.\n"
    assert unsaid(found, changes) == [found[1]]


def test_nothing_that_is_published_breaks_unsaid() -> None:
    changes = (DOCS / "api-changes.md").read_text(encoding="utf-8")
    assert [str(one) for one in unsaid(breaks(BASELINE, shape(NOW)), changes)] == [], (
        "say it in docs/api-changes.md, on a line that begins with `* **Breaks**`; or better: don't break it"
    )


def test_the_baseline_is_of_the_version_that_is_published() -> None:
    assert BASELINE["info"]["version"] == NOW["info"]["version"], (
        "a version is published: .venv/bin/python -m scripts.describe --baseline makes it the one to compare with"
    )
