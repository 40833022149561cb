"""Chance with a seed and a name. Everybody in a simulation throws dice of their own, so that one person's whim does
not change another's."""

import math

from cranny.core.rng import SeededRng


class Dice(SeededRng):
    def __init__(self, seed: int, *names: str) -> None:
        super().__init__("/".join([str(seed), *names]))

    @staticmethod
    def beside(dice: "Dice", name: str) -> "Dice":
        """Dice of its own for somebody who works for the owner of `dice`."""
        return Dice(dice.below(2**62), name)

    def chance(self, odds: float) -> bool:
        """True with a probability of `odds`."""
        return self.uniform() < odds

    def between(self, low: float, high: float) -> float:
        return low + (high - low) * self.uniform()

    def soon(self, mean: float) -> float:
        """A wait such as until the next customer: most are short, a few are very long."""
        return -mean * math.log(1.0 - self.uniform())
