"""Templates of faces, of those who want it at tenants that allow it."""

from cranny.platform import schema

revision = "people_0008"
down_revision = "people_0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    schema.script(
        """
        CREATE TABLE face_checks (
            tenant uuid PRIMARY KEY REFERENCES tenants,
            since timestamptz NOT NULL,
            by text NOT NULL
        );

        -- They go with the tenant's word as with the person.
        CREATE TABLE face_templates (
            tenant uuid NOT NULL REFERENCES face_checks ON DELETE CASCADE,
            person uuid NOT NULL,
            template bytea NOT NULL,
            model text NOT NULL,
            created timestamptz NOT NULL,
            seen timestamptz NOT NULL,
            PRIMARY KEY (tenant, person),
            FOREIGN KEY (tenant, person) REFERENCES persons ON DELETE CASCADE
        );
        """
    )
    schema.isolate("face_checks")
    schema.isolate("face_templates")
