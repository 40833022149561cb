"""Walks the chain of a tenant's log and names the first link that is not what was written. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from cranny.platform import sequencer

GENESIS: Final = bytes(32)


@dataclass(frozen=True, slots=True)
class Break:
    """At this position the log is not what was written; `why` says how it shows."""

    position: int
    why: str


class Walk:
    """Give it the log's rows in the order of their positions, then its head."""

    def __init__(self) -> None:
        self.position = 0
        self.chain = GENESIS

    def step(self, row: Mapping[str, Any]) -> Break | None:
        """The next row, with `position`, `chain` and what the link is made of."""
        wanted = self.position + 1
        if row["position"] > wanted:
            return Break(wanted, "it is missing")
        if row["position"] < wanted:
            return Break(row["position"], "it is there twice")
        link = sequencer.link(self.chain, sequencer.canonical(wanted, row))
        if row["chain"] != link:
            return Break(wanted, "it was changed, put in, or moved here from another place")
        self.position, self.chain = wanted, link
        return None

    def end(self, position: int, chain: bytes) -> Break | None:
        """The log's head as it is kept beside the log, or was kept elsewhere."""
        if position > self.position:
            return Break(self.position + 1, "it is missing: the log's end was cut off")
        if (position, chain) != (self.position, self.chain):
            return Break(self.position, "it is behind the log's head: it was added past the server")
        return None
