"""The product's processes as child processes of a benchmark, configured by the product's own variables.

    python -m bench.role server <port> | worker [argon2] | ingest

The slow function is a cheap one, unless the worker is told otherwise.
"""

import sys
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any, Final

import msgspec

from cranny.apps import settings
from cranny.apps.addresses import find
from cranny.apps.parts import assemble
from cranny.apps.server import run_server
from cranny.apps.staying import stay
from cranny.apps.worker import run_worker
from cranny.core.clock import SystemClock
from cranny.core.rng import SystemRng
from cranny.fleet.ingestor import Ingestor
from cranny.platform.feature import Parts
from cranny.web import telemetry
from cranny.wire.kdf import CheapKdf

SETTLED_S: Final = 1.5
"""Sooner than in life: runs are short."""


def work(parts: Parts, read: settings.Settings, role: str, *words: str) -> Coroutine[Any, Any, None]:
    if role == "server":
        here = msgspec.structs.replace(read, host="127.0.0.1", port=int(words[0]), public_url=None)
        return run_server(parts, here)
    if role == "worker":
        return run_worker(parts)
    return Ingestor(parts.db, parts.broker, parts.keyring).run()


async def main(*words: str) -> None:
    telemetry.set_up(json=True, level="WARNING")
    read, rng = settings.read(), SystemRng()
    async with find(read, rng) as found, assemble(found, read, SystemClock(), rng) as parts:
        await work(parts if "argon2" in words else replace(parts, kdf=CheapKdf()), read, *words)


if __name__ == "__main__":
    stay(main(*sys.argv[1:]), settled_s=SETTLED_S)
