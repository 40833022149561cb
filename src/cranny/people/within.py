"""Whom a role for some sites reaches: those who have a role there, and what they are there. An admin of a site lets
people in, and out, of that site and no other."""

from collections.abc import Collection, Iterable, Sequence
from typing import Final
from uuid import UUID

from cranny.core.errors import Forbidden
from cranny.people import tables
from cranny.people.tables import MembershipRow
from cranny.platform import rows
from cranny.platform.db import Tx
from cranny.platform.permissions import Membership

Sites = Collection[UUID] | None
"""None is the whole tenant."""
_NOT_YOURS: Final = "not-yours"


def insist_on(wanted: Iterable[Membership], at: Sites) -> None:
    """Raises Forbidden, code `not-yours`, for a role somewhere else than `at`."""
    if at is not None and any(one.site not in at for one in wanted):
        raise Forbidden("You give and take roles at your own sites only: name one of them.", code=_NOT_YOURS)


async def insist_known(tx: Tx, person: UUID, at: Sites) -> None:
    """Raises Forbidden, code `not-yours`, for somebody without a role `at` these sites."""
    if at is not None and not shown(rows.every(MembershipRow, await tx.all(tables.OF_PERSON, tx.tenant, person)), at):
        raise Forbidden("This person has no role at your sites: invite them.", code=_NOT_YOURS)


def shown(has: Sequence[MembershipRow], at: Sites) -> Sequence[MembershipRow]:
    """What of somebody's roles is told there."""
    return has if at is None else [row for row in has if row.site in at]
