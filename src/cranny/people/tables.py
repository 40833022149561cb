"""The rows of this room and every statement on them. Private: others use the front door."""

from datetime import datetime
from typing import Final, Literal
from uuid import UUID

import msgspec

from cranny.platform.permissions import Role

How = Literal["key", "link", "mail", "invitation", "founding", "passkey", "code", "oidc", "saml"]
"""By what a session was begun."""


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
    low_doors: bool = False
    language_own: bool = False
    """Chosen: whoever sends them something can't change it."""

    def __repr__(self) -> str:
        """Nothing personal, wherever it is printed."""
        return f"PersonRow({self.id})"


class PreferencesRow(msgspec.Struct, frozen=True):
    """`quiet_from` and `quiet_to` are minutes of the day at `zone`. Without `chosen` nobody has said anything yet;
    `asked` is when a link to do so was sent."""

    tenant: UUID
    person: UUID
    channels: list[str]
    quiet_from: int | None
    quiet_to: int | None
    zone: str
    asked: datetime | None
    chosen: datetime | None
    by: str


class ConsentRow(msgspec.Struct, frozen=True):
    tenant: UUID
    person: UUID
    channel: str
    given: bool
    at: datetime
    how: str
    by: str


class MembershipRow(msgspec.Struct, frozen=True):
    """`site` is null where the role is for the whole tenant. `by` is who gave it: `keys/<id>`, `persons/<id>`, or how
    somebody became the first. `source` is empty where it was given by hand; otherwise what gave it takes it back."""

    tenant: UUID
    id: UUID
    person: UUID
    role: Role
    site: UUID | None
    created: datetime
    by: str
    source: str = ""


class SessionRow(msgspec.Struct, frozen=True):
    """A browser that acts as `holder`, a key or a person. `how` it was begun, in what `browser`; `binding` is a digest
    of what the browser calls itself. `proven` is when its person last showed that it is them."""

    tenant: UUID
    id: UUID
    kind: Literal["key", "person"]
    holder: UUID
    how: How
    browser: str
    binding: bytes
    created: datetime
    seen: datetime
    until: datetime
    proven: datetime | None
    ended: datetime | None


class PasskeyRow(msgspec.Struct, frozen=True):
    """The public half. `rp` is the host that it is for; `synced` says that copies of it may be kept elsewhere."""

    tenant: UUID
    id: UUID
    person: UUID
    credential: bytes
    public_key: bytes
    sign_count: int
    rp: str
    label: str
    synced: bool
    created: datetime
    last_used: datetime | None


class OneTimeCodeRow(msgspec.Struct, frozen=True):
    """The secret of a TOTP app, sealed. `used` is the last step (30 s each since 1970) whose code was taken; null
    until the first one was typed, which sets it up."""

    tenant: UUID
    person: UUID
    secret: bytes
    used: int | None
    wrong: int
    created: datetime


TABLES: Final[dict[str, type[msgspec.Struct]]] = {
    "persons": PersonRow,
    "preferences": PreferencesRow,
    "consents": ConsentRow,
    "memberships": MembershipRow,
    "sessions": SessionRow,
    "passkeys": PasskeyRow,
    "one_time_codes": OneTimeCodeRow,
}

