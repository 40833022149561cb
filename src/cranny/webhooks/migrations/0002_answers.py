"""What the other side answered may name somebody, and can be erased."""

from cranny.platform import schema
from cranny.platform.fitness import APP_ROLE

revision = "webhooks_0002"
down_revision = "webhooks_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    schema.script(f"GRANT UPDATE (answer) ON webhook_attempts TO {APP_ROLE}")
