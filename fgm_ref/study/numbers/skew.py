"""The runs of the experiment on sites that hardly share a class, each beside a fixed period."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from fgm_ref.study.numbers import paired
from fgm_ref.study.numbers.compare import Comparison, pooled
from fgm_ref.study.numbers.picks import best_rate
from fgm_ref.study.numbers.rows import Rows, mean, settings_of, where

ADAM, SGD = "adam", "sgd"


class Place(NamedTuple):
    """A data set, and how unevenly it is dealt out."""

    dataset: str
    alpha: float

    @property
    def name(self) -> str:
        """As in a table."""
        return f"{self.dataset}, α = {self.alpha:g}"


class Way(NamedTuple):
    """A way to train."""

    protocol: str
    optimizer: str = ADAM
    prox: float = 0.0

    @property
    def name(self) -> str:
        """As in a table."""
        unusual = [f"μ = {self.prox:g}"] * (self.prox > 0) + [self.optimizer] * (
            self.optimizer != ADAM
        )
        return ", ".join([self.protocol, *unusual])


@dataclass(frozen=True)
class Skew:
    """All runs of the table."""

    rows: Rows

    @cached_property
    def places(self) -> list[Place]:
        """All places."""
        return [Place(**one) for one in settings_of(self.rows, *Place._fields)]

    @cached_property
    def ways(self) -> list[Way]:
        """All ways, in the order of the table."""
        found: dict[Any, None] = {}
        for row in self.rows:
            found[Way(row["protocol"], row["optimizer"], row["prox"])] = None
        return list(found)

    def of(self, way: Way, place: Place) -> Rows:
        """Its runs; at the better rate, if there are several."""
        rows = where(self.rows, **place._asdict(), **way._asdict())
        return where(rows, lr=best_rate(rows)) if rows else rows

    def number(self, place: Place) -> int:
        """Which resamples a place gets."""
        return self.places.index(place)

    def learnt(self, place: Place) -> float:
        """What averaging after every step learns."""
        rows = self.of(Way("periodic:b=1"), place)
        return mean(rows, "baseline_loss") - mean(rows, "loss")

    def apart(self, a: Way, b: Way, place: Place) -> Comparison:
        """a's final loss minus b's, as a share of what averaging after every step learns."""
        mine, theirs = self.of(a, place), self.of(b, place)
        gap = paired.difference(mine, theirs, number=self.number(place), by=())
        learnt = self.learnt(place)
        return Comparison(gap.log / learnt, gap.draws / learnt, gap.n)

    def bytes(self, a: Way, b: Way, place: Place) -> Comparison:
        """a's bytes by b's."""
        return paired.log_ratio(
            self.of(a, place), self.of(b, place), number=self.number(place), by=()
        )

    def over(self, a: Way, b: Way) -> Comparison:
        """The change of the loss over all places."""
        return pooled([self.apart(a, b, place) for place in self.places])[0]
