"""Other organisations that vouch for people, and whom their subjects stand for."""

from cranny.platform import schema

revision = "people_0006"
down_revision = "people_own_language"
branch_labels = None
depends_on = None


def upgrade() -> None:
    schema.script(
        """
        CREATE TABLE oidc_providers (
            tenant uuid NOT NULL REFERENCES tenants,
            id uuid NOT NULL,
            name text NOT NULL,
            issuer text NOT NULL,
            client_id text NOT NULL,
            secret bytea,
            domains text[] NOT NULL,
            role text,
            site uuid,
            trusts_email boolean NOT NULL,
            proves boolean NOT NULL,
            acr text NOT NULL,
            created timestamptz NOT NULL,
            changed timestamptz NOT NULL,
            PRIMARY KEY (tenant, id),
            FOREIGN KEY (tenant, site) REFERENCES sites
        );

        -- One person has one subject at a provider: an address that was given to somebody else opens nothing.
        CREATE TABLE oidc_subjects (
            tenant uuid NOT NULL,
            provider uuid NOT NULL,
            subject text NOT NULL,
            person uuid NOT NULL,
            linked timestamptz NOT NULL,
            PRIMARY KEY (tenant, provider, subject),
            CONSTRAINT oidc_subjects_person UNIQUE (tenant, provider, person),
            FOREIGN KEY (tenant, provider) REFERENCES oidc_providers ON DELETE CASCADE,
            FOREIGN KEY (tenant, person) REFERENCES persons ON DELETE CASCADE
        );
        """
    )
    schema.isolate("oidc_providers")
    schema.isolate("oidc_subjects")
