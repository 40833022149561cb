"""The tables of the job queue. They have no tenant wall: a worker claims a job before it knows whose it is."""

from cranny.platform import jobs, schema

revision = "platform_0002"
down_revision = "platform_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    schema.script(jobs.install_statement())
    # The trigger would NOTIFY inside every domain transaction, which costs 60 % of all commits; workers poll.
    schema.script(
        """
        DROP TRIGGER tg_pgqueuer_changed ON pgqueuer;
        DROP FUNCTION fn_pgqueuer_changed();
        GRANT SELECT, INSERT, UPDATE, DELETE ON pgqueuer, pgqueuer_log, pgqueuer_statistics TO cranny_app;
        GRANT USAGE ON SEQUENCE pgqueuer_id_seq, pgqueuer_log_id_seq, pgqueuer_statistics_id_seq TO cranny_app;
        DROP TABLE pgqueuer_schedules;
        """
    )
