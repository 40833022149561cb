"""What the pages that explain the house name is there: whoever renames a file is told which page to mend."""

import re
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
PLACES = (TOP, TOP / "src" / "cranny", TOP / "docs")
NAMED = re.compile(r"`([a-z_]+(?:/[\w.-]+)*/?(?:\.py)?)`")
LINK = re.compile(r"\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)")
PAGES = sorted([TOP / "README.md", *(TOP / "docs").glob("*.md"), *(TOP / "docs" / "decisions").glob("*.md")])


def is_there(name: str) -> bool:
    return any((place / name).exists() for place in PLACES)


@pytest.mark.parametrize("page", ["the-walk.md", "architecture.md"])
def test_every_file_on_the_way_is_there(page: str) -> None:
    named = [name for name in NAMED.findall((TOP / "docs" / page).read_text()) if "/" in name]
    assert len(named) > 10
    assert [name for name in named if not is_there(name)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    assert [to for to in LINK.findall(page.read_text()) if not (page.parent / to).exists()] == []


def test_no_two_decisions_have_one_number() -> None:
    numbers = [file.name[:4] for file in (TOP / "docs" / "decisions").glob("[0-9]*.md")]
    assert sorted(numbers) == [f"{n + 1:04}" for n in range(len(numbers))]
