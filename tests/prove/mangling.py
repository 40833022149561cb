"""Real messages, mistreated."""

from collections.abc import Sequence

from cranny.core.rng import SeededRng, pick


def mangled(rng: SeededRng, corpus: Sequence[bytes]) -> bytes:
    """Some of the corpus, mistreated once or a few times."""
    data = bytearray(pick(rng, corpus))
    for _ in range(1 + rng.below(4)):
        at = rng.below(len(data) + 1)
        match rng.below(7):
            case 0 if at < len(data):
                data[at] ^= 1 << rng.below(8)
            case 1:
                del data[at:]
            case 2:
                del data[at : at + rng.below(8)]
            case 3:
                data[at:at] = rng.bytes(rng.below(9))
            case 4:
                data[at:at] = data[rng.below(at + 1) : at]
            case 5 if at < len(data):
                data[at] = pick(rng, (0, 0x7F, 0x80, 0xFF, 0x9F, 0xBF, 0xDD, 0xDF, 0xC1))
            case _:
                data += pick(rng, corpus)[: rng.below(40)]
    return bytes(data)
