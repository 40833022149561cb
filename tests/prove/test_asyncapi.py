"""The parser of those who made AsyncAPI reads docs/asyncapi.json, and finds nothing wrong; and does find what is."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CHECK = ROOT / "requirements" / "asyncapi"

pytestmark = pytest.mark.prove


@pytest.fixture(scope="module")
def parser(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The parser, as its lock file names it by hashes."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        pytest.skip("there is no Node on this machine: AsyncAPI's own parser was not asked")
    home = tmp_path_factory.mktemp("asyncapi")
    shutil.copytree(CHECK, home, dirs_exist_ok=True)
    subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=home, check=True, capture_output=True)  # noqa: S607
    return home


def read(parser: Path, file: Path) -> dict[str, object]:
    said = subprocess.run(  # noqa: S603 - our own script
        ["node", "check.js", str(file)],  # noqa: S607
        cwd=parser,
        check=True,
        capture_output=True,
        text=True,
    )
    found: dict[str, object] = json.loads(said.stdout)
    return found


def test_it_is_valid(parser: Path) -> None:
    assert read(parser, ROOT / "docs" / "asyncapi.json") == {"version": "3.0.0", "operations": 5, "bad": []}


def test_a_mistake_is_found(parser: Path, tmp_path: Path) -> None:
    document = json.loads((ROOT / "docs" / "asyncapi.json").read_text(encoding="utf-8"))
    document["operations"]["pokeBank"]["action"] = "sned"
    wrong = tmp_path / "wrong.json"
    wrong.write_text(json.dumps(document))
    assert read(parser, wrong)["bad"] != []
