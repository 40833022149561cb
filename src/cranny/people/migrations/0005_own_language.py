"""A language that somebody chose themselves is not changed by whoever sends them something."""

from cranny.platform import schema

revision = "people_own_language"
down_revision = "people_0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    schema.script("ALTER TABLE persons ADD COLUMN language_own boolean NOT NULL DEFAULT false")
