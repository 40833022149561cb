"""What a tenant has settled about personal data."""

from cranny.platform import schema

revision = "privacy_0001"
down_revision = None
branch_labels = ("privacy",)
depends_on = ("platform_0005",)


def upgrade() -> None:
    schema.script(
        """
        -- `ask_since`: whoever becomes known after that is asked how they want to be told. `days` by kind of data,
        -- where they differ from ours.
        CREATE TABLE privacy_settings (
            tenant uuid PRIMARY KEY REFERENCES tenants,
            ask_since timestamptz,
            days jsonb NOT NULL,
            changed timestamptz NOT NULL,
            by text NOT NULL
        );
        """
    )
    schema.isolate("privacy_settings", may="SELECT, INSERT, UPDATE")
