"""Heads of the log, signed with a key that is not in the database. Nothing of the house changes or removes one."""

from cranny.platform import schema

revision = "platform_0006"
down_revision = "platform_0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    schema.script(
        """
        CREATE TABLE signed_heads (
            tenant uuid NOT NULL,
            position bigint NOT NULL,
            line text NOT NULL,
            signed timestamptz NOT NULL,
            PRIMARY KEY (tenant, position)
        );
        """
    )
    schema.isolate("signed_heads", may="SELECT, INSERT")
