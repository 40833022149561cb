"""No table that may name somebody is overlooked: each one is on one of these lists, and the page says what it holds.

Is yours missing? If it names persons or holds what people write, let its feature's `Personal` export and erase it
(or its row go with the person's), say in a `Kept` for how long, add it to docs/privacy.md and to NAMES. Else to
ABOUT_THINGS.
"""

from pathlib import Path
from typing import Final

from cranny.platform.tables import EXEMPT
from cranny.wiring.keepers import gathered
from tests.platform.test_tables import tables

PAGE: Final = Path(__file__).parents[2] / "docs/privacy.md"
NAMES: Final = {
    "persons", "preferences", "consents", "memberships", "sessions", "passkeys", "one_time_codes",
    "people_list_entries", "oidc_subjects", "saml_subjects", "face_templates", "scim_users", "scim_members",
    "deliveries", "delivery_items", "grant_secrets", "grant_badges", "notices", "event_words",
    "commands", "alarms", "anomalies", "audit_details", "facts", "webhook_attempts", "idempotency", "erasures",
}  # fmt: skip
"""They name persons, or hold what people write or are reached by."""
ABOUT_THINGS: Final = {
    "api_keys", "bank_desks", "bank_downlinks", "bank_uplinks", "banks", "compartments", "delivery_kinds",
    "oidc_providers", "saml_providers", "scim_groups", "face_checks",
    "delivery_routes", "directory", "downlink", "events", "grants", "locators", "log_heads", "occupancies",
    "people_lists", "privacy_settings", "reaction_cursors", "reaction_parked", "reservations", "signed_heads", "sites",
    "size_classes", "telemetry", "telemetry_days", "tenants", "webhook_endpoints", "webhook_messages",
}  # fmt: skip
"""Ids, figures, doors, and the names that a tenant gives to things."""


def test_every_table_is_judged() -> None:
    known = set(tables()) - EXEMPT | {"directory"}
    assert known - NAMES - ABOUT_THINGS == set(), "is anybody named in there? See above"
    assert (NAMES | ABOUT_THINGS) - known == set(), "there is no such table any more"
    assert not NAMES & ABOUT_THINGS


def test_the_page_tells_of_each_of_them_and_of_each_time() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert [name for name in sorted(NAMES) if f"`{name}" not in page] == []
    kept = gathered().kept
    assert [one.kind for one in kept if f"| `{one.kind}` |" not in page] == []
    assert [one.kind for one in kept if not any(row.endswith(f"| {one.days} |") for row in page.splitlines()
            if row.startswith(f"| `{one.kind}` |"))] == []  # fmt: skip
