"""The badges that open living grants, sealed."""

from cranny.platform import schema

revision = "access_0002"
down_revision = "access_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    schema.script(
        """
        -- Sealed with a key that is not in the database; gone as soon as the grant ends.
        CREATE TABLE grant_badges (
            tenant uuid NOT NULL,
            grant_id uuid NOT NULL,
            badge bytea NOT NULL,
            PRIMARY KEY (tenant, grant_id),
            FOREIGN KEY (tenant, grant_id) REFERENCES grants
        );
        """
    )
    schema.isolate("grant_badges")
