"""The runs of the experiment on radii and periods that follow the rate, each beside fixed periods at the same bytes."""

from dataclasses import dataclass
from functools import cached_property
from math import cos, pi
from typing import NamedTuple

import numpy as np

from fgm_ref.study.numbers import paired
from fgm_ref.study.numbers.changes import at_equal_bytes
from fgm_ref.study.numbers.compare import NOTHING, Comparison, pooled, resampled
from fgm_ref.study.numbers.curves import curve
from fgm_ref.study.numbers.fronts import Runs
from fgm_ref.study.numbers.rows import Number, Row, Rows, grid, mean, values, where, with_column

FIXED = "constant"
FOLLOWS = "lr"
WATCHERS = ("gm", "fgm")


class Pace(NamedTuple):
    """A protocol that has a threshold with the way its radius moves, or a schedule of periods."""

    protocol: str
    radius: str = FIXED

    @property
    def name(self) -> str:
        """As in a table."""
        if self.protocol not in WATCHERS:
            return self.protocol
        return f"{self.protocol}, R {'∝ rate' if self.radius == FOLLOWS else 'fixed'}"


@dataclass(frozen=True)
class Paces:
    """All runs of the table."""

    rows: Rows

    @cached_property
    def datasets(self) -> list[str]:
        """The data sets."""
        return values(self.rows, "dataset")

    @cached_property
    def paces(self) -> list[Pace]:
        """All but the fixed periods, in the order of the table."""
        found = dict.fromkeys(Pace(row["protocol"], row["radius"]) for row in self.rows)
        return [pace for pace in found if not pace.protocol.startswith("periodic")]

    def of(self, pace: Pace, dataset: str) -> Rows:
        """Its runs on one data set."""
        return where(self.rows, dataset=dataset, protocol=pace.protocol, radius=pace.radius)

    def periods(self, dataset: str) -> Rows:
        """Those of the fixed periods."""
        here = where(self.rows, dataset=dataset)
        return [row for row in here if row["protocol"].startswith("periodic")]

    def learnt(self, dataset: str) -> float:
        """What the best of the fixed periods learns."""
        rows = self.periods(dataset)
        losses = [mean(where(rows, protocol=name), "loss") for name in values(rows, "protocol")]
        return mean(rows, "baseline_loss") - min(losses)

    def beside(self, pace: Pace, dataset: str) -> Comparison:
        """Loss minus that of fixed periods at the same bytes, as a share of what is learnt."""
        mine = self.of(pace, dataset)
        theirs = self.periods(dataset)
        seeds = sorted({row["seed"] for row in mine} & {row["seed"] for row in theirs})
        if not seeds:
            return NOTHING
        a = _runs(mine, "threshold", seeds)
        b = _runs(theirs, "protocol", seeds)
        found = resampled(lambda w: at_equal_bytes(a, b, w), len(seeds), self.number(dataset))
        learnt = self.learnt(dataset)
        return Comparison(found.log / learnt, found.draws / learnt, found.n)

    def number(self, dataset: str) -> int:
        """Which resamples it gets."""
        return self.datasets.index(dataset)

    def over(self, pace: Pace) -> tuple[Comparison, int]:
        """The mean over the data sets, and how many they are."""
        return pooled([self.beside(pace, dataset) for dataset in self.datasets])

    def late(self, pace: Pace) -> Comparison:
        """The share of the bytes after the first model that is shipped in the second half of the run."""
        return self._mean(pace, second_half)

    def growth(self, pace: Pace) -> Comparison:
        """p, if the bytes per step go as the learning rate to the power of p."""
        return self._mean(pace, power)

    def _mean(self, pace: Pace, number: Number) -> Comparison:
        """The mean of a number of the runs over the data sets."""
        found = []
        for dataset in self.datasets:
            rows = with_column(self.of(pace, dataset), "asked", number)
            nothing = with_column(rows, "asked", lambda row: 0.0)
            found.append(paired.difference(rows, nothing, "asked", self.number(dataset)))
        return pooled(found)[0]

    def radius_effect(self, protocol: str, name: str) -> Comparison:
        """What becomes of a number if the radius follows the rate: a ratio of bytes, or a change of the loss.

        At the same thresholds; the change is a share of what is learnt.
        """
        found = []
        for dataset in self.datasets:
            follows = self.of(Pace(protocol, FOLLOWS), dataset)
            fixed = self.of(Pace(protocol, FIXED), dataset)
            number = self.number(dataset)
            if name == "bytes":
                found.append(paired.log_ratio(follows, fixed, number=number))
                continue
            gap = paired.difference(follows, fixed, name, number)
            learnt = self.learnt(dataset)
            found.append(Comparison(gap.log / learnt, gap.draws / learnt, gap.n))
        return pooled(found)[0]


def _runs(rows: Rows, by: str, seeds: list[int]) -> Runs:
    return Runs(grid(rows, by, "bytes", seeds), grid(rows, by, "loss", seeds))


def second_half(row: Row) -> float:
    """The share of a run's bytes, without the first model, that is shipped after half of its steps.

    >>> second_half({"curve_bytes": "[10,40,50]"})
    0.25
    """
    shipped = curve(row, "bytes")
    whole = shipped[-1] - shipped[0]
    late = shipped[-1] - shipped[len(shipped) // 2]
    return float(late / whole) if whole else float("nan")


def power(row: Row) -> float:
    """The slope of ln bytes over ln rate along a cosine; stretches without a byte are left out.

    >>> shipped = np.cumsum([0] + [cosine_share(n, 8) ** 2 for n in range(8)])
    >>> round(power({"curve_bytes": str(shipped.tolist())}), 6)
    2.0
    """
    shipped = np.diff(curve(row, "bytes"))
    rates = np.array([cosine_share(n, len(shipped)) for n in range(len(shipped))])
    spoke = shipped > 0
    if spoke.sum() < 3:
        return float("nan")
    return float(np.polyfit(np.log(rates[spoke]), np.log(shipped[spoke]), 1)[0])


def cosine_share(n: int, parts: int) -> float:
    """The mean factor of a cosine over part n of a run."""
    middle = (n + 0.5) / parts
    return (1 + cos(pi * middle)) / 2
