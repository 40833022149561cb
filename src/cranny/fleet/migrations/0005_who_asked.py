"""Who asked for a command: a key, or a person."""

from cranny.platform import schema

revision = "fleet_0005"
down_revision = "fleet_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    schema.script(
        """
        -- Until now it was always a key. By defaults: the wall between tenants lets nobody update rows of all of them.
        ALTER TABLE commands
            ADD COLUMN asked_kind text NOT NULL DEFAULT 'key',
            ADD COLUMN confirmed_kind text DEFAULT 'key';
        ALTER TABLE commands
            ALTER COLUMN asked_kind DROP DEFAULT,
            ALTER COLUMN confirmed_kind DROP DEFAULT,
            ADD CHECK (confirmed_by IS NULL OR confirmed_kind IS NOT NULL);
        """
    )
