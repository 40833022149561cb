"""The way that the docs show an integrator, walked as it stands there."""

import asyncio
import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.journeys.house import free_port

DOCS = Path(__file__).parents[2] / "docs" / "quickstart"
TOLD = ["webhook.test", "delivery.announced", "delivery.stored", "delivery.collected"]
WITHIN_S = 280

pytestmark = [pytest.mark.prove, pytest.mark.engines]


async def test_from_nothing_to_a_collected_parcel(new_data_dir: Callable[[], Path]) -> None:
    if shutil.which("curl") is None:
        pytest.skip("there is no curl on this machine: the quickstart was not walked")
    home = new_data_dir() / "quick"
    ports = {name: str(free_port()) for name in ("PORT", "KIOSK_PORT", "HOOKS_PORT")}
    bare = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    walk = await asyncio.create_subprocess_exec(
        "sh",
        str(DOCS / "quickstart.sh"),
        str(home),
        env={**bare, **ports, "CRANNY": f"{sys.executable} -m cranny"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(WITHIN_S):
        said = (await walk.communicate())[0].decode()
    assert walk.returncode == 0, said
    assert "0 violations" in said
    assert "none broken" in said
    received = [json.loads(line) for line in (home / "received.jsonl").read_text().splitlines()]
    assert [event["type"] for event in received] == TOLD
    assert len({event["id"] for event in received}) == len(received)
