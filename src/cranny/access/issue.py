"""Issuing grants: locators, secrets and rows in one statement, and a job that makes the verifiers."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from cranny.access import sealed
from cranny.access.lifecycle import Grant
from cranny.access.tables import ISSUE, MINTED, SEED, GrantRow
from cranny.core.errors import Refused
from cranny.platform import jobs, rows
from cranny.platform.db import Tx
from cranny.platform.keys import Keyring
from cranny.wire.codes import SERVER_LOCATORS
from cranny.wire.kinds import Purpose

VERIFY = "access.verify"
"""The kind of the job that makes a grant's verifiers."""

_SHUFFLE = 2**31


@dataclass(frozen=True, slots=True)
class Wanted:
    """A grant to issue. `subject` is what it gives a right to (`deliveries/<id>`). With `door` and `generation`
    it is bound from the start. A deposit grant has no code: the tracking number proves it."""

    purpose: Purpose
    subject: str
    door: str | None = None
    generation: int | None = None


async def issue_many(tx: Tx, keyring: Keyring, bank: UUID, wanted: Sequence[Wanted]) -> list[GrantRow]:
    """Issue `wanted` for `bank`, in this order. Raises Refused, code `locators-exhausted`, when the bank has
    not enough free locators: nothing is issued then."""
    if not wanted:
        return []
    ids = [tx.ids.new() for _ in wanted]
    secrets = [
        (None, None) if want.purpose == "deposit" else sealed.draw(keyring, tx.tenant, id_, tx.rng)
        for id_, want in zip(ids, wanted, strict=True)
    ]
    columns = (
        ids,
        [want.purpose for want in wanted],
        [want.subject for want in wanted],
        [want.door for want in wanted],
        [want.generation for want in wanted],
        [Grant.UNBOUND if want.door is None else Grant.BOUND for want in wanted],
        [code for code, _ in secrets],
        [qr for _, qr in secrets],
    )
    issued = await tx.all(ISSUE, tx.tenant, bank, tx.now(), *columns)
    if not issued:
        await _seed(tx, bank)
        issued = await tx.all(ISSUE, tx.tenant, bank, tx.now(), *columns)
    if not issued:
        raise Refused(
            f"This bank has all {len(SERVER_LOCATORS)} locators in use. One becomes free as soon as a delivery is "
            "collected or called off.",
            code="locators-exhausted",
            retry=True,
        )
    await jobs.enqueue(
        tx,
        [
            jobs.Job(VERIFY, tx.tenant, {"grant": str(id_)}, dedupe=str(id_))
            for id_, want in zip(ids, wanted, strict=True)
            if want.purpose != "deposit"
        ],
    )
    found = {row.id: row for row in rows.every(GrantRow, issued)}
    return [found[id_] for id_ in ids]


async def issue(
    tx: Tx,
    keyring: Keyring,
    bank: UUID,
    purpose: Purpose,
    subject: str,
    *,
    door: str | None = None,
    generation: int | None = None,
) -> GrantRow:
    """Issue one; see `issue_many`."""
    (grant,) = await issue_many(tx, keyring, bank, [Wanted(purpose, subject, door, generation)])
    return grant


async def _seed(tx: Tx, bank: UUID) -> None:
    """Give a bank its locators, in random order, when it needs its first one."""
    shuffle = [tx.rng.below(_SHUFFLE) for _ in SERVER_LOCATORS]
    await tx.run(SEED, tx.tenant, bank, list(SERVER_LOCATORS), shuffle)


async def note_minted(tx: Tx, bank: UUID, id_: UUID, subject: str, place: tuple[str, int]) -> None:
    """A bank made this collect grant and its code by itself, for `place` (door, generation): it opens already. Nobody
    but whoever stood there knows the code. Noting it twice changes nothing."""
    await tx.run(MINTED, tx.tenant, id_, bank, subject, Grant.ACTIVE, *place, tx.now())
