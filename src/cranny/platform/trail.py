"""The audit trail: who did what, why, and from where, in the tenant's hash-chained log.

Every administrative deed and every reading of a code or of personal data is written in the very transaction that does
it: it is done and written, or neither. What is personal in an entry (address, program, reason) lies beside the log, and
the log holds a salted digest of it, so that it can be erased and the chain still holds.
"""

import hmac
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import cbor2
import msgspec
from litestar.datastructures import Headers
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from cranny.core.events import NewEvent
from cranny.platform import events, rows, said, scopes
from cranny.platform.chain import Break, Walk
from cranny.platform.db import WITNESS, Tx
from cranny.platform.log import HEAD_LINK, LINKS
from cranny.platform.permissions import Action

BEGINS: Final = "audit."
WHY: Final = "Audit-Reason"
"""A header with which whoever asks can say why."""
LONGEST: Final = 500
BUSINESS: Final = frozenset({"deliveries"})
"""What is written there is everyday work, and its own events tell of it."""
READINGS: Final = frozenset({"codes", "people"})
"""To read there is to be told a secret or something personal."""
PERSONAL: Final = frozenset({Action.PEOPLE_READ, Action.PERSONAL_EXPORT})
"""Of a page: it shows who people are."""

ADD: Final = """
INSERT INTO audit_details (tenant, event, by, address, agent, why, salt, written)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""
DETAILS: Final = "SELECT * FROM audit_details WHERE tenant = $1 AND event = ANY($2::uuid[])"
NEWEST: Final = """
SELECT id, type, subject, time, recorded, data, position, chain FROM events
WHERE tenant = $1 AND position > 0 AND starts_with(type, 'audit.') ORDER BY position DESC LIMIT $2
"""
FORGET: Final = """
DELETE FROM audit_details WHERE (tenant, event) IN (
    SELECT tenant, event FROM audit_details WHERE tenant = $1 AND written < $2 ORDER BY written LIMIT $3
)
"""
FORGET_BY: Final = "DELETE FROM audit_details WHERE tenant = $1 AND by = $2"
# What somebody else wrote while they dealt with one of these: the address names it.
FORGET_ON: Final = """
DELETE FROM audit_details AS d USING events AS e
WHERE d.tenant = $1 AND e.tenant = $1 AND e.id = d.event AND d.why <> ''
    AND string_to_array(e.data ->> 'on', '/') && $2::text[]
"""
DETAILED: Final = "SELECT DISTINCT by FROM audit_details WHERE tenant = $1 AND by = ANY ($2::text[]) ORDER BY by"
OF_BY: Final = """
SELECT d.written, d.address, d.agent, d.why, e.data ->> 'does' AS does, e.data ->> 'on' AS "on"
FROM audit_details AS d JOIN events AS e ON e.tenant = d.tenant AND e.id = d.event
WHERE d.tenant = $1 AND d.by = $2 ORDER BY d.written
"""


class AuditDetailRow(msgspec.Struct, frozen=True):
    """`by` is `keys/<id>` or `persons/<id>`."""

    tenant: UUID
    event: UUID
    by: str
    address: str
    agent: str
    why: str
    salt: bytes
    written: datetime


@dataclass(frozen=True, slots=True)
class Entry:
    """`details` is None when they were erased; `refusal` is the code of why it was not done."""

    position: int
    at: datetime
    by: str
    does: str
    on: str
    details: AuditDetailRow | None
    refusal: str = ""


def is_audited(method: str, path: str, needs: Action | None = None) -> bool:
    """Whether the operation at the template `path` is written down. Pages are, when they change anything, or `needs`
    says that they show somebody's data."""
    try:
        area, _, deed = scopes.needed(method, path).partition(":")
    except scopes.UnknownArea:
        return method not in scopes.READS or needs in PERSONAL
    return area in READINGS or (deed != "read" and area not in BUSINESS)


def is_written(scope: Any) -> bool:
    """The same of the operation that a request is for."""
    handler: Any = scope.get("route_handler")
    needs = handler.opt.get("needs") if handler is not None else None
    return is_audited(scope["method"], scope.get("path_template", ""), needs)


@dataclass(slots=True)
class Asked:
    """A request that is written down: a witness to the transactions that it makes. The first that commits has it."""

    tenant: UUID
    by: str
    name: str
    does: str
    on: str
    address: str
    agent: str
    why: str
    request: str
    refusal: str = ""
    _written: bool = field(default=False)

    async def attest(self, tx: Tx) -> None:
        if self._written:
            return
        salt = tx.rng.bytes(32)
        data = {
            "by": self.by,
            "does": self.does,
            "on": self.on,
            "request": self.request,
            "digest": digest(salt, self.address, self.agent, self.why).hex(),
        } | ({"refusal": self.refusal} if self.refusal else {})
        (id_,) = await events.record(tx, [NewEvent(BEGINS + self.name, self.by, data)])
        await tx.run(ADD, tx.tenant, id_, self.by, self.address, self.agent, self.why, salt, tx.now())

    def committed(self) -> None:
        self._written = True


class Trail:
    """The middleware, behind the one that knows who asks."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = _asked(scope) if scope["type"] == ScopeType.HTTP else None
        token = WITNESS.set(asked)
        try:
            await self._app(scope, receive, send)
        finally:
            WITNESS.reset(token)


def attend(scope: Scope) -> None:
    """For a request whose asker is known only behind the middleware, as a page's is."""
    WITNESS.set(_asked(scope))


