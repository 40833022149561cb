"""How people want to be told, what they have agreed to, and doors within seated reach."""

from cranny.platform import schema

revision = "people_0005"
down_revision = "people_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    schema.script(
        """
        ALTER TABLE persons ADD COLUMN low_doors boolean NOT NULL DEFAULT false;

        -- `channels` in the order in which they are to be tried, empty for whatever there is. Quiet from and to in
        -- minutes of the day at `zone`, or where the message is about. `asked`: a link to choose was sent.
        CREATE TABLE preferences (
            tenant uuid NOT NULL,
            person uuid NOT NULL,
            channels text[] NOT NULL DEFAULT '{}',
            quiet_from integer CHECK (quiet_from BETWEEN 0 AND 1439),
            quiet_to integer CHECK (quiet_to BETWEEN 0 AND 1439),
            zone text NOT NULL DEFAULT '',
            asked timestamptz,
            chosen timestamptz,
            by text NOT NULL DEFAULT '',
            PRIMARY KEY (tenant, person),
            FOREIGN KEY (tenant, person) REFERENCES persons ON DELETE CASCADE,
            CHECK ((quiet_from IS NULL) = (quiet_to IS NULL) AND quiet_from <> quiet_to)
        );

        -- What somebody last said of a channel, when and how; the log has what they said before.
        CREATE TABLE consents (
            tenant uuid NOT NULL,
            person uuid NOT NULL,
            channel text NOT NULL,
            given boolean NOT NULL,
            at timestamptz NOT NULL,
            how text NOT NULL,
            by text NOT NULL,
            PRIMARY KEY (tenant, person, channel),
            FOREIGN KEY (tenant, person) REFERENCES persons ON DELETE CASCADE
        );
        """
    )
    schema.isolate("preferences")
    schema.isolate("consents")
