"""What the screens use and we did not write: pinned by hash, brought at set-up, packed with its licences."""

import json
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[3]
VENDOR = "cranny/ui/static/vendor/"


def test_the_lock_names_hashes_and_no_addresses() -> None:
    lock = json.loads((ROOT / "package-lock.json").read_text())
    declared = json.loads((ROOT / "package.json").read_text())["dependencies"]
    packages = {name.removeprefix("node_modules/"): about for name, about in lock["packages"].items() if name}
    assert {name: packages[name]["version"] for name in declared} == declared
    assert all(about["integrity"].startswith("sha512-") for about in packages.values())
    assert not any("resolved" in about for about in packages.values())


@pytest.mark.slow
def test_a_wheel_holds_them_with_their_licences_and_the_catalogue_with_its_notice(tmp_path: Path) -> None:
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir"]
    subprocess.run([*pip, str(tmp_path), str(ROOT)], check=True)  # noqa: S603 - our own build
    (wheel,) = tmp_path.glob("*.whl")
    with ZipFile(wheel) as packed:
        names = set(packed.namelist())
    assert {VENDOR + name for name in ("htmx.js", "uplot.js", "icons.svg", "font-latin.woff2")} <= names
    licences = {name.removeprefix(f"{VENDOR}licences/") for name in names if name.startswith(f"{VENDOR}licences/")}
    assert licences == {"atkinson-hyperlegible-next.txt", "htmx.org.txt", "lucide-static.txt", "uplot.txt"}
    assert {"cranny/sim/city/catalogue.csv.gz", "cranny/sim/city/catalogue.NOTICE"} <= names
