"""The sweeps in the shapes of a published thesis: which runs they are, and ratios of protocols along them."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.study.numbers.compare import NOTHING, Comparison, over_seeds
from fgm_ref.study.numbers.rows import Row, Rows, grid, values, where
from fgm_ref.transport.messages import WORD

EVENTS, TEXT = "nyc_flights", "amazon_snippets"


class Kind(NamedTuple):
    """A protocol with its safe function, as in one column of the published tables."""

    protocol: str
    safe: str

    @property
    def name(self) -> str:
        """As it is written."""
        return f"{self.protocol}, {self.safe}"


# with the norm
GM1 = Kind("dynamic", "ball")
FGM1 = Kind("fgm", "ball")
# with the cap
GM2 = Kind("gm-reb", "cap")
FGM2 = Kind("fgm", "cap")
# not in the thesis: GM without balancing
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

    def of(self, kind: Kind) -> Rows:
        """The runs of one protocol."""
        return where(self.rows, protocol=kind.protocol, safe=kind.safe)

    def own_settings(self, kind: Kind) -> list[Any]:
        """The values with which this protocol was run."""
        return values(self.of(kind), self.by)

    def numbers(self, kind: Kind, name: str) -> Array:
        """(settings, seeds), not a number where a seed was not run; empty where nothing was."""
        return grid(self.of(kind), self.by, name, self.seeds)

    def ratio(self, a: Kind, b: Kind, name: str = "bytes") -> list[Comparison]:
        """a's number by b's, one ratio for each setting; none if the two were run at other settings."""
        x, y = self.numbers(a, name), self.numbers(b, name)
        if x.shape != y.shape:
            return []
        return [over_seeds(logs) for logs in _logs(x, y)]

    def along(self, kind: Kind, name: str) -> Comparison:
        """The number at the largest setting by that at the smallest."""
        x = self.numbers(kind, name)
        if len(x) < 2:
            return NOTHING
        logs = np.log(np.maximum(x, 1))
        return over_seeds(logs[-1] - logs[0])

    def rise(self, kind: Kind, name: str) -> Comparison:
        """The number at the largest setting minus that at the smallest."""
        x = self.numbers(kind, name)
        return over_seeds(x[-1] - x[0]) if len(x) > 1 else NOTHING

    def trend(self, a: Kind, b: Kind, name: str = "bytes") -> Comparison:
        """The ratio of a to b at the largest setting by that at the smallest."""
        x, y = self.numbers(a, name), self.numbers(b, name)
        if x.shape != y.shape or len(x) < 2:
            return NOTHING
        logs = _logs(x, y)
        return over_seeds(logs[-1] - logs[0])

    def exponent(self, kind: Kind, name: str) -> Comparison:
        """p of name ∝ setting^p, by least squares over all settings."""
        x = self.numbers(kind, name)
        if len(x) < 2 or len(x) < len(self.settings):
            return NOTHING
        logs = np.log(np.maximum(x, 1))
        slopes, _ = np.polyfit(np.log(self.settings), logs, 1)
        return over_seeds(slopes)

    def gap(self, a: Kind, b: Kind, name: str) -> Comparison:
        """a's number minus b's, mean over the settings."""
        x, y = self.numbers(a, name), self.numbers(b, name)
        if x.shape != y.shape or not len(x):
            return NOTHING
        return over_seeds((x - y).mean(axis=0))


def _logs(x: Array, y: Array) -> Array:
    """ln of x by y."""
    return np.asarray(np.log(x) - np.log(y))


class Sweeps:
    """The sweeps of the table by name; each may be empty."""

    def __init__(self, rows: Rows):
        events = where(rows, dataset=EVENTS)
        single = where(events, schedule="single")
        eight = where(single, sites=8)
        usual = where(eight, batch=16, relative=True)
        longest = max((row["steps"] for row in usual), default=0)
        long = where(usual, steps=longest)
        many = where(single, threshold=0.1, batch=16, relative=True, steps=longest)
        self.rows = rows
        self.absolute = Sweep(where(eight, batch=16, relative=False), "threshold")
        self.cap = Sweep(where(long, safe="cap"), "threshold")
        self.ball = Sweep(where(long, safe="ball"), "threshold")
        self.batch = Sweep(as_many_samples(eight), "batch")
        self.sites = Sweep(many, "sites")
        self.lockstep = Sweep(where(events, schedule="lockstep"), "sites")
        self.text = Sweep(where(rows, dataset=TEXT), "threshold")


def as_many_samples(rows: Rows) -> Rows:
    """The runs of the sweep over batch sizes: those of 16 are the ones with as many samples as the others."""

    def samples(row: Row) -> int:
        return int(row["batch"] * row["steps"])

    others = {samples(row) for row in rows if row["batch"] != 16}
    candidates = where(rows, relative=True, threshold=0.1)
    return [row for row in candidates if samples(row) in others]


def price(rows: Rows, what: str) -> float:
    """Bytes of an event: what is left of all bytes when full synchronisations are taken away, by their number."""
    left = sum(row["bytes"] - synchronising(row) for row in rows)
    events = sum(row[what] for row in rows)
    return float(left / max(1, events))


def synchronising(row: Row) -> float:
    """Bytes of a run's full synchronisations; the first model goes down only."""
    models = WORD * row["parameters"] * row["sites"]
    return float(models * (1 + 2 * row["rounds"]))
