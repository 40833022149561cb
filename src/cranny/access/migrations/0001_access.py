"""Grants, the locators of each bank, and the sealed secrets of the living grants."""

from cranny.platform import schema

revision = "access_0001"
down_revision = None
branch_labels = ("access",)
depends_on = ("platform_0002",)


def upgrade() -> None:
    schema.script(
        """
        -- No foreign keys to banks: another feature's rows are its own.
        CREATE TABLE grants (
            tenant uuid NOT NULL,
            id uuid NOT NULL,
            bank uuid NOT NULL,
            purpose text NOT NULL CHECK (purpose IN ('deposit', 'collect', 'recall', 'inspect')),
            subject text NOT NULL,
            state text NOT NULL,
            locator smallint CHECK (locator BETWEEN 0 AND 899),
            door text,
            generation bigint,
            verified_at timestamptz,
            code_off boolean NOT NULL DEFAULT false,
            created timestamptz NOT NULL,
            ended timestamptz,
            PRIMARY KEY (tenant, id),
            CHECK ((purpose = 'deposit') = (locator IS NULL)),
            CHECK ((door IS NULL) = (generation IS NULL))
        );
        -- Invariant I9: no two living grants of a bank answer to one locator.
        CREATE UNIQUE INDEX grants_live_locator ON grants (tenant, bank, locator)
            WHERE state IN ('unbound', 'ready', 'bound', 'active');
        CREATE INDEX grants_subject ON grants (tenant, subject);
        CREATE INDEX grants_live_door ON grants (tenant, bank, door, generation)
            WHERE state IN ('unbound', 'ready', 'bound', 'active');

        -- One row for each number a bank has. Never used ones come first, in the order of `shuffle`; then
        -- the one that has rested longest.
        CREATE TABLE locators (
            tenant uuid NOT NULL,
            bank uuid NOT NULL,
            locator smallint NOT NULL CHECK (locator BETWEEN 0 AND 899),
            shuffle integer NOT NULL,
            rested_at timestamptz,
            grant_id uuid,
            PRIMARY KEY (tenant, bank, locator)
        );
        CREATE INDEX locators_free ON locators (tenant, bank, rested_at NULLS FIRST, shuffle) WHERE grant_id IS NULL;

        -- Sealed with a key that is not in the database; gone as soon as the grant ends.
        CREATE TABLE grant_secrets (
            tenant uuid NOT NULL,
            grant_id uuid NOT NULL,
            code bytea NOT NULL,
            qr bytea NOT NULL,
            PRIMARY KEY (tenant, grant_id),
            FOREIGN KEY (tenant, grant_id) REFERENCES grants
        );
        """
    )
    schema.isolate("grants", may="SELECT, INSERT, UPDATE")
    schema.isolate("locators", may="SELECT, INSERT, UPDATE")
    schema.isolate("grant_secrets", may="SELECT, INSERT, DELETE")
