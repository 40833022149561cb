"""Leave to have a token signed: a door is a door, whether it opens by a command or by a symbol that is shown to it. So
it is counted with the openings of whoever asks, and needs a second person where an opening would."""

from uuid import UUID

from cranny.core.clock import ago
from cranny.core.errors import Refused
from cranny.fleet.commands import asking, tables
from cranny.fleet.commands.lifecycle import CommandState
from cranny.fleet.commands.shapes import CommandAsked
from cranny.fleet.commands.tables import CommandRow
from cranny.platform.auth import Principal
from cranny.platform.db import Tx
from cranny.sites import DoorNow


async def allow_token(
    tx: Tx, bank: UUID, door: DoorNow, reason: str, *, by: Principal, agreed: UUID | None = None
) -> UUID:
    """Use up the leave `agreed` for one token for `door`, or, where nobody else has to agree, a new one. Returns the
    command's id. Raises Refused, codes `second-person-needed`, `agreement-unfit`, `agreement-used`, `door-changed`;
    NotFound, code `command-not-found`."""
    id_ = agreed or (await asking.ask(tx, bank, CommandAsked("token", reason, door.label), by=by))[0]
    row = await asking.get(tx, id_)
    if row.state is CommandState.AWAITING:
        raise Refused(
            f"A second person has to agree to a token for door {door.label}. Ask for the command `token` for this "
            "door, have somebody else confirm it, and name it as `agreed`.",
            code="second-person-needed",
        )
    if row.state is not CommandState.EXECUTED or not _is_for(row, bank, door.label, by):
        raise Refused("`agreed` is not a confirmed `token` that you asked for, for this door.", code="agreement-unfit")
    if row.generations != [door.generation or 0]:
        raise Refused("Something else lies behind the door by now. Look at it, and ask anew.", code="door-changed")
    if await tx.value(tables.USE, tx.tenant, id_, tx.now(), ago(tx.clock, asking.AGREE_WITHIN)) is None:
        raise Refused("A token was signed for it already, or it is older than five minutes.", code="agreement-used")
    return id_


def _is_for(row: CommandRow, bank: UUID, door: str, by: Principal) -> bool:
    return (row.action, row.bank, row.doors, row.asked_by) == ("token", bank, [door], by.id)
