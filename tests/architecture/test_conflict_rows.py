"""Every row of the conflict table names tests that are there, and every test of the table has its row."""

import re
from pathlib import Path

HERE = Path(__file__).parents[2]
SHORT = {"T": "tests/deliveries/test_conflict_table.py", "E": "tests/unit/edge", "F": "tests/unit/fleet"}
NAMED = re.compile(r"`([TEF](?:/[a-z_]+\.py)?)::(test_\w+)`")
ROW = re.compile(r"^\| (?!the bank \(fact\)|-)", re.MULTILINE)


def test_the_table_and_the_tests_name_each_other() -> None:
    page = (HERE / "docs/conflicts.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if ROW.match(line) and not line.startswith("|---")]
    assert len(rows) >= 24
    for row in rows:
        found = NAMED.findall(row)
        assert found, f"a row without a test: {row}"
        for place, name in found:
            path = HERE / (SHORT[place[0]] + place[1:])
            assert re.search(rf"^(?:async )?def {name}\(", path.read_text(encoding="utf-8"), re.MULTILINE), (path, name)
    of_rows = re.findall(
        r"^async def (test_\w+_x_\w+)\(", (HERE / SHORT["T"]).read_text(encoding="utf-8"), re.MULTILINE
    )
    assert set(of_rows) <= {name for _, name in NAMED.findall(page)}
