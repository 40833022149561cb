"""Roles and sessions."""

from cranny.platform import schema

revision = "people_0002"
down_revision = "people_0001"
branch_labels = None
depends_on = ("sites_0001",)


def upgrade() -> None:
    schema.script(
        """
        -- A person may be many things; `site` is null where they are it in the whole tenant.
        CREATE TABLE memberships (
            tenant uuid NOT NULL,
            id uuid NOT NULL,
            person uuid NOT NULL,
            role text NOT NULL,
            site uuid,
            created timestamptz NOT NULL,
            by text NOT NULL,
            PRIMARY KEY (tenant, id),
            CONSTRAINT memberships_once UNIQUE NULLS NOT DISTINCT (tenant, person, role, site),
            FOREIGN KEY (tenant, person) REFERENCES persons ON DELETE CASCADE,
            FOREIGN KEY (tenant, site) REFERENCES sites
        );

        -- A browser that acts as a key or a person. Of its secret the directory has a hash; nothing of it is here.
        CREATE TABLE sessions (
            tenant uuid NOT NULL REFERENCES tenants,
            id uuid NOT NULL,
            kind text NOT NULL CHECK (kind IN ('key', 'person')),
            holder uuid NOT NULL,
            how text NOT NULL,
            browser text NOT NULL,
            binding bytea NOT NULL,
            created timestamptz NOT NULL,
            seen timestamptz NOT NULL,
            until timestamptz NOT NULL,
            proven timestamptz,
            ended timestamptz,
            PRIMARY KEY (tenant, id)
        );
        CREATE INDEX sessions_holder ON sessions (tenant, holder) WHERE ended IS NULL;
        """
    )
    schema.isolate("memberships")
    schema.isolate("sessions")
