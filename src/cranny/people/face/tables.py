"""The rows of faces, and every statement on them. None reads two templates: nobody is searched for."""

from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec


class AllowedRow(msgspec.Struct, frozen=True):
    """The tenant lets its people use the face check. Without this row no template can be kept: they hang on it."""

    tenant: UUID
    since: datetime
    by: str


class TemplateRow(msgspec.Struct, frozen=True):
    """`template` is sealed with a key of this tenant's own. `seen` is when it was last recognized, or made."""

    tenant: UUID
    person: UUID
    template: bytes
    model: str
    created: datetime
    seen: datetime

    def __repr__(self) -> str:
        """Without the template, wherever it is printed."""
        return f"TemplateRow({self.person})"


TABLES: Final[dict[str, type[msgspec.Struct]]] = {"face_checks": AllowedRow, "face_templates": TemplateRow}

ALLOWED: Final = "SELECT * FROM face_checks WHERE tenant = $1"
ALLOW: Final = "INSERT INTO face_checks (tenant, since, by) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING since"
COUNT: Final = "SELECT count(*) FROM face_templates WHERE tenant = $1"
END: Final = "DELETE FROM face_checks WHERE tenant = $1 RETURNING since"
"""The templates go with it."""
KEEP: Final = """
INSERT INTO face_templates (tenant, person, template, model, created, seen) VALUES ($1, $2, $3, $4, $5, $5)
ON CONFLICT (tenant, person) DO UPDATE SET template = $3, model = $4, created = $5, seen = $5
"""
TEMPLATE: Final = "SELECT * FROM face_templates WHERE tenant = $1 AND person = $2"
SEEN: Final = "UPDATE face_templates SET seen = $3 WHERE tenant = $1 AND person = $2"
FORGET: Final = "DELETE FROM face_templates WHERE tenant = $1 AND person = $2 RETURNING person"
FORGET_OLD: Final = """
DELETE FROM face_templates WHERE (tenant, person) IN (
    SELECT tenant, person FROM face_templates WHERE tenant = $1 AND seen < $2 LIMIT $3
)
"""
EXPORT: Final = "SELECT created, model, seen FROM face_templates WHERE tenant = $1 AND person = $2"
