"""Other organisations that vouch for people by SAML, and whom their subjects stand for."""

from cranny.platform import schema

revision = "people_0009"
down_revision = "people_0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    schema.script(
        """
        CREATE TABLE saml_providers (
            tenant uuid NOT NULL REFERENCES tenants,
            id uuid NOT NULL,
            name text NOT NULL,
            entity_id text NOT NULL,
            sso text NOT NULL,
            certificates text[] NOT NULL,
            domains text[] NOT NULL,
            role text,
            site uuid,
            trusts_email boolean NOT NULL,
            subject_attribute text NOT NULL,
            email_attribute text NOT NULL,
            proves boolean NOT NULL,
            acr text NOT NULL,
            created timestamptz NOT NULL,
            changed timestamptz NOT NULL,
            PRIMARY KEY (tenant, id),
            FOREIGN KEY (tenant, site) REFERENCES sites
        );

        -- One person has one subject at a provider: an address that was given to somebody else opens nothing.
        CREATE TABLE saml_subjects (
            tenant uuid NOT NULL,
            provider uuid NOT NULL,
            subject text NOT NULL,
            person uuid NOT NULL,
            linked timestamptz NOT NULL,
            PRIMARY KEY (tenant, provider, subject),
            CONSTRAINT saml_subjects_person UNIQUE (tenant, provider, person),
            FOREIGN KEY (tenant, provider) REFERENCES saml_providers ON DELETE CASCADE,
            FOREIGN KEY (tenant, person) REFERENCES persons ON DELETE CASCADE
        );
        """
    )
    schema.isolate("saml_providers")
    schema.isolate("saml_subjects")
