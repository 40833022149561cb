"""What every reader must do, whatever it is. A new file in `edge/readers` is tested here by being there."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from cranny.core.clock import SystemClock
from cranny.core.errors import Invalid, NotFound
from cranny.core.rng import SeededRng
from cranny.edge import readers
from cranny.edge.readers import Bench, Presented
from cranny.edge.readers._parts.lines import GAP_S

PATIENCE_S = 20.0


class Later(SystemClock):
    """A clock that can be put forward."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead


class Heard:
    """A reader somebody listens to."""

    def __init__(self, bench: Bench, clock: Later) -> None:
        self.bench = bench
        self.hand = bench.hand
        self.clock = clock
        self._news: asyncio.Queue[Presented] = asyncio.Queue()
        self.task = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        async for presented in self.bench.reader.presented():
            self._news.put_nowait(presented)

    async def next(self) -> str:
        async with asyncio.timeout(PATIENCE_S):
            return (await self._news.get()).text

    async def until_it_hears(self) -> None:
        """Hold something to it until it is told: a device takes a moment to be found."""
        async with asyncio.timeout(PATIENCE_S):
            while self._news.empty():
                await self.hand.hold(self.hand.also)
                await asyncio.sleep(0.1)
        while not self._news.empty():
            assert self._news.get_nowait().text == self.hand.also

    async def nothing(self) -> None:
        """Nothing was told, and the next thing is."""
        await self.hand.hold(self.hand.shows)
        assert await self.next() == self.hand.shows


@pytest.fixture(params=readers.names())
async def heard(request: pytest.FixtureRequest) -> AsyncIterator[Heard]:
    module = readers.load(request.param)
    if why := module.missing():
        pytest.skip(why)
    clock = Later()
    async with module.bench(clock=clock, rng=SeededRng(1)) as bench:
        found = Heard(bench, clock)
        yield found
        found.task.cancel()
        await asyncio.gather(found.task, return_exceptions=True)


async def test_what_is_held_to_it_is_told_as_it_is_and_once(heard: Heard) -> None:
    await heard.until_it_hears()
    for text in (heard.hand.shows, heard.hand.also, heard.hand.shows, heard.hand.shows):
        await heard.hand.hold(text)
        assert await heard.next() == text
    await heard.nothing()


async def test_half_a_thing_is_nothing(heard: Heard) -> None:
    await heard.until_it_hears()
    await heard.hand.babble()
    await asyncio.sleep(0.2)
    heard.clock.ahead += GAP_S + 1
    await heard.nothing()


async def test_what_is_pulled_out_goes_on_when_it_is_back(heard: Heard) -> None:
    await heard.until_it_hears()
    for _ in range(2):
        await heard.hand.babble()
        await heard.hand.unplug()
        await asyncio.sleep(0.2)
        await heard.hand.plug()
        await heard.until_it_hears()
        assert not heard.task.done()


async def test_it_says_badge_or_text_and_nothing_of_what_it_read(heard: Heard) -> None:
    await heard.until_it_hears()
    await heard.hand.hold(heard.hand.shows)
    async with asyncio.timeout(PATIENCE_S):
        told = await heard._news.get()
    assert told.kind in ("text", "badge")
    assert heard.hand.shows not in repr(told)


@pytest.mark.parametrize("name", readers.names())
@pytest.mark.parametrize("address", ["/dev/x,nonsense=1", "/dev/x,kind=key", "nowhere,kind=text,"])
def test_an_address_that_can_t_be_meant_is_refused(name: str, address: str) -> None:
    with pytest.raises(Invalid, match="reader"):
        readers.load(name).open_reader(address, clock=SystemClock(), rng=SeededRng(1))


def test_the_folder_is_the_registry() -> None:
    assert {"serial", "input", "hidraw", "pcsc"} <= set(readers.names())
    with pytest.raises(NotFound, match="serial"):
        readers.load("crystal-ball")
