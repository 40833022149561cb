"""Persons."""

from cranny.platform import schema

revision = "people_0001"
down_revision = None
branch_labels = ("people",)
depends_on = ("platform_0001",)


def upgrade() -> None:
    schema.script(
        """
        -- `email` and `phone` are where messages go; the keys are what makes it the same person. A phone that
        -- several share (a household, a reception) is the key of the first and a mere number for the others.
        CREATE TABLE persons (
            tenant uuid NOT NULL REFERENCES tenants,
            id uuid NOT NULL,
            name text NOT NULL,
            email text,
            phone text,
            language text,
            email_key text,
            phone_key text,
            created timestamptz NOT NULL,
            PRIMARY KEY (tenant, id),
            CONSTRAINT persons_email_key UNIQUE (tenant, email_key),
            CONSTRAINT persons_phone_key UNIQUE (tenant, phone_key),
            CHECK (email IS NOT NULL OR phone IS NOT NULL)
        );
        """
    )
    schema.isolate("persons")
