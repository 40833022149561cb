"""Whatever the description says is edited with `If-Match`: its address gives an ETag, and an edit with another one is
refused and changes nothing. Generated from the description, so that a new one is held to it."""

import json
from pathlib import Path
from typing import Any, Final

import httpx2

from tests.platform.furnished import AGENT
from tests.platform.test_one_effect import Place, place

__all__ = ["place"]

DESCRIPTION: Final = json.loads((Path(__file__).parents[2] / "docs/openapi.json").read_text(encoding="utf-8"))
EDITS: Final = [
    (method, path, item)
    for path, item in DESCRIPTION["paths"].items()
    for method in ("put", "patch", "delete")
    if any(one["name"] == "If-Match" for one in item.get(method, {}).get("parameters", []))
]
BODIES: Final[dict[str, Any]] = {
    "/v1/saml-providers/{saml_provider}": {"name": "Without metadata", "domains": ["example.org"]},
}
"""Where the example can't be taken as it is."""
READ_AT: Final = {"/v1/people/{person}/roles": "/v1/people/{person}"}
ELSEWHERE: Final = {
    ("put", "/v1/sign-in-providers/{provider}"): "asks the provider first; tests/people/test_oidc.py",
}


async def test_every_edit_that_takes_an_etag_goes_by_it(place: Place) -> None:
    wrong, here = [], place.here
    headers = {"Cookie": f"cranny-session={here.cookie}", "User-Agent": AGENT}
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(place.app), base_url="http://server", headers=headers
    ) as client:
        for method, path, item in EDITS:
            if (method, path) in ELSEWHERE:
                continue
            names = [one["name"] for one in item[method]["parameters"] if one["in"] == "path"]
            at = {name: str(await here.make(name)) for name in names}
            read = READ_AT.get(path, path).format(**at)
            asked = {"json": BODIES.get(path) or example(item[method])} if method != "delete" else {}
            if method == "put" and (await client.get(read)).status_code == 404:
                await client.put(path.format(**at), **asked)
            before = await client.get(read)
            answer = await client.request(method, path.format(**at), headers={"If-Match": '"0"'}, **asked)
            after = await client.get(read)
            tags = {one.headers.get("etag") for one in (before, after)}
            if (answer.status_code, None in tags, len(tags)) != (412, False, 1):
                wrong.append((method, path, before.status_code, tags, answer.status_code, answer.text))
    assert wrong == []


def example(operation: dict[str, Any]) -> Any:
    """The first example of its body."""
    content = operation["requestBody"]["content"]["application/json"]
    shown = content.get("examples") or content["schema"]["examples"]
    first = next(iter(shown.values())) if isinstance(shown, dict) else shown[0]
    return first["value"] if isinstance(first, dict) and "value" in first else first
