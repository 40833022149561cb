"""What people show that it is them with: passkeys, and the codes of an app."""

from cranny.platform import schema

revision = "people_0003"
down_revision = "people_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    schema.script(
        """
        -- Public keys only. What proves the person, a finger or a face, never leaves their device.
        CREATE TABLE passkeys (
            tenant uuid NOT NULL,
            id uuid NOT NULL,
            person uuid NOT NULL,
            credential bytea NOT NULL,
            public_key bytea NOT NULL,
            sign_count bigint NOT NULL,
            rp text NOT NULL,
            label text NOT NULL,
            synced boolean NOT NULL,
            created timestamptz NOT NULL,
            last_used timestamptz,
            PRIMARY KEY (tenant, id),
            UNIQUE (tenant, credential),
            FOREIGN KEY (tenant, person) REFERENCES persons ON DELETE CASCADE
        );
        CREATE INDEX passkeys_person ON passkeys (tenant, person);

        CREATE TABLE one_time_codes (
            tenant uuid NOT NULL,
            person uuid NOT NULL,
            secret bytea NOT NULL,
            used bigint,
            wrong integer NOT NULL DEFAULT 0,
            created timestamptz NOT NULL,
            PRIMARY KEY (tenant, person),
            FOREIGN KEY (tenant, person) REFERENCES persons ON DELETE CASCADE
        );
        """
    )
    schema.isolate("passkeys")
    schema.isolate("one_time_codes")
