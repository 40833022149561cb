"""The printed tables are the tables."""

from pathlib import Path

import pytest

from cranny.core.lifecycle_page import read

DOCS = Path(__file__).parents[3] / "docs" / "lifecycles"


@pytest.mark.parametrize(
    ("address", "file"),
    [
        ("cranny.access.lifecycle:GRANT", "grant.md"),
        ("cranny.fleet.climate.lifecycle:ALARM", "alarm.md"),
        ("cranny.outreach.lifecycle:NOTICE", "notice.md"),
        ("cranny.usecases.deliveries.lifecycle:DELIVERY", "delivery.md"),
    ],
)
def test_the_page_in_docs_is_what_the_code_says(address: str, file: str) -> None:
    assert (DOCS / file).read_text(encoding="utf-8") == read(address), (
        f"print it anew: python -m cranny.core.lifecycle_page {address} > docs/lifecycles/{file}"
    )
