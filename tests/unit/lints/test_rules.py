"""Each house rule, with something it must catch and something it must let pass."""

from pathlib import PurePosixPath

import pytest

from lints.run import look_at, rule_names
from lints.source import Source

ROOM = "src/cranny/sites/tables.py"
UNFINISHED = "TO" + "DO"

BAD = [
    (ROOM, 'SQL = "UPDATE banks SET state = $1 WHERE id = $2"', "events.move()"),
    (ROOM, 'SQL = "UPDATE banks SET seen = now(), state = $1"', "events.move()"),
    (
        ROOM,
        'SQL = "INSERT INTO banks VALUES ($1) ON CONFLICT (id) DO UPDATE SET state = excluded.state"',
        "events.move()",
    ),
    (ROOM, 'async def f(tx, name):\n    await tx.run(f"DELETE FROM {name}")', "$1"),
    (ROOM, 'async def f(tx, name):\n    await tx.one("SELECT * FROM t WHERE a = " + name)', "$1"),
    (ROOM, 'async def f(c, name):\n    await c.fetch("SELECT * FROM %s" % name)', "$1"),
    (ROOM, 'async def f(c, name):\n    await c.execute("SELECT * FROM {}".format(name))', "$1"),
    (ROOM, 'async def f(c, name):\n    sql = f"SELECT * FROM {name}"\n    await c.fetchval(sql)', "$1"),
    (ROOM, "x = 1\n" * 401, "401 lines"),
    (ROOM, "def f():\n" + "    x = 1\n" * 50, "51 lines"),
    ("src/cranny/sites/bank_utils.py", "", "tells nothing"),
    ("src/cranny/services/bank.py", "", "tells nothing"),
    (ROOM, "class BankManager: ...", '"Manager" in BankManager'),
    (ROOM, "try:\n    f()\nexcept:\n    log.error('no')", "bare except"),
    (ROOM, "try:\n    f()\nexcept Exception:\n    pass", "none is heard of"),
    (ROOM, "try:\n    f()\nexcept (ValueError, Exception):\n    x = None", "none is heard of"),
    (ROOM, "with contextlib.suppress(Exception):\n    f()", "suppressed"),
    (ROOM, f"x = 1  # {UNFINISHED} later", "open an issue"),
    ("src/cranny/ui/static/wall.css", f"/* {UNFINISHED}: dark */", "open an issue"),
]

GOOD = [
    (ROOM, 'SQL = "INSERT INTO banks (id, state) VALUES ($1, $2)"'),
    (ROOM, 'SQL = "UPDATE banks SET seen = $2 WHERE state = $1"'),
    (ROOM, 'SQL = "UPDATE banks SET door_state = $2 WHERE id = $1"'),
    ("src/cranny/platform/events.py", 'SQL = "UPDATE banks SET state = $1"'),
    ("src/cranny/edge/schema.py", 'SQL = "UPDATE grants SET state = $1"'),
    (ROOM, 'COLUMNS = "a, b"\nSQL = f"SELECT {COLUMNS} FROM t"\nasync def f(tx):\n    await tx.all(SQL)'),
    (ROOM, 'async def f(tx, x):\n    await tx.value("SELECT a FROM t WHERE b = $1", f"%{x}%")'),
    (ROOM, 'def f(pipeline, x):\n    pipeline.run(f"step {x}")'),
    (ROOM, "x = 1\n" * 400),
    (ROOM, "def f():\n" + "    x = 1\n" * 49),
    ("src/cranny/sites/migrations/0001_sites.py", "def upgrade():\n" + "    x = 1\n" * 80),
    (ROOM, "class ServingBank: ..."),
    (ROOM, "try:\n    f()\nexcept Exception:\n    log.exception('no')\n    retry()"),
    (ROOM, "try:\n    f()\nexcept Exception as e:\n    raise Refused('no') from e"),
    (ROOM, "try:\n    f()\nexcept ValueError:\n    pass"),
    (ROOM, f'label = "{UNFINISHED}"'),
]


@pytest.mark.parametrize(("path", "text", "says"), BAD)
def test_it_is_caught_once_and_explained(path, text, says):
    (finding,) = look_at(Source(PurePosixPath(path), text))
    assert says in finding.says
    assert finding.line >= 1


@pytest.mark.parametrize(("path", "text"), GOOD)
def test_it_passes(path, text):
    assert list(look_at(Source(PurePosixPath(path), text))) == []


def test_the_rules_are_found_by_listing():
    assert set(rule_names()) == {"composed_sql", "names", "promises", "sizes", "state_columns", "swallowed"}
