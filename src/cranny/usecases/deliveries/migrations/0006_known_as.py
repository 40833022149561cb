"""What a bank calls a delivery is that bank's own name for it: another bank may know another one by it."""

from cranny.platform import schema

revision = "deliveries_0006"
down_revision = "deliveries_0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    schema.script(
        """
        DROP INDEX deliveries_known_as;
        CREATE UNIQUE INDEX deliveries_known_as ON deliveries (tenant, bank, known_as) WHERE known_as IS NOT NULL;
        """
    )
