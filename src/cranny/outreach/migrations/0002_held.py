"""Notices wait for the end of quiet hours, and are not kept for ever."""

from cranny.platform import schema
from cranny.platform.fitness import APP_ROLE

revision = "outreach_0002"
down_revision = "outreach_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    schema.script(
        f"""
        ALTER TABLE notices ADD COLUMN held_until timestamptz;
        CREATE INDEX notices_person ON notices (tenant, person);
        CREATE INDEX notices_over ON notices (tenant, created) WHERE state <> 'queued';
        GRANT DELETE ON notices TO {APP_ROLE};
        """
    )
