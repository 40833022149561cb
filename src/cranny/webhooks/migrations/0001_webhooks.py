"""Webhooks: endpoints, the messages to them, and each try."""

from cranny.platform import schema

revision = "webhooks_0001"
down_revision = None
branch_labels = ("webhooks",)
depends_on = ("platform_0002",)


def upgrade() -> None:
    schema.script(
        """
        -- The secrets are sealed. `position` is how far in the log messages have been made; `failures` is how many
        -- tries in a row have failed, and until `open_until` none is made.
        CREATE TABLE webhook_endpoints (
            tenant uuid NOT NULL,
            id uuid NOT NULL,
            url text NOT NULL,
            description text NOT NULL,
            types text[] NOT NULL,
            state text NOT NULL,
            secret bytea NOT NULL,
            old_secret bytea,
            old_until timestamptz,
            position bigint NOT NULL,
            failures integer NOT NULL DEFAULT 0,
            open_until timestamptz,
            created timestamptz NOT NULL,
            PRIMARY KEY (tenant, id)
        );

        -- What it says is the event's own: looked up when it is sent. Position 0: a test, of no event.
        CREATE TABLE webhook_messages (
            tenant uuid NOT NULL,
            id uuid NOT NULL,
            endpoint uuid NOT NULL,
            event uuid NOT NULL,
            type text NOT NULL,
            subject text NOT NULL,
            position bigint NOT NULL,
            state text NOT NULL,
            tries integer NOT NULL DEFAULT 0,
            next_at timestamptz NOT NULL,
            leased_until timestamptz,
            give_up_at timestamptz NOT NULL,
            created timestamptz NOT NULL,
            done_at timestamptz,
            PRIMARY KEY (tenant, id),
            FOREIGN KEY (tenant, endpoint) REFERENCES webhook_endpoints
        );
        CREATE UNIQUE INDEX webhook_messages_once ON webhook_messages (tenant, endpoint, position) WHERE position > 0;
        CREATE INDEX webhook_messages_turn ON webhook_messages (tenant, endpoint, subject, position, id)
            WHERE state = 'waiting';
        CREATE INDEX webhook_messages_late ON webhook_messages (tenant, give_up_at) WHERE state = 'waiting';
        CREATE INDEX webhook_messages_listed ON webhook_messages (tenant, endpoint, id);
        CREATE INDEX webhook_messages_done ON webhook_messages (tenant, done_at) WHERE done_at IS NOT NULL;

        CREATE TABLE webhook_attempts (
            tenant uuid NOT NULL,
            message uuid NOT NULL,
            number integer NOT NULL,
            at timestamptz NOT NULL,
            status integer,
            ms integer NOT NULL,
            answer text NOT NULL,
            error text NOT NULL,
            PRIMARY KEY (tenant, message, number),
            FOREIGN KEY (tenant, message) REFERENCES webhook_messages ON DELETE CASCADE
        );
        """
    )
    schema.isolate("webhook_endpoints", may="SELECT, INSERT, UPDATE")
    schema.isolate("webhook_messages")
    schema.isolate("webhook_attempts", may="SELECT, INSERT, DELETE")
