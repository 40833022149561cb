"""What another organisation's word is good for here."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from cranny.people.vouching.claims import Claims
from cranny.people.vouching.linking import is_fresh
from cranny.platform.permissions import Role

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


class Still:
    def now(self) -> datetime:
        return NOW

    def monotonic(self) -> float:
        return 0.0


@dataclass(frozen=True)
class Provider:
    id: UUID
    domains: tuple[str, ...] = ()
    role: Role | None = None
    site: UUID | None = None
    trusts_email: bool = False
    proves: bool = True
    acr: str = ""


@pytest.mark.parametrize(
    ("seconds", "fresh"), [(0, True), (-299, True), (-301, False), (59, True), (61, False), (290, False)]
)
def test_a_proof_is_of_the_last_five_minutes_by_clocks_a_minute_apart(seconds: int, *, fresh: bool) -> None:
    said = Claims("u-1", None, None, None, NOW + timedelta(seconds=seconds), "mfa")
    assert is_fresh(Still(), Provider(UUID(int=1)), said) is fresh
    assert not is_fresh(Still(), Provider(UUID(int=1), proves=False), said)
    assert not is_fresh(Still(), Provider(UUID(int=1), acr="more"), said)
