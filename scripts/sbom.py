"""What others wrote and the product carries, as CycloneDX 1.6: `make sbom` writes it to build/sbom.cdx.json.

It is made of what is locked and of nothing else: requirements/run.lock and package-lock.json. The same locks give the
same file, byte for byte, so that two of them can be compared. Licences are those that installed packages name.
"""

import base64
import json
import re
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PINNED = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^ \\;]+)(?: ; (?P<where>[^\\]+?))? \\$")
HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


def document() -> dict[str, Any]:
    """The whole of it, as JSON."""
    own = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text("utf-8"), re.MULTILINE)
    if own is None:
        raise ValueError("pyproject.toml names no version")
    product = {"type": "application", "bom-ref": "cranny", "name": "cranny", "version": own[1]}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": product | {"licenses": [{"license": {"id": "Apache-2.0"}}]}},
        "components": [*python_packages(), *screen_packages()],
    }


def python_packages() -> Iterator[dict[str, Any]]:
    """Each package of the lock, with the hashes that are accepted of it and where it is needed."""
    for block in re.split(r"\n(?=\S)", (ROOT / "requirements/run.lock").read_text("utf-8")):
        found = PINNED.match(block.partition("\n")[0])
        if found is None:
            continue
        name, version = found["name"], found["version"]
        files = [{"alg": "SHA-256", "content": one} for one in HASH.findall(block)]
        where = {"type": "distribution", "url": f"https://pypi.org/project/{name}/{version}/", "hashes": files}
        yield _component(f"pkg:pypi/{name.lower()}@{version}", name, version) | {
            "licenses": [{"license": {"name": _licence(name)}}],
            "externalReferences": [where],
            "properties": [{"name": "cranny:needed-where", "value": found["where"] or "everywhere"}],
        }


def screen_packages() -> Iterator[dict[str, Any]]:
    """What the screens use, by npm."""
    lock = json.loads((ROOT / "package-lock.json").read_text("utf-8"))
    for path, one in lock["packages"].items():
        if not path:
            continue
        name = path.removeprefix("node_modules/")
        purl = f"pkg:npm/{name.replace('@', '%40')}@{one['version']}"
        digest = base64.b64decode(one["integrity"].removeprefix("sha512-")).hex()
        yield _component(purl, name, one["version"]) | {
            "licenses": [{"license": {"id": one["license"]}}],
            "hashes": [{"alg": "SHA-512", "content": digest}],
        }


def _component(purl: str, name: str, version: str) -> dict[str, Any]:
    return {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}


def _licence(name: str) -> str:
    """As the package itself names it, on one line."""
    try:
        said = metadata(name)
    except PackageNotFoundError:
        return "not installed here"
    classes = [one.rpartition(" :: ")[2] for one in said.get_all("Classifier", []) if one.startswith("License ::")]
    text = said.get("License-Expression") or ", ".join(classes) or (said.get("License") or "").partition("\n")[0]
    return text.strip() or "not named"


if __name__ == "__main__":
    Path(sys.argv[1]).parent.mkdir(parents=True, exist_ok=True)
    Path(sys.argv[1]).write_text(json.dumps(document(), indent=2) + "\n", "utf-8")
