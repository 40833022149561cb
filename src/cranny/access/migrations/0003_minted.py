"""A collect grant whose code a bank made by itself has no locator of the server's."""

from cranny.platform import schema

revision = "access_0003"
down_revision = "access_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    schema.script(
        """
        ALTER TABLE grants DROP CONSTRAINT grants_check;
        ALTER TABLE grants ADD CONSTRAINT grants_locator CHECK (purpose <> 'deposit' OR locator IS NULL);
        """
    )
