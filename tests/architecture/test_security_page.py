"""docs/security.md says of every requirement where it is held: each of them is there, and so is what it points at."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/security.md").read_text("utf-8")
WANTED = dict(
    line.split() for line in (ROOT / "tests/architecture/asvs-5.0.0.txt").read_text().splitlines() if line[0] != "#"
)
ROW = re.compile(r"^\| (?P<id>V[\d.]+) \| (?P<level>[12]) \| (?P<words>[^|]+) \| (?P<where>.+) \|$", re.MULTILINE)
ROWS = {row["id"]: row for row in ROW.finditer(PAGE)}
PATH = re.compile(r"`((?:src|tests|docs|platform)/[^` ]+|requirements|pyproject\.toml|package-lock\.json)`")
LINK = re.compile(r"\]\(((?!http)[^)#]+)\)")
MOST_WORDS = 12
HELD = re.compile(
    r"`(src|tests|docs)/|`(requirements|pyproject\.toml|package-lock\.json)`|\]\(|above, under \*|this page"
)


def test_every_requirement_of_both_levels_has_one_line() -> None:
    assert len(WANTED) == 253
    assert {id_: row["level"] for id_, row in ROWS.items()} == WANTED
    assert len(ROW.findall(PAGE)) == len(ROWS)


@pytest.mark.parametrize("chapter", sorted({id_.split(".")[0] for id_ in WANTED}))
def test_every_line_is_short_and_says_where_or_why_not(chapter: str) -> None:
    for id_, row in ROWS.items():
        if id_.split(".")[0] != chapter:
            continue
        assert len(row["words"].split()) <= MOST_WORDS, id_
        where = row["where"]
        reasoned = where.startswith("not applicable: ") or "**open**: " in where
        assert not where.startswith("a duty: ") or "](installing.md#" in where, f"{id_} does not say whose duty it is"
        assert reasoned or HELD.search(where) or len(where.split()) > 3, f"{id_} says nothing of where: {where}"
        if "above, under *" in where:
            (title,) = re.findall(r"under \*([^*]+)\*", where)
            assert f"\n## {title}\n" in PAGE[: row.start()], id_


def test_what_it_points_at_is_there() -> None:
    paths = set(PATH.findall(PAGE))
    assert len(paths) > 50
    gone = [path for path in sorted(paths) if not any((root / path).exists() for root in (ROOT, ROOT / "src/cranny"))]
    gone += [link for link in sorted(set(LINK.findall(PAGE))) if not (ROOT / "docs" / link).exists()]
    assert not gone


def test_the_figures_are_those_of_the_table() -> None:
    idle = sum(row["where"].startswith("not applicable: ") for row in ROWS.values())
    lacking = sum("**open**" in row["where"] for row in ROWS.values())
    duties = sum(row["where"].startswith("a duty: ") for row in ROWS.values())
    held = len(ROWS) - idle - lacking - duties
    said = (
        f"{held} are held, {duties} are a duty of whoever installs it, {idle} are not applicable, {lacking} are open."
    )
    assert f"{len(ROWS)} requirements: {said}" in PAGE