def _asked(scope: Any) -> Asked | None:
    who = scope.get("user")
    if who is None or not is_written(scope):
        return None
    return asked(scope, who.tenant, who.who, name=scope["route_handler"].handler_name)


def asked(scope: Any, tenant: UUID, by: str, *, name: str, refusal: str = "", on: str = "") -> Asked:
    """What is written of a request. `refusal` is the code of why it came to nothing."""
    headers, client = Headers.from_scope(scope), scope.get("client")
    return Asked(
        tenant=tenant,
        by=by,
        name=name,
        does=f"{scope['method']} {scope.get('path_template', '')}",
        on=on or str(scope["path"]),
        address=client[0] if client else "",
        agent=_short(headers.get("user-agent", "")),
        why=_short(headers.get(WHY, "")),
        request=str(scope.get("state", {}).get("request_id", "")),
        refusal=refusal,
    )


def _short(text: str) -> str:
    return text.encode("latin-1", "replace").decode("utf-8", "replace").replace("\x00", "\ufffd")[:LONGEST]


def digest(salt: bytes, address: str, agent: str, why: str) -> bytes:
    """HMAC-SHA256 over the deterministic CBOR of the three."""
    return hmac.digest(salt, cbor2.dumps([address, agent, why], canonical=True), "sha256")


async def verify(tx: Tx, *, kept: Sequence[tuple[int, bytes]] = (), batch: int = 2000) -> Break | None:
    """The first position at which the tenant's log is not what was written, details included; None when all of it is.
    `kept` are heads (position, chain) that were kept elsewhere: who can write everything here can't change those."""
    walk, wanted = Walk(), dict(kept)
    while found := await tx.all(LINKS, tx.tenant, walk.position, batch):
        details = await _details(tx, [row["id"] for row in found if row["type"].startswith(BEGINS)])
        words = await said.of(tx, [row["id"] for row in found if said.KEY in row["data"]])
        for row in found:
            broken = (
                walk.step(row) or _detail_break(row, details.get(row["id"])) or _words_break(row, words.get(row["id"]))
            )
            if broken is not None:
                return broken
            if wanted.pop(walk.position, walk.chain) != walk.chain:
                return Break(walk.position, "up to here the log was written anew since its head was kept")
    if any(position > walk.position for position in wanted):
        return Break(walk.position + 1, "it is missing: the log is shorter than when its head was kept")
    head = await tx.one(HEAD_LINK, tx.tenant)
    return walk.end(0, bytes(32)) if head is None else walk.end(head["position"], head["chain"])


def _detail_break(row: Any, detail: AuditDetailRow | None) -> Break | None:
    if detail is None:
        return None  # erased, or none of ours
    wanted = bytes.fromhex(row["data"].get("digest", ""))
    if hmac.compare_digest(wanted, digest(detail.salt, detail.address, detail.agent, detail.why)):
        return None
    return Break(row["position"], "address, program or reason beside it were changed")


def _words_break(row: Any, words: said.EventWordsRow | None) -> Break | None:
    if words is None or hmac.compare_digest(bytes.fromhex(row["data"][said.KEY]), said.digest(words.salt, words.words)):
        return None  # none, erased, or as they were written
    return Break(row["position"], "the words beside it were changed")


async def newest(tx: Tx, limit: int) -> list[Entry]:
    """The newest entries, the last first."""
    found = await tx.all(NEWEST, tx.tenant, limit)
    details = await _details(tx, [row["id"] for row in found])
    return [
        Entry(
            row["position"],
            row["time"],
            row["data"]["by"],
            row["data"]["does"],
            row["data"]["on"],
            details.get(row["id"]),
            row["data"].get("refusal", ""),
        )
        for row in found
    ]


async def _details(tx: Tx, ids: Sequence[UUID]) -> dict[UUID, AuditDetailRow]:
    if not ids:
        return {}
    return {row.event: row for row in rows.every(AuditDetailRow, await tx.all(DETAILS, tx.tenant, list(ids)))}


async def erase(tx: Tx, by: str) -> int:
    """What is personal in the entries of one person or key; the entries stay. Returns how many."""
    return int((await tx.run(FORGET_BY, tx.tenant, by)).rsplit(maxsplit=1)[-1])


async def erase_on(tx: Tx, ids: Collection[UUID]) -> int:
    """What others wrote when they dealt with one of `ids`, address and program of theirs included; the entries stay.
    Returns how many."""
    return int((await tx.run(FORGET_ON, tx.tenant, [str(id_) for id_ in ids])).rsplit(maxsplit=1)[-1])


async def of(tx: Tx, by: str) -> list[dict[str, Any]]:
    """What is personal in the entries of one person or key, oldest first."""
    return [dict(row) for row in await tx.all(OF_BY, tx.tenant, by)]


async def detailed(tx: Tx, by: Collection[str]) -> list[str]:
    """Those of `by` of whose entries something personal is there."""
    return [row["by"] for row in await tx.all(DETAILED, tx.tenant, list(by))]


async def forget(tx: Tx, before: datetime, at_most: int) -> int:
    """Erase what is personal in entries from before that. Returns how many."""
    return int((await tx.run(FORGET, tx.tenant, before, at_most)).rsplit(maxsplit=1)[-1])
