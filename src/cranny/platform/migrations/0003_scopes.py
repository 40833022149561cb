"""What an API key is good for. Keys that exist go on being good for everything."""

from cranny.platform import schema

revision = "platform_0003"
down_revision = "platform_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    schema.script("ALTER TABLE api_keys ADD COLUMN scopes text[] NOT NULL DEFAULT '{all}'")
