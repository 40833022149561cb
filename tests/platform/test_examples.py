"""What the description shows is what it says: every example fits its schema, as a validator of others reads both."""

import json
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import msgspec
import pytest

from cranny.outreach.preferences_shapes import QuietHours
from cranny.people.oidc.api import Name as ProviderName
from cranny.platform.api_keys import KeyAsked
from cranny.sites.api import SizeClassAsked
from cranny.usecases.deliveries.shapes import DeliveryAsked
from cranny.webhooks.shapes import Pattern
from cranny.wire.kinds import Text
from cranny.wire.summed import Label
from scripts.describe import described

Place = tuple[str, dict[str, Any], list[Any]]


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(described())
    return found


def parts(part: Any, where: str = "#") -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(part, dict):
        yield where, part
    inner = part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ()
    for name, one in inner:
        yield from parts(one, f"{where}/{name}")


def places(document: dict[str, Any]) -> Iterator[Place]:
    """Each schema that something is shown of: beside it by name, as of answers and bodies, or in it as a list."""
    for where, part in parts(document):
        shown = part.get("examples")
        if isinstance(shown, dict) and "schema" in part:
            yield where, part["schema"], [one["value"] for one in shown.values()]
        elif isinstance(shown, list):
            yield where, part, shown


def misfits(document: dict[str, Any], schema: dict[str, Any], shown: list[Any]) -> list[str]:
    whole = {**schema, "components": document["components"]}
    judge = jsonschema_rs.Draft202012Validator(whole, validate_formats=True)
    return [error.message for value in shown for error in judge.iter_errors(value)]


def test_every_example_fits_its_schema(document: dict[str, Any]) -> None:
    found = list(places(document))
    answers = [where for where, _, _ in found if "/responses/" in where]
    asked = [where for where, _, _ in found if "/responses/" not in where]
    assert (len(answers) >= 88, len(asked) >= 15) == (True, True), "none of them has gone"
    assert {where: flaws for where, schema, shown in found if (flaws := misfits(document, schema, shown))} == {}


def test_an_example_that_does_not_fit_is_found(document: dict[str, Any]) -> None:
    where = "#/paths//v1/alarms/{alarm}/get/responses/200/content/application/json"
    (schema, shown) = next((schema, shown) for here, schema, shown in places(document) if here == where)
    assert shown[0]["ended"] is None, "nulls are shown"
    assert misfits(document, schema, [{name: value for name, value in shown[0].items() if name != "ended"}])
    assert misfits(document, schema, [{**shown[0], "id": "no uuid"}])


def test_patterns_are_those_of_json_schema(document: dict[str, Any]) -> None:
    r"""ECMA-262 knows neither `\A` nor `\Z`; that they can be read is seen where the examples are judged."""
    patterns = {part["pattern"] for _, part in parts(document) if isinstance(part.get("pattern"), str)}
    assert r"^[^\x00-\x1f\x7f]+$" in patterns
    assert [one for one in patterns if r"\Z" in one or r"\A" in one] == []


@pytest.mark.parametrize(
    ("kind", "good"),
    [
        (Label, "07"),
        (Pattern, "delivery.*"),
        (ProviderName, "City"),
        (KeyAsked.__annotations__["label"], "shop"),
        (DeliveryAsked.__annotations__["kind"], "parcel"),
        (SizeClassAsked.__annotations__["name"], "M"),
        (QuietHours.__annotations__["start"], "22:00"),
    ],
)
def test_a_last_newline_does_not_get_in(kind: Any, good: str) -> None:
    """Python's own `$` lets it pass, and the `$` that the description has does not."""
    assert msgspec.convert(good, kind) == good
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(f"{good}\n", kind)


def test_a_text_may_have_lines() -> None:
    assert msgspec.convert("1\n2\n", Text) == "1\n2\n"
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert("1\0\n", Text)
