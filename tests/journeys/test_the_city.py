"""The demo, small: a city of one bank lives a day, nothing is violated, and what somebody changes behind the program's
back is found."""

import asyncio
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import asyncpg

from cranny.platform import engines

from .house import free_port, together

pytestmark = together("city")

HASH = "UPDATE facts SET hash = sha256(hash) WHERE seq = 3"
TAKEN_AWAY = "UPDATE occupancies SET ended = started WHERE ended IS NULL"


async def cranny(*arguments: str) -> tuple[int | None, str]:
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "cranny", *arguments,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, env={**os.environ, "COLUMNS": "200"},
    )  # fmt: skip
    out, _ = await child.communicate()
    return child.returncode, out.decode()


async def change(data: Path, sql: str) -> None:
    """As the database's administrator, past every rule."""
    async with engines.postgres(data) as address:
        connection = await asyncpg.connect(address.admin_dsn)
        try:
            assert await connection.execute(sql) != "UPDATE 0"
        finally:
            await connection.close()


async def test_a_city_lives_and_its_end_is_believed_for_a_reason(new_data_dir: Callable[[], Path]) -> None:
    data = new_data_dir() / "city"
    small = ("--parcels", "12", "--banks", "1", "--days", "1", "--speed", "4000", "--port", str(free_port()))
    code, out = await cranny("demo", "--once", *small, "--data", str(data))
    assert (code, "\n0 violations\n" in out) == (0, True), out

    look = ("check", "--data", str(data), "--edges", str(data / "banks"))
    code, out = await cranny(*look)
    assert (code, "1 journals" in out, "0 violations" in out) == (0, True, True), out

    # A thing vanishes from behind a door; a thing appears behind another.
    world = data / "banks/corner-20/world.json"
    boxes = json.loads(world.read_text())
    full = next(box for box in boxes.values() if box["things"])
    empty = next(box for box in boxes.values() if not box["things"])
    full["things"], empty["things"] = empty["things"], full["things"]
    world.write_text(json.dumps(boxes))
    code, out = await cranny(*look)
    assert (code, out.count("I7 "), "2 violations" in out) == (1, 2, True), out

    # Somebody ends an occupancy in the database, and changes what a bank had written.
    await change(data, TAKEN_AWAY)
    await change(data, HASH)
    code, out = await cranny(*look)
    assert code == 1, out
    assert "the server believes generation 0" in out
    assert "I8 " in out
    assert "the server holds another one" in out


async def test_the_demo_wants_a_directory_of_its_own(new_data_dir: Callable[[], Path]) -> None:
    data = new_data_dir()
    (data / "something").touch()
    code, out = await cranny("demo", "--once", "--data", str(data))
    assert (code, "directory-not-empty" in out) == (78, True), out  # trying again can't help
    assert (data / "something").exists()
