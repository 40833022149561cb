"""What was measured, as a table for people and as JSON for programs."""

import os
import platform
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from bench.stopwatch import median


class Figure(msgspec.Struct, kw_only=True):
    """`met` is None where there is no target. `foreign` are the cores that others used, at worst; unless `trusted`
    it was too many. `beside` is what has to be known with the figure, line by line; `values` is all of it in plain
    numbers."""

    name: str
    measured: str
    target: str = ""
    met: bool | None = None
    trusted: bool
    foreign: float
    beside: list[str] = []
    values: dict[str, float] = {}


class Machine(msgspec.Struct):
    processor: str
    cores: int
    memory_gib: float
    system: str
    python: str
    fsync_ms: float
    engines: str = ""


def machine(place: Path) -> Machine:
    """This one, with the disk under `place`."""
    model = next(
        (line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")),
        platform.machine(),
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    system = f"{platform.system()} {platform.release()}"
    return Machine(model, os.cpu_count() or 0, round(memory, 1), system, platform.python_version(), _fsync_ms(place))


def table(found: Sequence[Figure]) -> str:
    rows = [("figure", "target", "measured", "", "others")]
    rows += [(one.name, one.target or "-", one.measured, _verdict(one), f"{one.foreign:.2f} cores") for one in found]
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    lines.insert(1, "  ".join("-" * width for width in widths))
    for one in found:
        lines += [f"\n{one.name}", *(f"  {line}" for line in one.beside)] if one.beside else []
    return "\n".join(lines)


def as_json(about: Machine, found: Sequence[Figure]) -> str:
    return msgspec.json.format(msgspec.json.encode({"machine": about, "figures": found})).decode()


def _verdict(figure: Figure) -> str:
    said = {True: "met", False: "MISSED", None: ""}[figure.met]
    return said if figure.trusted else f"{said} (not trustworthy: machine busy)".strip()


def _fsync_ms(place: Path) -> float:
    taken: list[float] = []
    with (place / "fsync").open("wb", buffering=0) as file:
        for _ in range(50):
            file.seek(0)
            file.write(bytes(8192))
            began = time.perf_counter()
            os.fdatasync(file.fileno())
            taken.append(time.perf_counter() - began)
    return round(median(taken) * 1000, 3)


def _lines(path: str) -> list[str]:
    return Path(path).read_text(encoding="utf-8").splitlines() if Path(path).exists() else []
