"""The platform's tables and their rows; the statements stand with the code that uses them."""

from typing import Final

from cranny.platform.directory import DirectoryRow
from cranny.platform.heads import SignedHeadRow
from cranny.platform.idempotency import IdempotencyRow
from cranny.platform.log import EventRow
from cranny.platform.personal import ErasureRow
from cranny.platform.reactions import ReactionCursorRow, ReactionParkedRow
from cranny.platform.said import EventWordsRow
from cranny.platform.sequencer import LogHeadRow
from cranny.platform.tenants import ApiKeyRow, TenantRow
from cranny.platform.trail import AuditDetailRow

TABLES: Final[dict[str, type]] = {
    "tenants": TenantRow,
    "api_keys": ApiKeyRow,
    "directory": DirectoryRow,
    "events": EventRow,
    "log_heads": LogHeadRow,
    "reaction_cursors": ReactionCursorRow,
    "reaction_parked": ReactionParkedRow,
    "idempotency": IdempotencyRow,
    "audit_details": AuditDetailRow,
    "event_words": EventWordsRow,
    "erasures": ErasureRow,
    "signed_heads": SignedHeadRow,
}
EXEMPT: Final = frozenset(
    {"alembic_version", "directory", "migrations", "pgqueuer", "pgqueuer_log", "pgqueuer_statistics"}
)
"""The tables without a wall between tenants: what finds the tenant, and what is claimed before it is known."""