FIND: Final = """
SELECT * FROM persons
WHERE tenant = $1 AND (email_key = $2 OR phone_key = $3)
"""
# Whoever is left as they are stays until the end of the transaction: an erasure waits, and then sees what they were
# found for. (Held from the start, two who both have something to change would wait for each other.)
HOLD: Final = "SELECT id FROM persons WHERE tenant = $1 AND id = $2 FOR KEY SHARE"
# For those who were overtaken once: now the others wait.
FIND_AND_LOCK: Final = """
SELECT * FROM persons
WHERE tenant = $1 AND (email_key = $2 OR phone_key = $3)
ORDER BY id FOR NO KEY UPDATE
"""
ADD: Final = """
INSERT INTO persons (tenant, id, name, email, phone, language, email_key, phone_key, created, low_doors, language_own)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
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
ODD_KEYS: Final = """
SELECT id FROM persons
WHERE tenant = $1 AND ((email IS NULL) <> (email_key IS NULL) OR phone_key <> coalesce(phone, ''))
"""

LOCK: Final = "SELECT * FROM persons WHERE tenant = $1 AND id = $2 FOR UPDATE"
LOW_DOORS: Final = "SELECT id FROM persons WHERE tenant = $1 AND id = ANY ($2::uuid[]) AND low_doors"
WITH_NUMBER: Final = "SELECT id FROM persons WHERE tenant = $1 AND (email_key = $2 OR phone = $3) ORDER BY id"

# ---------------------------------------------------------------- what is held about somebody
EXPORT_SESSIONS: Final = """
SELECT how, browser, created, seen, until, ended FROM sessions
WHERE tenant = $1 AND kind = 'person' AND holder = $2 ORDER BY created
"""
EXPORT_PASSKEYS: Final = """
SELECT label, rp, synced, created, last_used FROM passkeys WHERE tenant = $1 AND person = $2 ORDER BY id
"""
EXPORT_LISTS: Final = """
SELECT list, unit, until FROM people_list_entries WHERE tenant = $1 AND person = $2 ORDER BY list
"""
EXPORT_ORGANISATIONS: Final = """
SELECT p.name, p.issuer, s.subject, s.linked FROM oidc_subjects s
JOIN oidc_providers p ON p.tenant = s.tenant AND p.id = s.provider WHERE s.tenant = $1 AND s.person = $2
UNION ALL SELECT p.name, p.entity_id, s.subject, s.linked FROM saml_subjects s
JOIN saml_providers p ON p.tenant = s.tenant AND p.id = s.provider WHERE s.tenant = $1 AND s.person = $2
ORDER BY linked
"""
EXPORT_PROVISIONED: Final = """
SELECT u.user_name, u.external_id, u.active, u.resource, u.created, u.changed, (
    SELECT coalesce(jsonb_agg(g.name ORDER BY g.name), '[]') FROM scim_groups g
    JOIN scim_members m ON m.tenant = g.tenant AND m.circle = g.id WHERE m.tenant = u.tenant AND m.member = u.id
) AS groups
FROM scim_users u WHERE u.tenant = $1 AND u.person = $2
"""
EXPORT_CODE: Final = "SELECT created FROM one_time_codes WHERE tenant = $1 AND person = $2"
REFS_OF: Final = """
SELECT id FROM sessions WHERE tenant = $1 AND kind = 'person' AND holder = ANY ($2::uuid[])
UNION ALL SELECT id FROM passkeys WHERE tenant = $1 AND person = ANY ($2::uuid[])
"""
FORGET_SESSIONS_OF: Final = """
DELETE FROM sessions WHERE tenant = $1 AND kind = 'person' AND holder = ANY ($2::uuid[])
"""
# The rest of theirs goes with the row.
LET_GO: Final = "DELETE FROM persons WHERE tenant = $1 AND id = ANY ($2::uuid[])"
REMAINS: Final = """
SELECT id FROM persons WHERE tenant = $1 AND id = ANY ($2::uuid[])
UNION SELECT holder FROM sessions WHERE tenant = $1 AND holder = ANY ($2::uuid[]) ORDER BY id
"""
IDLE: Final = """
SELECT id FROM persons AS p WHERE tenant = $1 AND id > $2 AND created < $3
    AND NOT EXISTS (SELECT FROM memberships AS m WHERE m.tenant = p.tenant AND m.person = p.id)
ORDER BY id LIMIT $4
"""
# Whoever is just being told of something, or given a role, is left alone: they are met at the next sweep.
HOLD_FREE: Final = """
SELECT id FROM persons WHERE tenant = $1 AND id = ANY ($2::uuid[]) ORDER BY id FOR UPDATE SKIP LOCKED
"""
# A statement of its own: it sees what was committed until the locks were there.
STILL_IDLE: Final = """
SELECT id FROM persons AS p WHERE tenant = $1 AND id = ANY ($2::uuid[])
    AND NOT EXISTS (SELECT FROM memberships AS m WHERE m.tenant = p.tenant AND m.person = p.id)
