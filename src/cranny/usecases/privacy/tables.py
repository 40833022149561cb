"""The rows of privacy, and every statement on them. Private to this use case."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec


class SettingsRow(msgspec.Struct, frozen=True):
    """`ask_since`: whoever becomes known after that is asked how they want to be told; null for nobody. `days` by kind
    of data, where they differ from what we propose."""

    tenant: UUID
    ask_since: datetime | None
    days: dict[str, Any]
    changed: datetime
    by: str


TABLES: Final = {"privacy_settings": SettingsRow}

GET: Final = "SELECT * FROM privacy_settings WHERE tenant = $1"
PUT: Final = """
INSERT INTO privacy_settings (tenant, ask_since, days, changed, by) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (tenant) DO UPDATE SET
    ask_since = CASE WHEN $2::timestamptz IS NULL THEN NULL ELSE coalesce(privacy_settings.ask_since, $2) END,
    days = $3, changed = $4, by = $5
"""
