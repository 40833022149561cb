"""Measurements and alarms; what each sensor shows now."""

from cranny.platform import schema

revision = "fleet_0003"
down_revision = "fleet_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # A window is 15 minutes of all channels of a bank: 96 rows a day. The key is the place of the fact, so the same
    # fact can't make two. A fleet of thousands may part the table by months: PARTITION BY RANGE (ended), with `ended`
    # behind the key; every statement on it names a range of `ended`.
    schema.script(
        """
        ALTER TABLE bank_desks ADD COLUMN readings jsonb NOT NULL DEFAULT '{}';

        CREATE TABLE telemetry (
            tenant uuid NOT NULL,
            bank uuid NOT NULL,
            epoch bigint NOT NULL,
            seq bigint NOT NULL,
            start timestamptz NOT NULL,
            ended timestamptz NOT NULL,
            doubtful boolean NOT NULL,
            channels jsonb NOT NULL,
            PRIMARY KEY (tenant, bank, epoch, seq),
            FOREIGN KEY (tenant, bank) REFERENCES bank_desks (tenant, id)
        );
        CREATE INDEX telemetry_by_time ON telemetry (tenant, bank, ended);
        CREATE INDEX telemetry_old ON telemetry (tenant, ended);

        CREATE TABLE telemetry_days (
            tenant uuid NOT NULL,
            bank uuid NOT NULL,
            channel text NOT NULL,
            day date NOT NULL,
            measure text NOT NULL,
            count bigint NOT NULL,
            low bigint NOT NULL,
            mean bigint NOT NULL,
            high bigint NOT NULL,
            PRIMARY KEY (tenant, bank, channel, day)
        );

        CREATE TABLE alarms (
            tenant uuid NOT NULL,
            id uuid NOT NULL,
            bank uuid NOT NULL,
            epoch bigint NOT NULL,
            kind text NOT NULL,
            channel text NOT NULL,
            doors text[] NOT NULL,
            state text NOT NULL,
            value bigint,
            bound bigint,
            worst bigint,
            for_s bigint NOT NULL,
            raised timestamptz NOT NULL,
            ended timestamptz,
            cause text NOT NULL DEFAULT '',
            acknowledged timestamptz,
            acknowledged_by text NOT NULL DEFAULT '',
            note text NOT NULL DEFAULT '',
            PRIMARY KEY (tenant, id),
            FOREIGN KEY (tenant, bank) REFERENCES bank_desks (tenant, id)
        );
        CREATE INDEX alarms_live ON alarms (tenant, bank) WHERE state <> 'ended';
        """
    )
    schema.isolate("telemetry", may="SELECT, INSERT, UPDATE, DELETE")  # UPDATE only to lock what is rolled up
    schema.isolate("telemetry_days", may="SELECT, INSERT, UPDATE")
    schema.isolate("alarms", may="SELECT, INSERT, UPDATE")
