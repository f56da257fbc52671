"""The sweeps in the shapes of a published thesis: which runs they are, and ratios of protocols along them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.study.numbers.compare import NOTHING, Comparison, over_seeds
from fgm_ref.study.numbers.rows import Rows, column, values, where

EVENTS, TEXT = "nyc_flights", "amazon_snippets"


class Kind(NamedTuple):
    """A protocol with its safe function, as in one column of the published tables."""

    protocol: str
    safe: str

    @property
    def name(self) -> str:
        """As it is written."""
        return f"{self.protocol}, {self.safe}"


GM1, FGM1 = Kind("dynamic", "ball"), Kind("fgm", "ball")  # with the norm
GM2, FGM2 = Kind("gm-reb", "cap"), Kind("fgm", "cap")
PLAIN = Kind("gm", "ball")


@dataclass(frozen=True)
class Sweep:
    """Runs in which one setting varies."""

    rows: Rows
    by: str

    @property
    def settings(self) -> list[Any]:
        """The values it takes."""
        return values(self.rows, self.by)

    @property
    def seeds(self) -> list[int]:
        """All seeds; some settings have fewer."""
        return values(self.rows, "seed")

    def numbers(self, kind: Kind, name: str) -> Array:
        """(settings, seeds), not a number where a seed was not run; empty where nothing was."""
        rows, seeds = where(self.rows, protocol=kind.protocol, safe=kind.safe), self.seeds
        return np.array(
            [
                column(where(rows, **{self.by: value}), name, seeds)
                for value in values(rows, self.by)
            ]
        )

    def ratio(self, a: Kind, b: Kind, name: str = "bytes") -> list[Comparison]:
        """a's number by b's, one ratio for each setting."""
        x, y = self.numbers(a, name), self.numbers(b, name)
        return (
            [over_seeds(np.log(p) - np.log(q)) for p, q in zip(x, y, strict=True)]
            if x.shape == y.shape
            else []
        )

    def along(self, kind: Kind, name: str) -> Comparison:
        """The number at the largest setting by that at the smallest."""
        x = self.numbers(kind, name)
        return (
            over_seeds(np.log(np.maximum(x[-1], 1)) - np.log(np.maximum(x[0], 1)))
            if len(x) > 1
            else NOTHING
        )

    def trend(self, a: Kind, b: Kind, name: str = "bytes") -> Comparison:
        """The ratio of a to b at the largest setting by that at the smallest."""
        x, y = self.numbers(a, name), self.numbers(b, name)
        if x.shape != y.shape or len(x) < 2:
            return NOTHING
        logs = np.log(x) - np.log(y)
        return over_seeds(logs[-1] - logs[0])

    def exponent(self, kind: Kind, name: str) -> Comparison:
        """p of name ∝ setting^p, by least squares over all settings."""
        x = self.numbers(kind, name)
        if len(x) < 2 or len(x) < len(self.settings):
            return NOTHING
        return over_seeds(np.polyfit(np.log(self.settings), np.log(np.maximum(x, 1)), 1)[0])

    def gap(self, a: Kind, b: Kind, name: str) -> Comparison:
        """a's number minus b's, mean over the settings."""
        x, y = self.numbers(a, name), self.numbers(b, name)
        return over_seeds((x - y).mean(axis=0)) if x.shape == y.shape and len(x) else NOTHING


def paired(a: Rows, b: Rows, number: Callable[[Any], float]) -> tuple[Array, Array]:
    """A number of each run of a and of b, (seeds,) each, for the seeds that both have."""
    both = sorted({row["seed"] for row in a} & {row["seed"] for row in b})
    found = [{row["seed"]: float(number(row)) for row in rows} for rows in (a, b)]
    x, y = (np.array([one[seed] for seed in both]) for one in found)
    return x, y


def quotient(
    a: Rows, b: Rows, number: Callable[[Any], float] = lambda row: row["bytes"]
) -> Comparison:
    """a's number by b's, for the seeds that both have."""
    x, y = paired(a, b, number)
    return over_seeds(np.log(x) - np.log(y))


class Sweeps:
    """The sweeps of the table by name; each may be empty."""

    def __init__(self, rows: Rows):
        events = where(rows, dataset=EVENTS)
        single = where(events, schedule="single")
        eight = where(single, sites=8)
        self.rows = rows
        self.absolute = Sweep(
            where(
                eight,
                batch=16,
                steps=values(where(eight, relative=False), "steps") or [0],
                relative=False,
            ),
            "threshold",
        )
        long = [row for row in eight if row["batch"] == 16 and row["relative"]]
        longest = max((row["steps"] for row in long), default=0)
        self.cap = Sweep(where(long, safe="cap", steps=longest), "threshold")
        self.ball = Sweep(where(long, safe="ball", steps=longest), "threshold")
        total = {row["batch"] * row["steps"] for row in eight if row["batch"] != 16}
        self.batch = Sweep(
            [
                row
                for row in eight
                if row["relative"]
                and row["threshold"] == 0.1
                and row["batch"] * row["steps"] in total
            ],
            "batch",
        )
        self.sites = Sweep(
            where(single, threshold=0.1, batch=16, relative=True, steps=longest), "sites"
        )
        self.lockstep = Sweep(where(events, schedule="lockstep"), "sites")
        self.text = Sweep(where(rows, dataset=TEXT), "threshold")
