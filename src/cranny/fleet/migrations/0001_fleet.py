"""Desks, the two logs between a bank and the server, anomalies."""

from cranny.platform import schema

revision = "fleet_0001"
down_revision = None
branch_labels = ("fleet",)
depends_on = ("platform", "sites")


def upgrade() -> None:
    # Three rows a bank, and not one: presence, ingest and whoever gives rights lock a row each and never wait
    # for one another.
    schema.script(
        """
        CREATE TABLE bank_desks (
            tenant uuid NOT NULL,
            id uuid NOT NULL,
            state text NOT NULL,
            public_key text NOT NULL,
            claim bytea,
            enrolled timestamptz,
            last_beat timestamptz,
            boot uuid,
            head_epoch bigint NOT NULL DEFAULT 0,
            head bigint NOT NULL DEFAULT 0,
            applied bigint NOT NULL DEFAULT 0,
            free bigint NOT NULL DEFAULT 0,
            clock_quality text NOT NULL DEFAULT '',
            version text NOT NULL DEFAULT '',
            PRIMARY KEY (tenant, id),
            FOREIGN KEY (tenant, id) REFERENCES banks (tenant, id)
        ) WITH (fillfactor = 70);
        CREATE UNIQUE INDEX bank_desks_key ON bank_desks (tenant, public_key) WHERE public_key <> '';
        CREATE INDEX bank_desks_online ON bank_desks (tenant, last_beat) WHERE state = 'online';

        CREATE TABLE bank_uplinks (
            tenant uuid NOT NULL,
            bank uuid NOT NULL,
            epoch bigint NOT NULL,
            seq bigint NOT NULL,
            head_hash bytea NOT NULL,
            head_time timestamptz,
            forked boolean NOT NULL,
            PRIMARY KEY (tenant, bank),
            FOREIGN KEY (tenant, bank) REFERENCES bank_desks (tenant, id)
        ) WITH (fillfactor = 50);

        CREATE TABLE bank_downlinks (
            tenant uuid NOT NULL,
            bank uuid NOT NULL,
            head bigint NOT NULL,
            PRIMARY KEY (tenant, bank),
            FOREIGN KEY (tenant, bank) REFERENCES bank_desks (tenant, id)
        ) WITH (fillfactor = 50);

        CREATE TABLE downlink (
            tenant uuid NOT NULL,
            bank uuid NOT NULL,
            seq bigint NOT NULL,
            body bytea NOT NULL,
            given timestamptz NOT NULL,
            PRIMARY KEY (tenant, bank, seq)
        );

        -- `beside` holds personal fields, sealed: taking them away leaves the chain as it is.
        CREATE TABLE facts (
            tenant uuid NOT NULL,
            bank uuid NOT NULL,
            epoch bigint NOT NULL,
            seq bigint NOT NULL,
            hash bytea NOT NULL,
            stored bytea NOT NULL,
            beside bytea,
            kind text NOT NULL,
            projected boolean NOT NULL,
            received timestamptz NOT NULL,
            PRIMARY KEY (tenant, bank, epoch, seq)
        );
        CREATE INDEX facts_unprojected ON facts (tenant, bank, epoch, seq) WHERE NOT projected;

        CREATE TABLE anomalies (
            tenant uuid NOT NULL,
            id uuid NOT NULL,
            bank uuid NOT NULL,
            kind text NOT NULL,
            subject text NOT NULL,
            detail jsonb NOT NULL,
            state text NOT NULL,
            times bigint NOT NULL,
            created timestamptz NOT NULL,
            last_seen timestamptz NOT NULL,
            note text NOT NULL DEFAULT '',
            PRIMARY KEY (tenant, id)
        );
        CREATE UNIQUE INDEX anomalies_open ON anomalies (tenant, bank, kind, subject) WHERE state = 'open';
        """
    )
    schema.isolate("bank_desks", may="SELECT, INSERT, UPDATE")
    schema.isolate("bank_uplinks", may="SELECT, INSERT, UPDATE")
    schema.isolate("bank_downlinks", may="SELECT, INSERT, UPDATE")
    schema.isolate("downlink", may="SELECT, INSERT")
    # What a bank said is never changed and never deleted; what is personal beside it can be.
    schema.isolate("facts", may="SELECT, INSERT, UPDATE (beside)")
    schema.isolate("anomalies", may="SELECT, INSERT, UPDATE")
