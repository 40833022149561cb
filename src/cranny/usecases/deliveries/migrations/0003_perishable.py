"""What does not keep: until when it has to be collected, and what became of it."""

from cranny.platform import schema

revision = "deliveries_0003"
down_revision = "deliveries_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    schema.script(
        """
        ALTER TABLE deliveries
            ADD COLUMN perishable_hours integer,
            ADD COLUMN spoiled_at timestamptz,
            ADD COLUMN spoiled_why text NOT NULL DEFAULT '';
        CREATE INDEX deliveries_perishable ON deliveries (tenant, stored_at)
            WHERE perishable_hours IS NOT NULL AND spoiled_at IS NULL AND state IN ('stored', 'overdue', 'recalling');
        """
    )
