"""Every right that was ever given to any bank, also what a restored server has lost: what oracles go by."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from cranny.wire.messages import Entry, Given

Number = tuple[UUID, int]
"""Bank and number."""


@dataclass(slots=True)
class Ledger:
    """By bank, number and tag: the entry, and the tag of the one before it in the same history."""

    entries: dict[tuple[UUID, int, int], tuple[Entry, int]] = field(default_factory=dict)

    def add(self, fresh: Mapping[Number, Entry], kept: Mapping[Number, Entry]) -> None:
        """`fresh` ones were committed to `kept`."""
        for (bank, seq), entry in fresh.items():
            before = kept.get((bank, seq - 1))
            self.entries[bank, seq, entry.tag] = entry, before.tag if before else 0

    def path(self, bank: UUID, after: int, last: int, tag: int) -> list[Given] | None:
        """What a bank at number `after` was given when it stands at `last`, whose tag is `tag`. None when nobody gave
        it that."""
        found: list[Given] = []
        for seq in range(last, after, -1):
            known = self.entries.get((bank, seq, tag))
            if known is None:
                return None
            entry, tag = known
            found.append(entry.given)
        return found[::-1]
