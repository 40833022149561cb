"""Whoever is told to end, ends: in order when it can, and cut off when it can't."""

import asyncio
import os
import signal
from unittest.mock import Mock

import pytest

from cranny.apps import ending
from cranny.apps.ending import until_told


async def told() -> None:
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.sleep(0.01)


async def test_a_farewell_in_time_is_waited_for() -> None:
    said: list[str] = []

    async def work() -> None:
        try:
            await told()
            await asyncio.sleep(30)
        finally:
            await asyncio.sleep(0.01)
            said.append("farewell")

    await until_told(work(), farewell_s=30, leave=lambda _: said.append("cut off"))
    assert said == ["farewell"]


async def test_a_farewell_without_end_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    said = Mock()
    monkeypatch.setattr(ending, "log", said)
    left: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def work() -> None:
        try:
            await told()
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            await left  # for an engine that is gone

    await until_told(work(), farewell_s=0.01, leave=left.set_result)
    assert left.result() == 1
    (about,) = said.error.call_args_list
    assert any("work" in one for one in about.kwargs["still_running"])
