"""Real parcels: outer sizes and weights of 24,678 products as they were shipped (see catalogue.NOTICE)."""

import csv
import gzip
from functools import cache
from importlib.resources import files
from typing import NamedTuple

HEAVIEST_G = 25_000
"""Parcel machines take no more (InPost's domestic limit), so nobody sends heavier ones to one."""


class Box(NamedTuple):
    """Sides in mm."""

    width: int
    height: int
    depth: int
    weight_g: int


@cache
def boxes() -> tuple[Box, ...]:
    """Every parcel of the catalogue that is light enough for a locker, in the order of the file."""
    return tuple(box for box in every_box() if box.weight_g <= HEAVIEST_G)


@cache
def every_box() -> tuple[Box, ...]:
    packed = (files("cranny.sim.city") / "catalogue.csv.gz").read_bytes()
    _, *rows = csv.reader(gzip.decompress(packed).decode("ascii").splitlines())
    return tuple(Box(int(w) * 10, int(h) * 10, int(d) * 10, int(grams)) for w, h, d, grams in rows)
