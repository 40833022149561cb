"""The rows of this room and every statement on them. Private: others use the front door."""

from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec


class PersonRow(msgspec.Struct, frozen=True):
    """`name` is empty where nobody gave one. The keys are null where another person has them."""

    tenant: UUID
    id: UUID
    name: str
    email: str | None
    phone: str | None
    language: str | None
    email_key: str | None
    phone_key: str | None
    created: datetime

    def __repr__(self) -> str:
        """Nothing personal, wherever it is printed."""
        return f"PersonRow({self.id})"


TABLES: Final[dict[str, type[msgspec.Struct]]] = {"persons": PersonRow}

FIND: Final = """
SELECT tenant, id, name, email, phone, language, email_key, phone_key, created FROM persons
WHERE tenant = $1 AND (email_key = $2 OR phone_key = $3)
"""
# For those who were overtaken once: now the others wait.
FIND_AND_LOCK: Final = """
SELECT tenant, id, name, email, phone, language, email_key, phone_key, created FROM persons
WHERE tenant = $1 AND (email_key = $2 OR phone_key = $3)
ORDER BY id FOR NO KEY UPDATE
"""
ADD: Final = """
INSERT INTO persons (tenant, id, name, email, phone, language, email_key, phone_key, created)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT DO NOTHING
RETURNING id
"""
# Only what nobody has changed since it was read: no lock is held on people whom many announce parcels to.
CHANGE: Final = """
UPDATE persons SET name = $3, email = $4, phone = $5, language = $6, email_key = $7, phone_key = $8
WHERE tenant = $1 AND id = $2
    AND (name, email, phone, language, email_key, phone_key) IS NOT DISTINCT FROM ($9, $10, $11, $12, $13, $14)
RETURNING id
"""
GET: Final = "SELECT id, name, email, phone, language FROM persons WHERE tenant = $1 AND id = ANY ($2::uuid[])"
"""Without the keys: who asks wants to reach somebody."""
FORGET: Final = "DELETE FROM persons WHERE tenant = $1 AND id = $2"
ODD_KEYS: Final = """
SELECT id FROM persons
WHERE tenant = $1 AND ((email IS NULL) <> (email_key IS NULL) OR phone_key <> coalesce(phone, ''))
"""
