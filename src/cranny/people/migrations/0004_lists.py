"""Lists of people that other systems hand out, and who gave a role."""

from cranny.platform import schema

revision = "people_0004"
down_revision = "people_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    schema.script(
        """
        -- Empty where somebody gave the role by hand; otherwise what gave it takes it back: `list:<name>`, `scim`,
        -- `oidc:<provider>`.
        ALTER TABLE memberships ADD COLUMN source text NOT NULL DEFAULT '';

        CREATE TABLE people_lists (
            tenant uuid NOT NULL REFERENCES tenants,
            name text NOT NULL,
            followed timestamptz NOT NULL,
            by text NOT NULL,
            PRIMARY KEY (tenant, name)
        );

        CREATE TABLE people_list_entries (
            tenant uuid NOT NULL,
            list text NOT NULL,
            key text NOT NULL,
            person uuid NOT NULL,
            unit text NOT NULL,
            until timestamptz,
            PRIMARY KEY (tenant, list, key),
            CONSTRAINT people_list_entries_person UNIQUE (tenant, list, person),
            FOREIGN KEY (tenant, list) REFERENCES people_lists,
            FOREIGN KEY (tenant, person) REFERENCES persons ON DELETE CASCADE
        );
        CREATE INDEX people_list_entries_until ON people_list_entries (tenant, until) WHERE until IS NOT NULL;
        CREATE INDEX people_list_entries_of ON people_list_entries (tenant, person);
        """
    )
    schema.isolate("people_lists")
    schema.isolate("people_list_entries")
