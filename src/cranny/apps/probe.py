"""Reads each sensor of a bank once, on the box itself: is it wired, and does it say what is?"""

import asyncio
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Final

from cranny import sites
from cranny.apps.edge import CLIMATE, JOURNAL, Box
from cranny.core.errors import CrannyError, Invalid
from cranny.edge import drivers, sensors
from cranny.edge.journal import read_state
from cranny.edge.owner import sole_owner
from cranny.edge.sensors import Around, hundredths
from cranny.edge.sensors.board import address
from cranny.wire.messages import ChannelGiven

PATIENCE_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Probed:
    """`value` in hundredths; None where nothing came, and `why`."""

    channel: ChannelGiven
    value: int | None
    why: str = ""


async def probe(box: Box, *, layout: str | None) -> list[Probed]:
    """`layout` is a bank's file, for a box that has no layout from its server. Raises Conflict (`box-in-use`: a line
    has one owner), Invalid (`layout-unknown`), and what the lock board's driver says."""
    with sole_owner(box.home):
        channels = await asyncio.to_thread(_channels, box, layout)
        name, _, place = box.board.partition(":")
        driver = await drivers.load(name).open_board(place, clock=box.clock, rng=box.rng)
        try:
            driver.fit([found for found in map(address, channels) if found])
            around = Around(box.clock, driver, climate=box.home / CLIMATE)
            return [await _read(channel, around) for channel in channels]
        finally:
            await driver.close()


def _channels(box: Box, layout: str | None) -> Sequence[ChannelGiven]:
    if layout is not None:
        return [sites.as_channel(sensor) for sensor in sites.read_yaml(layout).sensors]
    path = box.home / JOURNAL
    if not path.exists():
        raise Invalid("This box knows no layout yet: enrol it, or give --layout.", code="layout-unknown")
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        given = read_state(connection).layout
    if given is None:
        raise Invalid("This box knows no layout yet: enrol it, or give --layout.", code="layout-unknown")
    return given.sensors


async def _read(channel: ChannelGiven, around: Around) -> Probed:
    try:
        source = sensors.load(channel.source).open_source(channel, around)
        try:
            async with asyncio.timeout(PATIENCE_S):
                return Probed(channel, hundredths(channel.measure, await source.read()))
        finally:
            await source.close()
    except TimeoutError:
        return Probed(channel, None, f"no answer within {PATIENCE_S:g} s")
    except CrannyError as error:
        return Probed(channel, None, error.detail)
