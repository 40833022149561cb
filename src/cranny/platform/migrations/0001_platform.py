"""Tenants, keys, the directory, the event log, reactions, idempotency."""

from cranny.platform import schema

revision = "platform_0001"
down_revision = None
branch_labels = ("platform",)
depends_on = None


def upgrade() -> None:
    schema.script(
        """
        CREATE TABLE tenants (
            tenant uuid PRIMARY KEY,
            name text NOT NULL,
            created timestamptz NOT NULL
        );

        CREATE TABLE api_keys (
            tenant uuid NOT NULL REFERENCES tenants,
            id uuid NOT NULL,
            prefix text NOT NULL,
            hash bytea NOT NULL,
            label text NOT NULL,
            created timestamptz NOT NULL,
            last_used timestamptz,
            expires timestamptz,
            revoked timestamptz,
            PRIMARY KEY (tenant, id),
            UNIQUE (tenant, prefix)
        );

        -- No tenant wall: it is what finds the tenant. It holds hashes and ids only.
        CREATE TABLE directory (
            hash bytea PRIMARY KEY,
            kind text NOT NULL,
            tenant uuid NOT NULL REFERENCES tenants,
            ref uuid NOT NULL,
            expires timestamptz
        );
        CREATE INDEX directory_kind ON directory (kind, tenant);
        CREATE INDEX directory_expires ON directory (expires) WHERE expires IS NOT NULL;
        GRANT SELECT, INSERT, DELETE ON directory TO cranny_app;

        -- `seq` is the order of writing, `position` the place in the log, given after the commit.
        -- No foreign key to tenants: it would lock the tenant's row for every event.
        CREATE TABLE events (
            tenant uuid NOT NULL,
            id uuid NOT NULL,
            seq bigint GENERATED ALWAYS AS IDENTITY,
            type text NOT NULL,
            subject text NOT NULL,
            time timestamptz NOT NULL,
            recorded timestamptz NOT NULL,
            data jsonb NOT NULL,
            position bigint,
            chain bytea,
            PRIMARY KEY (tenant, id),
            UNIQUE (tenant, position),
            CHECK ((position IS NULL) = (chain IS NULL))
        );
        CREATE INDEX events_waiting ON events (tenant, seq) WHERE position IS NULL;
        CREATE INDEX events_subject ON events (tenant, subject, position);

        CREATE TABLE log_heads (
            tenant uuid PRIMARY KEY REFERENCES tenants,
            position bigint NOT NULL,
            chain bytea NOT NULL
        );

        CREATE TABLE reaction_cursors (
            tenant uuid NOT NULL REFERENCES tenants,
            reaction text NOT NULL,
            position bigint NOT NULL,
            PRIMARY KEY (tenant, reaction)
        );

        CREATE TABLE reaction_parked (
            tenant uuid NOT NULL,
            reaction text NOT NULL,
            position bigint NOT NULL,
            subject text NOT NULL,
            tries integer NOT NULL,
            retry_at timestamptz NOT NULL,
            error text NOT NULL,
            PRIMARY KEY (tenant, reaction, position),
            FOREIGN KEY (tenant, reaction) REFERENCES reaction_cursors,
            FOREIGN KEY (tenant, position) REFERENCES events (tenant, position)
        );
        CREATE INDEX reaction_parked_subject ON reaction_parked (tenant, reaction, subject, position);

        CREATE TABLE idempotency (
            tenant uuid NOT NULL,
            key text NOT NULL,
            route text NOT NULL,
            request_hash bytea NOT NULL,
            status integer,
            headers jsonb,
            body bytea,
            secret boolean NOT NULL DEFAULT false,
            created timestamptz NOT NULL,
            PRIMARY KEY (tenant, key)
        );
        CREATE INDEX idempotency_created ON idempotency (tenant, created);
        """
    )
    # A position is given once; what an event says is never changed and never deleted.
    schema.isolate("events", may="SELECT, INSERT, UPDATE (position, chain)")
    schema.isolate("tenants", may="SELECT, INSERT, UPDATE")
    schema.isolate("api_keys", may="SELECT, INSERT, UPDATE")
    schema.isolate("log_heads", may="SELECT, INSERT, UPDATE")
    schema.isolate("reaction_cursors", may="SELECT, INSERT, UPDATE")
    schema.isolate("reaction_parked")
    schema.isolate("idempotency")
