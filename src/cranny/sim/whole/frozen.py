"""A virtual loop on which the product's server can live: what it would do in a thread is done at once."""

import asyncio
from collections.abc import Callable
from typing import Any

from cranny.sim.loop import VirtualLoop


class FrozenLoop(VirtualLoop):
    """Time stands still meanwhile, as it does while the database works."""

    def run_in_executor(self, _: object, work: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:  # type: ignore[override]
        done = self.create_future()
        done.set_result(work(*args))
        return done
