"""The PostgreSQL of this worker process, for lives of the second tier."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest_asyncio

if TYPE_CHECKING:
    from cranny.sim.whole.ground import Ground
    from tests.conftest import Engines


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def ground(engines: Engines, migrated: str) -> Ground:
    """Nobody is in it, as where `python -m cranny.sim` lives: a seed that fails here fails there."""
    from cranny.sim.whole.ground import prepare

    return await prepare(engines.postgres, migrated)
