"""Whom nothing awaits any more is found by going through people: no delivery has to remember that it was looked at."""

from cranny.platform import schema

revision = "deliveries_0005"
down_revision = "deliveries_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    schema.script("ALTER TABLE deliveries DROP COLUMN let_go")