ORDER BY id
"""

# ---------------------------------------------------------------- preferences
# One round trip for each message: what was chosen, if anything, and what may not be used.
PREFERENCES: Final = """
SELECT p.channels, p.quiet_from, p.quiet_to, p.zone, p.chosen, ARRAY(
    SELECT channel FROM consents WHERE tenant = $1 AND person = $2 AND NOT given
) AS refused
FROM (SELECT) AS always LEFT JOIN preferences AS p ON p.tenant = $1 AND p.person = $2
"""
PREFER: Final = """
INSERT INTO preferences (tenant, person, channels, quiet_from, quiet_to, zone, chosen, by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (tenant, person) DO UPDATE
    SET channels = $3, quiet_from = $4, quiet_to = $5, zone = $6, chosen = $7, by = $8
"""
WISHES: Final = """
UPDATE persons SET language = coalesce($3, language), language_own = language_own OR $3 IS NOT NULL, low_doors = $4
WHERE tenant = $1 AND id = $2
"""
CONSENTS: Final = "SELECT * FROM consents WHERE tenant = $1 AND person = $2 ORDER BY channel"
CONSENT: Final = """
INSERT INTO consents (tenant, person, channel, given, at, how, by) VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (tenant, person, channel) DO UPDATE SET given = $4, at = $5, how = $6, by = $7
    WHERE consents.given <> excluded.given
RETURNING person
"""
ASKED: Final = """
INSERT INTO preferences (tenant, person, asked) VALUES ($1, $2, $3)
ON CONFLICT (tenant, person) DO UPDATE SET asked = $3
"""
# Nobody has asked them yet, who came to be known after $2. Ids grow with time: those before $4 are older.
UNASKED: Final = """
SELECT p.id FROM persons AS p
WHERE p.tenant = $1 AND p.id > $4 AND p.created > $2
    AND NOT EXISTS (SELECT FROM preferences AS f WHERE f.tenant = p.tenant AND f.person = p.id)
    AND NOT EXISTS (SELECT FROM memberships AS m WHERE m.tenant = p.tenant AND m.person = p.id)
ORDER BY p.id LIMIT $3 FOR NO KEY UPDATE SKIP LOCKED
"""

# ---------------------------------------------------------------- roles
GIVE: Final = """
INSERT INTO memberships (tenant, id, person, role, site, created, by, source) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT ON CONSTRAINT memberships_once DO NOTHING RETURNING id
"""
TAKE: Final = """
DELETE FROM memberships WHERE tenant = $1 AND person = $2 AND role = $3 AND site IS NOT DISTINCT FROM $4 RETURNING id
"""
TAKE_EVERY: Final = "DELETE FROM memberships WHERE tenant = $1 AND person = $2 RETURNING *"
OF_PERSON: Final = "SELECT * FROM memberships WHERE tenant = $1 AND person = $2 ORDER BY id"
OF_ALL: Final = "SELECT * FROM memberships WHERE tenant = $1 ORDER BY id"
# One who takes a role away waits for the others, so that the last admin can't go twice at once.
LOCK_ADMINS: Final = """
SELECT id FROM memberships WHERE tenant = $1 AND role = 'admin' AND site IS NULL ORDER BY id FOR UPDATE
"""
MEMBERS: Final = """
SELECT id, name, email, phone, language FROM persons p
WHERE tenant = $1 AND id > $2 AND EXISTS (
    SELECT FROM memberships m
    WHERE m.tenant = p.tenant AND m.person = p.id AND ($4::uuid[] IS NULL OR m.site = ANY ($4))
)
ORDER BY id LIMIT $3
"""
MEMBERS_BY_NAME: Final = """
SELECT id, name, email, phone, language FROM persons p
WHERE tenant = $1 AND (lower(name), id) > (lower($2), $3) AND EXISTS (
    SELECT FROM memberships m
    WHERE m.tenant = p.tenant AND m.person = p.id AND ($5::uuid[] IS NULL OR m.site = ANY ($5))
)
ORDER BY lower(name), id LIMIT $4
"""
ADDRESS: Final = "SELECT email_key FROM persons WHERE tenant = $1 AND id = $2"
WITH_EMAIL: Final = "SELECT id FROM persons WHERE tenant = $1 AND email_key = $2"
WHERE_PERSON: Final = "SELECT id AS person FROM persons WHERE tenant = $1 AND id = $2"

# ---------------------------------------------------------------- sessions
BEGIN: Final = """
INSERT INTO sessions (tenant, id, kind, holder, how, browser, binding, created, seen, until, proven)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9, $10)
"""
SESSION: Final = "SELECT * FROM sessions WHERE tenant = $1 AND id = $2"
SEEN: Final = "UPDATE sessions SET seen = $3 WHERE tenant = $1 AND id = $2 AND seen < $4"
PROVEN: Final = """
UPDATE sessions SET proven = GREATEST(proven, $3) WHERE tenant = $1 AND id = $2 AND ended IS NULL
"""
END: Final = "UPDATE sessions SET ended = $3 WHERE tenant = $1 AND id = $2 AND ended IS NULL RETURNING kind, holder"
END_ALL: Final = """
UPDATE sessions SET ended = $4 WHERE tenant = $1 AND kind = $2 AND holder = $3 AND ended IS NULL AND id <> $5
RETURNING id
"""
END_OF_MANY: Final = """
UPDATE sessions SET ended = $3
WHERE tenant = $1 AND kind = 'person' AND holder = ANY ($2::uuid[]) AND ended IS NULL RETURNING id
"""
LIVE: Final = """
SELECT * FROM sessions
WHERE tenant = $1 AND ended IS NULL AND until > $2 AND seen > $3 AND ($4::uuid IS NULL OR holder = $4)
ORDER BY seen DESC, id LIMIT 500
"""
FORGET_SESSIONS: Final = """
DELETE FROM sessions WHERE (tenant, id) IN (
    SELECT tenant, id FROM sessions WHERE tenant = $1 AND (until < $2 OR ended < $2) LIMIT $3
)
"""
WHERE_SESSION: Final = """
SELECT CASE kind WHEN 'person' THEN holder END AS person FROM sessions WHERE tenant = $1 AND id = $2
"""

# ---------------------------------------------------------------- proofs
ASKED_LATELY: Final = """
SELECT count(*) FROM events WHERE tenant = $1 AND subject = $2 AND type = $3 AND recorded > $4
"""
ADD_PASSKEY: Final = """
INSERT INTO passkeys (tenant, id, person, credential, public_key, sign_count, rp, label, synced, created)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
"""
PASSKEY: Final = "SELECT * FROM passkeys WHERE tenant = $1 AND id = $2"
PASSKEYS: Final = "SELECT * FROM passkeys WHERE tenant = $1 AND person = $2 ORDER BY id"
PASSKEY_USED: Final = """
UPDATE passkeys SET sign_count = $3, synced = $4, last_used = $5 WHERE tenant = $1 AND id = $2
"""
FORGET_PASSKEY: Final = "DELETE FROM passkeys WHERE tenant = $1 AND person = $2 AND id = $3 RETURNING credential"
SET_CODE: Final = """
INSERT INTO one_time_codes (tenant, person, secret, created) VALUES ($1, $2, $3, $4)
ON CONFLICT (tenant, person) DO UPDATE SET secret = $3, created = $4, wrong = 0 WHERE one_time_codes.used IS NULL
RETURNING person
"""
CODE: Final = "SELECT * FROM one_time_codes WHERE tenant = $1 AND person = $2 FOR UPDATE"
CODE_USED: Final = "UPDATE one_time_codes SET used = $3, wrong = 0 WHERE tenant = $1 AND person = $2"
CODE_WRONG: Final = "UPDATE one_time_codes SET wrong = wrong + 1 WHERE tenant = $1 AND person = $2"
FORGET_CODE: Final = "DELETE FROM one_time_codes WHERE tenant = $1 AND person = $2 RETURNING person"
