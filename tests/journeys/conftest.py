from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from .house import House, free_port, say


@pytest_asyncio.fixture(loop_scope="function")
async def house(data_dir: Path) -> AsyncIterator[House]:
    """`cranny up` on an empty directory, with one tenant."""
    house = House(data_dir, free_port())
    await house.up()
    shown = await say("tenant", "add", "Hallway", "--data", str(data_dir))
    house.key = next(word for word in shown.split() if word.startswith("crn_"))
    yield house
    await house.down()
