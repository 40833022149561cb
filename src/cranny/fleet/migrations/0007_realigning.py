"""How the server sees that a bank holds rights of which a restored backup does not know."""

from cranny.platform import schema

revision = "fleet_0007"
down_revision = "fleet_0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    schema.script(
        """
        ALTER TABLE downlink ADD COLUMN tag bigint NOT NULL DEFAULT 0;
        ALTER TABLE bank_downlinks ADD COLUMN aligned bigint NOT NULL DEFAULT 0;
        """
    )
