"""The description of the API is complete, and the one in docs/ is the one that the server gives."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cranny.platform.meanings import MEANINGS
from cranny.platform.scopes import KNOWN
from scripts.describe import described

DOCS = Path(__file__).parents[2] / "docs"
NO_BODY = {"204"}
BINARY = {"carryUplink"}
"""Its answer is bytes for a bank."""
OF_BOXES = {"enrolBank"}
"""What a box sends is signed: an example would be one that nobody can send."""


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(described())
    return found


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [(path, method, said) for path, item in document["paths"].items() for method, said in item.items()]


def resolved(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema or "allOf" in schema:
        if schema.get("examples"):
            return schema
        name = (schema["$ref"] if "$ref" in schema else schema["allOf"][0]["$ref"]).rpartition("/")[2]
        schema = document["components"]["schemas"][name]
    return schema


def test_every_operation_says_all_there_is_to_say(document: dict[str, Any]) -> None:
    assert [lack for path, method, said in operations(document) for lack in lacks(document, path, method, said)] == []


def lacks(document: dict[str, Any], path: str, method: str, said: dict[str, Any]) -> Iterator[str]:
    where, key = f"{method.upper()} {path}", said.get("security") != []
    for what in ("summary", "description", "operationId", "tags"):
        if not said.get(what):
            yield f"{where}: no {what}"
    for parameter in said.get("parameters", []):
        if not parameter.get("description"):
            yield f"{where}: {parameter['name']} is not described"
    wanted = {"400", "default"} | ({"401", "403", "429"} if key else set()) | ({"404"} if "{" in path else set())
    wanted |= {"409", "422"} if method == "post" and key else set()
    for code in sorted(wanted - set(said["responses"])):
        yield f"{where}: does not say when {code}"
    described = {tag["name"] for tag in document["tags"]}
    yield from (f"{where}: nothing is said of its tag {tag}" for tag in set(said.get("tags", [])) - described)
    headers = {code: set(answer.get("headers", {})) for code, answer in said["responses"].items()}
    if key and not all({"RateLimit", "RateLimit-Policy"} <= headers[code] for code in headers if code[0] == "2"):
        yield f"{where}: does not say what is left of the limit"
    for code, answer in said["responses"].items():
        yield from (f"{where}: {code} {lack}" for lack in answer_lacks(said["operationId"], code, answer))
    yield from (f"{where}: the body has no example" for _ in bodies_without_example(document, said))


def answer_lacks(name: str, code: str, answer: dict[str, Any]) -> Iterator[str]:
    content = answer.get("content", {})
    if not code.startswith("2") and list(content) != ["application/problem+json"]:
        yield "is no problem document"
    if code.startswith("2") and code not in NO_BODY and name not in BINARY:
        yield from () if any(kind.get("examples") for kind in content.values()) else ("has no example",)


def bodies_without_example(document: dict[str, Any], said: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for kind in said.get("requestBody", {}).get("content", {}).values():
        schema = resolved(document, kind["schema"])
        fields = schema.get("properties", {}).values()
        shown = kind.get("examples") or schema.get("examples") or any(field.get("examples") for field in fields)
        if not shown and said["operationId"] not in OF_BOXES:
            yield kind


def test_every_operation_has_a_name_of_its_own_that_a_client_can_be_made_from(document: dict[str, Any]) -> None:
    names = [said["operationId"] for _, _, said in operations(document)]
    assert len(names) == len(set(names))
    assert [name for name in names if not re.fullmatch(r"[a-z]+([A-Z][a-z]+)+", name)] == []


def test_every_link_leads_to_an_operation(document: dict[str, Any]) -> None:
    by_name = {said["operationId"]: said for _, _, said in operations(document)}
    links = [
        (said["operationId"], link)
        for _, _, said in operations(document)
        for answer in said["responses"].values()
        for link in answer.get("links", {}).values()
    ]
    for where, link in links:
        there = {parameter["name"] for parameter in by_name[link["operationId"]]["parameters"]}
        assert set(link["parameters"]) <= there, where
    assert {"announceDelivery", "addBank", "addEndpoint", "listDeliveries", "listEvents"} <= {
        where for where, _ in links
    }


def test_every_shape_and_every_field_of_it_says_what_it_is(document: dict[str, Any]) -> None:
    dumb, said = [], set()
    for name, schema in document["components"]["schemas"].items():
        text = schema.get("description", "")
        dumb += [] if text else [name]
        for field, part in schema.get("properties", {}).items():
            said.add((field, part.get("description")))
            dumb += [] if f"`{field}`" in text or part.get("description") else [f"{name}.{field}"]
    assert dumb == [], "a docstring below the field, its name in `backticks` in the shape's, or a row of MEANINGS"
    assert [row for row in MEANINGS.items() if row not in said] == [], "nothing has these"


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    wanted = set(re.findall(r'"\$ref":\s*"#/components/schemas/([^"]+)"', json.dumps(document)))
    assert wanted <= set(document["components"]["schemas"])


def test_the_page_names_every_scope_and_every_list_with_its_filters(document: dict[str, Any]) -> None:
    page = (DOCS / "api.md").read_text(encoding="utf-8")
    rows = [line.split("|") for line in page.splitlines() if line.startswith("| `")]
    named = {name for row in rows for name in re.findall(r"`([^`]+)`", row[1])}
    areas = {scope.partition(":")[0] for scope in KNOWN} - {"all", "codes"}
    assert areas - named == set()
    said = {path: set(re.findall(r"`(\w+)`", row[-2])) for row in rows for path in re.findall(r"`(/[^`]+)`", row[1])}
    for path, item in document["paths"].items():
        asked = {one["name"] for one in item.get("get", {}).get("parameters", []) if one["in"] == "query"}
        if path.startswith("/v1/") and asked & {"after", "limit"}:
            assert said.get(path) == asked - {"after", "limit", "sort"}, path


def test_the_description_in_docs_is_the_servers() -> None:
    assert (DOCS / "openapi.json").read_text(encoding="utf-8") == described(), (
        "the API has changed. Refresh: .venv/bin/python -m scripts.describe; look at `git diff docs/openapi.json` for "
        "what would break a client, and say in docs/api-changes.md what changed, for whom"
    )
