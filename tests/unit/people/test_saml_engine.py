"""How many wait for the program that checks signatures."""

import asyncio
import threading

import pytest

from cranny.core.errors import Unavailable
from cranny.people.saml import engine


async def test_more_than_can_be_served_are_told_to_come_again() -> None:
    let_go, ran = threading.Event(), list[int]()
    busy = engine.Engine()

    def deed(n: int) -> None:
        assert let_go.wait(20)
        ran.append(n)

    room = engine.AT_ONCE + engine.WAITING
    every = [asyncio.ensure_future(busy._away(lambda n=n: deed(n))) for n in range(room + 5)]  # type: ignore[misc]
    await asyncio.sleep(0)
    let_go.set()
    came = await asyncio.gather(*every, return_exceptions=True)
    assert [getattr(one, "code", "") for one in came] == [""] * room + ["saml-busy"] * 5
    assert all(isinstance(one, Unavailable) for one in came[room:])
    assert sorted(ran) == list(range(room))
    await busy._away(lambda: None)


async def test_a_deed_that_fails_gives_its_place_back() -> None:
    lonely = engine.Engine()
    for _ in range(engine.AT_ONCE + engine.WAITING + 1):
        with pytest.raises(ZeroDivisionError):
            await lonely._away(lambda: 1 / 0)
