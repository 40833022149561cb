"""How a process that stays runs: to its end, or until it is told; its garbage collector leaves the start alone."""

import asyncio
import gc
import os
import signal

import pytest

from cranny.apps.staying import GARBAGE, settle, stay


@pytest.fixture
def collector():
    """Python's own settings, again, afterwards."""
    usual = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*usual)


@pytest.mark.slow
def test_it_stays_until_its_work_is_done(collector):
    done = []

    async def work():
        await asyncio.sleep(0.02)
        done.append(gc.get_freeze_count() > 0)

    stay(work(), settled_s=0)
    assert done == [True]


def test_it_stays_until_it_is_told(collector):
    farewell = []

    async def work():
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.sleep(30)
        finally:
            farewell.append("said")

    stay(work(), settled_s=30)
    assert farewell == ["said"]


def test_what_goes_wrong_comes_through():
    async def work():
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        stay(work(), settled_s=30)


@pytest.mark.slow
def test_what_was_there_from_the_start_is_left_alone(collector):
    settle()
    assert gc.get_freeze_count() > 10_000
    assert gc.get_threshold() == GARBAGE
