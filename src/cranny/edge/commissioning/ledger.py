"""The record of a commissioning's openings: on the disk before the pulse, and what came of it after."""

from pathlib import Path
from typing import Final, Protocol
from uuid import UUID

import msgspec

from cranny.edge import files
from cranny.edge.change import Change
from cranny.edge.commissioning.findings import Finding
from cranny.edge.drivers import Address
from cranny.edge.journal import Journal
from cranny.wire.kinds import Body, DoorExamined, DoorTried

NAME: Final = "commissioning.log"


class Ledger(Protocol):
    async def tried(self, trial: UUID, door: str, address: Address) -> None:
        """About to pulse the line that is meant for `door`."""
        ...

    async def examined(self, trial: UUID, finding: Finding) -> None: ...


class JournalLedger:
    """Facts of an enrolled bank, told to the server with all the others."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    async def tried(self, trial: UUID, door: str, address: Address) -> None:
        await self._say(_tried(trial, door, address))

    async def examined(self, trial: UUID, finding: Finding) -> None:
        await self._say(_examined(trial, finding))

    async def _say(self, body: Body) -> None:
        await self._journal.commit(lambda _: (Change([body]), None))


class FileLedger:
    """Lines of JSON, for a box that belongs to no bank yet."""

    def __init__(self, home: Path) -> None:
        self._path = home / NAME

    async def tried(self, trial: UUID, door: str, address: Address) -> None:
        self._append("door.tried", _tried(trial, door, address))

    async def examined(self, trial: UUID, finding: Finding) -> None:
        self._append("door.examined", _examined(trial, finding))

    def _append(self, kind: str, body: Body) -> None:
        files.append(self._path, msgspec.json.encode({"kind": kind, **msgspec.to_builtins(body)}))


def _tried(trial: UUID, door: str, address: Address) -> DoorTried:
    return DoorTried(trial=trial, door=door, unit=address[0], channel=address[1])


def _examined(trial: UUID, finding: Finding) -> DoorExamined:
    return DoorExamined(
        trial=trial,
        door=finding.door,
        opened=finding.opened or None,
        sensed=finding.sensor is not None,
        trouble=finding.trouble,
    )
