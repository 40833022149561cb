"""docs/asyncapi.json is the protocol of the bank as wire/ has it, and holds together."""

import json
import re
from pathlib import Path
from typing import Any, get_args

import pytest

from cranny.wire import kinds, signing, subjects
from scripts import bank_protocol

DOCS = Path(__file__).parents[3] / "docs"


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(bank_protocol.described())
    return found


def at(document: Any, ref: str) -> Any:
    for name in ref.removeprefix("#/").split("/"):
        document = document[name]
    return document


def test_the_page_in_docs_is_what_the_code_says() -> None:
    assert (DOCS / "asyncapi.json").read_text(encoding="utf-8") == bank_protocol.described(), (
        "the protocol has changed, which older banks must bear. Refresh: .venv/bin/python -m scripts.bank_protocol"
    )


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    refs = re.findall(r'"\$ref": "([^"]+)"', json.dumps(document))
    assert len(refs) > 40
    for ref in refs:
        assert at(document, ref) is not None, ref


def test_every_subject_of_a_bank_is_a_channel(document: dict[str, Any]) -> None:
    """The ones that are left out are the server's own, between its processes."""
    owned = {
        name
        for name, made in vars(subjects).items()
        if callable(made) and getattr(made, "__annotations__", {}).keys() == {"tenant", "bank", "return"}
    } - {"below"}
    assert owned == {"facts", "beat", "pull", "poke", "command"}
    assert owned | {"answers"} == set(document["channels"])
    for name in owned:
        assert re.fullmatch(r"cranny\.\{tenant\}\.\{bank\}\.(up|down)\.\w+", document["channels"][name]["address"])


def test_every_purpose_that_is_signed_between_them_is_told(document: dict[str, Any]) -> None:
    """`enrolment` goes over HTTP, `token` is a QR."""
    told = {re.sub(r".*`(.*)`.*", r"\1", message["summary"]) for message in document["components"]["messages"].values()}
    assert set(get_args(signing.Purpose)) - {"enrolment", "token"} <= told


def test_every_kind_of_fact_has_its_shape(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    assert schemas["FactKind"]["enum"] == sorted(kinds.KINDS)
    assert {schema["x-fact-kind"] for schema in schemas.values() if "x-fact-kind" in schema} == set(kinds.KINDS)
