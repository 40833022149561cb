"""The static files, read once and served from memory under a path that holds their hash.

`/static/<version>/css/base.css` may be kept for ever: a change of any file is a new version, and relative
addresses between the files go on working.
"""

import gzip
import hashlib
import mimetypes
from pathlib import Path

import msgspec

from cranny.core.errors import Unavailable

STATIC = Path(__file__).parent / "static"
PACKED = frozenset({".css", ".js", ".svg", ".txt"})


class Item(msgspec.Struct, frozen=True):
    """One file. `packed` is its gzip, None where that would not help."""

    body: bytes
    packed: bytes | None
    media_type: str


class Shelf:
    def __init__(self, root: Path = STATIC, mount: str = "/static") -> None:
        """Raises Unavailable, code `assets-missing`, where `make assets` was never run."""
        if not (root / "vendor/htmx.js").exists():
            raise Unavailable(
                "The screens' assets are not here: run `make assets` in the checkout, or install the wheel.",
                code="assets-missing",
                retry=False,
            )
        files = sorted(path for path in root.rglob("*") if path.is_file() and not path.name.startswith("."))
        self._items = {path.relative_to(root).as_posix(): _item(path) for path in files}
        whole = hashlib.sha256(b"".join(n.encode() + i.body for n, i in self._items.items()))
        self.version = whole.hexdigest()[:12]
        self._mount = mount

    def url(self, name: str) -> str:
        """The address of a file. Raises KeyError for one that is not here: a page must not be served without."""
        self._items[name]
        return f"{self._mount}/{self.version}/{name}"

    def find(self, name: str) -> Item | None:
        return self._items.get(name)


def _item(path: Path) -> Item:
    body = path.read_bytes()
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    if kind.startswith("text/") or path.suffix in {".js", ".svg"}:
        kind += "; charset=utf-8"
    packed = gzip.compress(body, mtime=0) if path.suffix in PACKED else None
    return Item(body, packed, kind)
