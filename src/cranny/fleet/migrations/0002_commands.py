"""Commands, and what their freshness is measured by: the token of a bank's last heartbeat."""

from cranny.platform import schema

revision = "fleet_0002"
down_revision = "fleet_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    schema.script(
        r"""
        ALTER TABLE bank_desks
            ADD COLUMN token bytea NOT NULL DEFAULT '\x',
            ADD COLUMN mono_ms bigint NOT NULL DEFAULT 0;

        CREATE TABLE commands (
            tenant uuid NOT NULL,
            id uuid NOT NULL,
            state text NOT NULL,
            bank uuid NOT NULL,
            action text NOT NULL,
            doors text[] NOT NULL,
            generations bigint[] NOT NULL,
            reason text NOT NULL,
            second_person text NOT NULL,
            asked_by uuid NOT NULL,
            confirmed_by uuid,
            created timestamptz NOT NULL,
            expires timestamptz NOT NULL,
            sent timestamptz,
            boot uuid,
            epoch bigint NOT NULL DEFAULT 0,
            token_mono bigint NOT NULL DEFAULT 0,
            ttl_ms bigint NOT NULL DEFAULT 0,
            acknowledged timestamptz,
            settled timestamptz,
            answer text NOT NULL DEFAULT '',
            opened text[] NOT NULL DEFAULT '{}',
            PRIMARY KEY (tenant, id),
            FOREIGN KEY (tenant, bank) REFERENCES bank_desks (tenant, id),
            CHECK (confirmed_by <> asked_by)
        );
        CREATE INDEX commands_bank ON commands (tenant, bank, id);
        CREATE INDEX commands_asker ON commands (tenant, asked_by, created);
        CREATE INDEX commands_open ON commands (tenant, expires)
            WHERE state IN ('awaiting_confirmation', 'issued', 'unknown');
        """
    )
    schema.isolate("commands", may="SELECT, INSERT, UPDATE")
