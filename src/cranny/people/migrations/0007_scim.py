"""Users and groups as another system has them (SCIM)."""

from cranny.platform import schema

revision = "people_0007"
down_revision = "people_0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    schema.script(
        """
        CREATE TABLE scim_users (
            tenant uuid NOT NULL REFERENCES tenants,
            id uuid NOT NULL,
            person uuid,
            user_name text NOT NULL,
            external_id text,
            active boolean NOT NULL,
            resource jsonb NOT NULL,
            created timestamptz NOT NULL,
            changed timestamptz NOT NULL,
            PRIMARY KEY (tenant, id),
            CONSTRAINT scim_users_person UNIQUE (tenant, person),
            FOREIGN KEY (tenant, person) REFERENCES persons ON DELETE CASCADE
        );
        CREATE UNIQUE INDEX scim_users_name ON scim_users (tenant, lower(user_name));
        CREATE INDEX scim_users_external ON scim_users (tenant, external_id) WHERE external_id IS NOT NULL;

        CREATE TABLE scim_groups (
            tenant uuid NOT NULL REFERENCES tenants,
            id uuid NOT NULL,
            name text NOT NULL,
            external_id text,
            role text,
            site uuid,
            created timestamptz NOT NULL,
            changed timestamptz NOT NULL,
            PRIMARY KEY (tenant, id),
            FOREIGN KEY (tenant, site) REFERENCES sites
        );
        CREATE UNIQUE INDEX scim_groups_name ON scim_groups (tenant, lower(name));

        CREATE TABLE scim_members (
            tenant uuid NOT NULL,
            circle uuid NOT NULL,
            member uuid NOT NULL,
            PRIMARY KEY (tenant, circle, member),
            FOREIGN KEY (tenant, circle) REFERENCES scim_groups ON DELETE CASCADE,
            FOREIGN KEY (tenant, member) REFERENCES scim_users ON DELETE CASCADE
        );
        CREATE INDEX scim_members_of ON scim_members (tenant, member);
        """
    )
    schema.isolate("scim_users")
    schema.isolate("scim_groups")
    schema.isolate("scim_members")
