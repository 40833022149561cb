"""Writes the description of the API, as the server gives it, to docs/openapi.json:

.venv/bin/python -m scripts.describe
"""

import json
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

FILE = Path(__file__).parents[1] / "docs" / "openapi.json"


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


if __name__ == "__main__":
    FILE.write_text(described(), encoding="utf-8")
