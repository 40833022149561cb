"""Beside the log: what of an entry in the audit trail is personal, and so must be erasable."""

from cranny.platform import schema

revision = "platform_0004"
down_revision = "platform_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    schema.script(
        """
        -- The event holds a digest of these three, made with the salt: with the row gone it tells nothing.
        CREATE TABLE audit_details (
            tenant uuid NOT NULL,
            event uuid NOT NULL,
            by text NOT NULL,
            address text NOT NULL,
            agent text NOT NULL,
            why text NOT NULL,
            salt bytea NOT NULL,
            written timestamptz NOT NULL,
            PRIMARY KEY (tenant, event)
        );
        CREATE INDEX audit_details_by ON audit_details (tenant, by);
        CREATE INDEX audit_details_written ON audit_details (tenant, written);
        """
    )
    schema.isolate("audit_details", may="SELECT, INSERT, DELETE")
