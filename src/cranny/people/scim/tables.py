"""The rows of SCIM, and every statement on them."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from cranny.platform.permissions import Role


class UserRow(msgspec.Struct, frozen=True):
    """Somebody as the other system has them. `person` is null while no address of theirs is known. `resource` is what
    it said, without what is ours to say."""

    tenant: UUID
    id: UUID
    person: UUID | None
    user_name: str
    external_id: str | None
    active: bool
    resource: dict[str, Any]
    created: datetime
    changed: datetime

    def __repr__(self) -> str:
        """Nothing personal, wherever it is printed."""
        return f"UserRow({self.id})"


class GroupRow(msgspec.Struct, frozen=True):
    """A group of theirs. Its members get `role` (at `site`), where an admin or its name says one."""

    tenant: UUID
    id: UUID
    name: str
    external_id: str | None
    role: Role | None
    site: UUID | None
    created: datetime
    changed: datetime


class MemberRow(msgspec.Struct, frozen=True):
    tenant: UUID
    circle: UUID
    member: UUID


TABLES: Final[dict[str, type[msgspec.Struct]]] = {
    "scim_users": UserRow,
    "scim_groups": GroupRow,
    "scim_members": MemberRow,
}

ADD_USER: Final = """
INSERT INTO scim_users (tenant, id, person, user_name, external_id, active, resource, created, changed)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)
"""
SET_USER: Final = """
UPDATE scim_users SET person = $3, user_name = $4, external_id = $5, active = $6, resource = $7, changed = $8
WHERE tenant = $1 AND id = $2
"""
USER: Final = "SELECT * FROM scim_users WHERE tenant = $1 AND id = $2"
LOCK_USER: Final = "SELECT * FROM scim_users WHERE tenant = $1 AND id = $2 FOR UPDATE"
USERS: Final = "SELECT * FROM scim_users WHERE tenant = $1 ORDER BY id LIMIT $2 OFFSET $3"
COUNT_USERS: Final = "SELECT count(*) FROM scim_users WHERE tenant = $1"
BY_NAME: Final = "SELECT * FROM scim_users WHERE tenant = $1 AND lower(user_name) = lower($2)"
BY_EXTERNAL: Final = "SELECT * FROM scim_users WHERE tenant = $1 AND external_id = $2 ORDER BY id"
OF_PERSON: Final = "SELECT id FROM scim_users WHERE tenant = $1 AND person = $2"
DROP_USER: Final = "DELETE FROM scim_users WHERE tenant = $1 AND id = $2"
GROUPS_OF: Final = """
SELECT m.member, g.* FROM scim_groups g JOIN scim_members m ON m.tenant = g.tenant AND m.circle = g.id
WHERE g.tenant = $1 AND m.member = ANY ($2::uuid[]) ORDER BY g.id
"""

ADD_GROUP: Final = """
INSERT INTO scim_groups (tenant, id, name, external_id, role, created, changed) VALUES ($1, $2, $3, $4, $5, $6, $6)
"""
SET_GROUP: Final = """
UPDATE scim_groups SET name = $3, external_id = $4, changed = $5 WHERE tenant = $1 AND id = $2
"""
MAP_GROUP: Final = (
    "UPDATE scim_groups SET role = $3, site = $4, changed = $5 WHERE tenant = $1 AND id = $2 RETURNING id"
)
GROUP: Final = "SELECT * FROM scim_groups WHERE tenant = $1 AND id = $2"
LOCK_GROUP: Final = "SELECT * FROM scim_groups WHERE tenant = $1 AND id = $2 FOR UPDATE"
GROUPS: Final = "SELECT * FROM scim_groups WHERE tenant = $1 ORDER BY id LIMIT $2 OFFSET $3"
COUNT_GROUPS: Final = "SELECT count(*) FROM scim_groups WHERE tenant = $1"
GROUP_BY_NAME: Final = "SELECT * FROM scim_groups WHERE tenant = $1 AND lower(name) = lower($2)"
GROUP_BY_EXTERNAL: Final = "SELECT * FROM scim_groups WHERE tenant = $1 AND external_id = $2 ORDER BY id"
DROP_GROUP: Final = "DELETE FROM scim_groups WHERE tenant = $1 AND id = $2"
MEMBERS: Final = """
SELECT m.circle, u.id, u.user_name FROM scim_members m JOIN scim_users u ON u.tenant = m.tenant AND u.id = m.member
WHERE m.tenant = $1 AND m.circle = ANY ($2::uuid[]) ORDER BY u.id
"""
JOIN: Final = """
INSERT INTO scim_members (tenant, circle, member) SELECT $1, $2, m FROM unnest($3::uuid[]) AS m ON CONFLICT DO NOTHING
"""
PART: Final = "DELETE FROM scim_members WHERE tenant = $1 AND circle = $2 AND member = ANY ($3::uuid[])"
KNOWN: Final = "SELECT id FROM scim_users WHERE tenant = $1 AND id = ANY ($2::uuid[])"
SET_EMAIL: Final = "UPDATE persons SET email = $3, email_key = $4 WHERE tenant = $1 AND id = $2"
