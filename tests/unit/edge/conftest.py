"""`live_bank(story)` runs `story(lab)` in virtual time."""

from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

from cranny.sim.loop import VirtualLoop, live

from .lab import Lab

Story = Callable[[Lab], Awaitable[None]]


@pytest.fixture
def live_bank() -> Iterator[Callable[..., None]]:
    """`live_bank(story, content=True, doors=20, **policy)`."""

    def run(story: Story, *, content: bool = True, doors: int = 20, opened: bool = True, **policy: Any) -> None:
        loop = VirtualLoop()

        async def whole() -> None:
            lab = Lab(loop, content=content, doors=doors)
            if opened:
                await lab.open(**policy)
            await story(lab)
            if lab._bank is not None:
                lab.check()
            await lab.crash()
            await lab.board.close()

        live(whole(), loop)

    return run
