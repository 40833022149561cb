"""What of a delivery names somebody is not kept for ever."""

from cranny.platform import schema

revision = "deliveries_0004"
down_revision = "deliveries_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    schema.script(
        """
        -- `let_go`: its recipient was looked at once it was over. `tidied`: what names them was taken off it.
        ALTER TABLE deliveries ADD COLUMN let_go boolean NOT NULL DEFAULT false;
        ALTER TABLE deliveries ADD COLUMN tidied boolean NOT NULL DEFAULT false;
        CREATE INDEX deliveries_recipient ON deliveries (tenant, recipient) WHERE recipient IS NOT NULL;
        CREATE INDEX deliveries_to_let_go ON deliveries (tenant, ended_at) WHERE ended_at IS NOT NULL AND NOT let_go;
        CREATE INDEX deliveries_to_tidy ON deliveries (tenant, ended_at) WHERE ended_at IS NOT NULL AND NOT tidied;
        """
    )
