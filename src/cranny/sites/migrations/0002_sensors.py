"""Sensors of a bank, and doors that they say are not fit."""

from cranny.platform import schema

revision = "sites_0002"
down_revision = "sites_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    schema.script(
        """
        ALTER TABLE banks ADD COLUMN sensors jsonb NOT NULL DEFAULT '[]';
        -- `unfit` says what a sensor holds against the compartment; null when nothing.
        ALTER TABLE compartments ADD COLUMN unfit text;
        """
    )
