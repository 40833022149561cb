"""Beside the log: what people wrote, so that it can be erased; and who was erased."""

from cranny.platform import schema

revision = "platform_0005"
down_revision = "platform_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    schema.script(
        """
        -- The event holds a digest of the words, made with the salt: with the row gone it tells nothing.
        CREATE TABLE event_words (
            tenant uuid NOT NULL,
            event uuid NOT NULL,
            words jsonb NOT NULL,
            salt bytea NOT NULL,
            written timestamptz NOT NULL,
            PRIMARY KEY (tenant, event)
        );
        CREATE INDEX event_words_written ON event_words (tenant, written);

        -- That somebody was erased; the id stands for nobody any more.
        CREATE TABLE erasures (
            tenant uuid NOT NULL,
            person uuid NOT NULL,
            at timestamptz NOT NULL,
            why text NOT NULL,
            by text NOT NULL,
            PRIMARY KEY (tenant, person)
        );
        CREATE INDEX directory_ref ON directory (tenant, ref);
        """
    )
    schema.isolate("event_words", may="SELECT, INSERT, DELETE")
    schema.isolate("erasures", may="SELECT, INSERT")
