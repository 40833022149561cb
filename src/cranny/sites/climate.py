"""Doors that their sensors say are not fit to be used: they are not promised to anybody until they are again."""

from collections.abc import Mapping
from uuid import UUID

from cranny.platform.db import Tx
from cranny.sites import tables


async def set_unfit(tx: Tx, bank: UUID, doors: Mapping[str, str]) -> None:
    """From now on exactly `doors` of this bank are not fit, each for its reason (`too_warm`, `sensor_silent`…). Records
    nothing: the alarm that it follows is the event. Labels that the bank does not have are passed over."""
    await tx.run(tables.SET_UNFIT, tx.tenant, bank, list(doors), list(doors.values()))
