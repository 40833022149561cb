"""The job that makes a grant's verifiers and sends them to its bank: the slow function runs here, never on a
request's path."""

from typing import Any
from uuid import UUID

import msgspec

from cranny import fleet
from cranny.access import badges, sealed
from cranny.access.ends import told
from cranny.access.lifecycle import GRANT, LIVE, Deed
from cranny.access.tables import GET, KEPT, LOCK, VERIFIED, GrantRow, SecretRow
from cranny.platform import events, rows
from cranny.platform.db import Tx
from cranny.platform.jobs import JobHandler
from cranny.platform.keys import Keyring
from cranny.wire.codes import code_material, qr_verifier
from cranny.wire.kdf import SALT_BYTES, Kdf
from cranny.wire.messages import GrantGiven


def verify_job(keyring: Keyring, kdf: Kdf) -> JobHandler:
    """The handler of `access.verify`, payload `{"grant": id}`. It may run again: the bank takes the newest
    verifiers of a grant. A grant that has ended meanwhile, or that was never committed, needs none."""

    async def handle(tx: Tx, payload: dict[str, Any]) -> None:
        id_ = UUID(payload["grant"])
        kept = await tx.one(KEPT, tx.tenant, id_)
        record = await tx.one(GET, tx.tenant, [id_])
        if kept is None or record is None:
            return
        given = await _verifiers(tx, keyring, kdf, rows.to(GrantRow, record), rows.to(SecretRow, kept))
        # Locked only now: nobody should wait for the slow function.
        grant = rows.to(GrantRow, await tx.one(LOCK, tx.tenant, id_) or record)
        if grant.state not in LIVE or grant.verified_at is not None:
            return
        badge = badges.verifier(tx, keyring, grant, await badges.badge_of(tx, keyring, id_))
        bound = msgspec.structs.replace(
            given, door=grant.door or "", generation=grant.generation or 0, badge_verifier=badge
        )
        await fleet.append(tx, grant.bank, [bound])
        await tx.run(VERIFIED, tx.tenant, id_, tx.now())
        await events.move(tx, GRANT, [id_], Deed.VERIFY, data={id_: told(grant)})

    return handle


async def _verifiers(tx: Tx, keyring: Keyring, kdf: Kdf, grant: GrantRow, kept: SecretRow) -> GrantGiven:
    if grant.locator is None or grant.purpose == "deposit":
        raise RuntimeError(f"grant {grant.id} is proven by a tracking number")
    pepper = keyring.pepper(grant.bank)
    code = sealed.open_code(keyring, tx.tenant, grant.id, grant.locator, kept.code)
    qr = sealed.open_qr(keyring, tx.tenant, grant.id, grant.locator, kept.qr)
    salt = tx.rng.bytes(SALT_BYTES)
    return GrantGiven(
        grant=grant.id,
        purpose=grant.purpose,
        delivery=_delivery(grant.subject),
        locator=grant.locator,
        salt=salt,
        code_verifier=await kdf.derive(code_material(pepper, tx.tenant, grant.bank, code), salt),
        qr_verifier=qr_verifier(pepper, tx.tenant, grant.bank, qr),
    )


def _delivery(subject: str) -> UUID | None:
    kind, _, id_ = subject.partition("/")
    return UUID(id_) if kind == "deliveries" else None
