"""Where an empty copy of a bank's rights begins."""

from cranny.platform import schema

revision = "fleet_0004"
down_revision = "fleet_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    schema.script("ALTER TABLE bank_downlinks ADD COLUMN base bigint NOT NULL DEFAULT 1")
