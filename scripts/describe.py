"""Writes the description of the API, as the server gives it, to docs/openapi.json:

.venv/bin/python -m scripts.describe

With `--baseline` also what the next descriptions are compared with, to docs/api-baseline.json: when a version is
published, and at no other time.
"""

import json
import sys
from pathlib import Path
from typing import Any, cast

from litestar.serialization import encode_json

from cranny.core.clock import SystemClock
from cranny.core.ids import TimeIds
from cranny.core.rng import SeededRng
from cranny.platform.feature import Parts
from cranny.platform.keys import Keyring
from cranny.wire.brokers.memory import Hub
from cranny.wire.kdf import CheapKdf
from cranny.wiring.serving import join
from scripts.api_breaks import shape

DOCS = Path(__file__).parents[1] / "docs"


def described() -> str:
    """It is made of the code alone: no engine is asked."""
    rng, clock = SeededRng(0), SystemClock()
    parts = Parts(
        db=cast("Any", None),
        broker=Hub().join("server"),
        keyring=Keyring(bytes(32), rng=rng),
        kdf=CheapKdf(),
        clock=clock,
        ids=TimeIds(clock, rng),
        rng=rng,
    )
    document = json.loads(encode_json(join(parts).openapi_schema.to_schema()))
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def as_baseline(document: dict[str, Any]) -> str:
    """What is kept to compare with: a line for each operation and schema, so that a diff says which of them moved."""
    kept = shape(document)
    groups = [("paths", kept["paths"]), ("schemas", kept["components"]["schemas"])]
    parts = [
        f"{json.dumps(name)}: {{\n"
        + ",\n".join(f"{json.dumps(key)}: {_plain(group[key])}" for key in sorted(group))
        + "\n}"
        for name, group in groups
    ]
    return f'{{"info": {_plain(kept["info"])},\n{parts[0]},\n"components": {{{parts[1]}}}\n}}\n'


def _plain(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False)


if __name__ == "__main__":
    text = described()
    (DOCS / "openapi.json").write_text(text, encoding="utf-8")
    if "--baseline" in sys.argv:
        (DOCS / "api-baseline.json").write_text(as_baseline(json.loads(text)), encoding="utf-8")
