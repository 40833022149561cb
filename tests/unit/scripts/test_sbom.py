"""What is locked is what is listed: nothing more, nothing less, and the same each time."""

import json
import re
from importlib.metadata import version

import pytest

from scripts.sbom import ROOT, document


@pytest.mark.slow
def test_everything_that_is_locked_is_listed_with_its_version_and_hashes() -> None:
    made = document()
    assert (made["bomFormat"], made["specVersion"], made["metadata"]["component"]["name"]) == (
        "CycloneDX",
        "1.6",
        "cranny",
    )
    lock = (ROOT / "requirements/run.lock").read_text("utf-8")
    pinned = re.findall(r"^([A-Za-z0-9._-]+)==([^ \\;]+)", lock, re.MULTILINE)
    npm = json.loads((ROOT / "package-lock.json").read_text("utf-8"))["packages"]
    listed = {(one["name"], one["version"]) for one in made["components"]}
    assert listed == {*pinned, *((path.removeprefix("node_modules/"), npm[path]["version"]) for path in npm if path)}
    assert len({one["purl"] for one in made["components"]}) == len(made["components"]) > 50
    hashes = [len(ref["hashes"]) for one in made["components"] for ref in one.get("externalReferences", [])]
    assert sum(hashes) == lock.count("--hash=sha256:")
    assert min(hashes) > 0


def test_what_is_installed_is_what_is_listed_and_names_its_licence() -> None:
    listed = {one["name"]: one for one in document()["components"]}
    for name in ("litestar", "asyncpg", "cryptography"):
        assert listed[name]["version"] == version(name)
        assert listed[name]["licenses"][0]["license"]["name"] not in ("not named", "not installed here")


def test_two_of_the_same_locks_are_the_same() -> None:
    assert json.dumps(document()) == json.dumps(document())
