"""I8, told apart from the product's own checks."""

from collections.abc import Sequence

from cranny.wire.facts import GENESIS, Fact, decode, digest


def chained(found: Sequence[bytes]) -> list[Fact]:
    """The facts, which are one chain in each epoch, from the oldest that is still kept."""
    facts = [decode(stored) for stored in found]
    epoch, seq, head = (facts[0].epoch, facts[0].seq - 1, facts[0].prev_hash) if facts else (0, 0, GENESIS)
    for stored, fact in zip(found, facts, strict=True):
        epoch, seq, head = (epoch, seq + 1, head) if fact.epoch == epoch else (fact.epoch, 1, GENESIS)
        assert (fact.seq, fact.prev_hash) == (seq, head)
        head = digest(stored)
    return facts
