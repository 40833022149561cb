"""What the sensors' watch remembers over a restart: one row, written with every alarm and once a minute."""

from collections.abc import Mapping
from typing import Final

import msgspec

from cranny.edge.rows import Sensing
from cranny.edge.sensing.compaction import Window, fresh
from cranny.edge.sensing.threshold import Watch
from cranny.wire.sensors import Measure, Trouble

ROW: Final = 1


class ChannelKept(msgspec.Struct, frozen=True):
    measure: Measure
    window: Window
    watch: Watch = Watch()
    doors: tuple[str, ...] = ()


class Kept(msgspec.Struct, frozen=True):
    """`at` is the moment of writing on the sensors' own clock (milliseconds), `wall_ms` on the wall clock. All windows
    began at `start`."""

    at: int
    wall_ms: int
    start: int
    channels: dict[str, ChannelKept] = {}


def read(body: bytes) -> Kept | None:
    """None when nothing was kept. What an older or newer controller kept in another form is forgotten: it is a quarter
    of an hour at most."""
    if not body:
        return None
    try:
        return msgspec.msgpack.decode(body, type=Kept)
    except msgspec.MsgspecError:
        return None


def write(kept: Kept) -> Sensing:
    return Sensing(ROW, msgspec.msgpack.encode(kept))


def begin(channels: Mapping[str, ChannelKept], at: int) -> dict[str, ChannelKept]:
    """The same with empty windows."""
    return {name: msgspec.structs.replace(one, window=fresh(at, one.measure)) for name, one in channels.items()}


def troubles(channels: Mapping[str, ChannelKept]) -> dict[str, Trouble]:
    """The live alarms, by channel."""
    return {name: one.watch.trouble for name, one in channels.items() if one.watch.alarm and one.watch.trouble}
