"""Notices: what has been told to whom, without what was said."""

from cranny.platform import schema

revision = "outreach_0001"
down_revision = None
branch_labels = ("outreach",)
depends_on = ("platform_0002",)


def upgrade() -> None:
    schema.script(
        """
        -- Neither addresses nor codes: those are looked up, or sealed in the job that sends.
        -- (grant_id, kind, number) is told once, whoever asks for it and how often.
        CREATE TABLE notices (
            tenant uuid NOT NULL,
            id uuid NOT NULL,
            grant_id uuid NOT NULL,
            kind text NOT NULL,
            number integer NOT NULL,
            person uuid NOT NULL,
            about uuid[] NOT NULL,
            state text NOT NULL,
            channel text,
            since timestamptz,
            tries integer NOT NULL DEFAULT 0,
            refused text[] NOT NULL DEFAULT '{}',
            error text NOT NULL DEFAULT '',
            receipt text NOT NULL DEFAULT '',
            created timestamptz NOT NULL,
            give_up_at timestamptz NOT NULL,
            sent_at timestamptz,
            PRIMARY KEY (tenant, id),
            CONSTRAINT notices_once UNIQUE (tenant, grant_id, kind, number)
        );
        CREATE INDEX notices_state ON notices (tenant, state, id);
        CREATE INDEX notices_queued ON notices (tenant, give_up_at) WHERE state = 'queued';
        """
    )
    schema.isolate("notices", may="SELECT, INSERT, UPDATE")
