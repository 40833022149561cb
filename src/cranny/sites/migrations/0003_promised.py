"""Whose promise it is: who lies in a door already is not promised one beside it."""

from cranny.platform import schema

revision = "sites_0003"
down_revision = "sites_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    schema.script("ALTER TABLE reservations ADD COLUMN delivery uuid;")
