"""Processes that are kept running, unless they say that it is of no use."""

import asyncio
from pathlib import Path

import pytest

from cranny.apps.family import EndedForGood, keep


async def test_who_can_t_run_as_things_are_is_not_started_again(tmp_path: Path) -> None:
    said = tmp_path / "words"
    async with asyncio.timeout(60):
        with pytest.raises(EndedForGood):
            await keep("bank", ["edge", "--data", str(tmp_path)], {}, output=said)
    assert said.read_text().count("not-enrolled") == 1
