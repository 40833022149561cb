"""Randomness, injected, so that a simulated day can be lived twice."""

import random
import secrets
from collections.abc import Sequence
from typing import Protocol, TypeVar

T = TypeVar("T")


class Rng(Protocol):
    def bytes(self, n: int) -> bytes:
        """`n` random bytes."""
        ...

    def below(self, n: int) -> int:
        """A whole number from 0 to n-1, every one as likely."""
        ...


class SystemRng:
    """The operating system's generator: for everything that must not be guessed."""

    def bytes(self, n: int) -> bytes:
        return secrets.token_bytes(n)

    def below(self, n: int) -> int:
        return secrets.randbelow(n)


class SeededRng:
    """Repeatable, and so never for secrets of real people: simulation and tests."""

    def __init__(self, seed: int | str) -> None:
        self._random = random.Random(seed)  # noqa: S311 - repeatable on purpose

    def bytes(self, n: int) -> bytes:
        return self._random.randbytes(n)

    def below(self, n: int) -> int:
        return self._random.randrange(n)

    def uniform(self) -> float:
        """From 0.0 up to, not including, 1.0."""
        return self._random.random()

    def gauss(self, mean: float, deviation: float) -> float:
        return self._random.gauss(mean, deviation)


def pick(rng: Rng, options: Sequence[T]) -> T:
    """One of `options`, every one as likely."""
    return options[rng.below(len(options))]
