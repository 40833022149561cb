"""What somebody carries between a bank without a network and the server, as a file each way. All that matters in it is
signed, by the box on the way up and by the server on the way down: whoever carries it can lose it, and nothing else."""

from typing import Annotated, Final
from uuid import UUID

import msgspec

from cranny.wire.messages import Message

LARGEST: Final = 4 << 20
"""Bytes of a file; what does not fit is carried next time."""
MOST_BATCHES: Final = 64
MOST_PAGES: Final = 64


class Carried(Message, frozen=True, tag="cranny-up-1"):
    """`batches` are signed, in order; `pull` is signed, too, and asks for what comes after the last right held."""

    tenant: UUID
    bank: UUID
    batches: Annotated[list[bytes], msgspec.Meta(max_length=MOST_BATCHES)]
    pull: bytes


class Returned(Message, frozen=True, tag="cranny-down-1"):
    """`acks` answer the batches, in order; `pages` hold rights, in order. Each is signed."""

    tenant: UUID
    bank: UUID
    acks: Annotated[list[bytes], msgspec.Meta(max_length=MOST_BATCHES)]
    pages: Annotated[list[bytes], msgspec.Meta(max_length=MOST_PAGES)]
