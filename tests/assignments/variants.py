"""Every student gets the same questions with other numbers: sizes, thresholds and seeds from a hash.

A variant is made of (assignment, seed of the grading, student).  Nothing is stored: the same three names give the
same numbers again, on every computer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np

PUBLIC = "public"
"""The student of whom nothing is known: the variant that everybody can try."""


@dataclass(frozen=True)
class Variant:
    """The numbers of one student in one grading.

    >>> one = Variant("a00", seed=1, student="ada")
    >>> one.pick("sites", range(3, 9)) == Variant("a00", 1, "ada").pick("sites", range(3, 9))
    True
    """

    assignment: str
    seed: int = 0
    student: str = PUBLIC

    def number(self, name: str) -> int:
        """A large whole number of this name, the same in every process."""
        text = f"{self.assignment}/{self.seed}/{self.student}/{name}"
        return int.from_bytes(sha256(text.encode()).digest()[:6], "big")

    def pick(self, name: str, values: Sequence[Any]) -> Any:
        """One of some values."""
        return values[self.number(name) % len(values)]

    def rng(self, name: str) -> np.random.Generator:
        """A random stream of this name."""
        return np.random.default_rng(self.number(name))
