"""What travelled beside facts is not kept for ever."""

from cranny.platform import schema

revision = "fleet_0006"
down_revision = "fleet_0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    schema.script("CREATE INDEX facts_beside ON facts (tenant, received) WHERE beside IS NOT NULL")
