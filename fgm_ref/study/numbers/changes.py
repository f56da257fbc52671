"""The runs of the experiment on change, case by case: a protocol's loss beside that of a period with as many bytes."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.study.numbers.compare import NOTHING, Comparison, resampled
from fgm_ref.study.numbers.fronts import Runs
from fgm_ref.study.numbers.rows import Rows, mean, runs, settings_of, values, where

NAMES = {"swap": "label swap", "join": "a site joins", "season": "season", "reverse": "sign change"}
NO_SEEDS = np.empty((1, 0))


@dataclass(frozen=True)
class Case:
    """The runs of one data set under one change."""

    rows: Rows
    number: int  # which resamples it gets

    @property
    def change(self) -> str:
        """The setting."""
        return str(self.rows[0]["change"])

    @property
    def name(self) -> str:
        """What changes, and where."""
        kind = self.change.partition("@")[0].partition("=")[0]
        return f"{NAMES.get(kind, self.change)} ({self.rows[0]['dataset']})"

    @property
    def share(self) -> float:
        """When it happens; not a number for a change that goes on all the time."""
        _, at, share = self.change.partition("@")
        return float(share) if at else np.nan

    @property
    def periodic(self) -> Rows:
        """The runs of all periods."""
        return [row for row in self.rows if row["protocol"].startswith("periodic")]

    @property
    def periods(self) -> list[str]:
        """The periodic protocols, the most expensive first."""
        names = values(self.periodic, "protocol")
        return sorted(names, key=lambda name: -mean(self.of(name), "bytes"))

    def of(self, protocol: str) -> Rows:
        """The runs of one protocol at all its thresholds."""
        return where(self.rows, protocol=protocol)

    def apart(self, protocol: str, loss: str) -> Comparison:
        """Loss minus that of periodic averaging with as many bytes, the mean over the thresholds."""
        mine, theirs = complete(self.of(protocol), self.periodic, loss)
        n = mine.bytes.shape[1]
        if not n:
            return NOTHING
        return resampled(lambda w: at_equal_bytes(mine, theirs, w), n, self.number)


def cases_of(rows: Rows) -> Iterator[Case]:
    """One for each data set and change that has periodic runs to compare with."""
    for number, wanted in enumerate(settings_of(rows, "dataset", "change")):
        found = where(rows, **wanted)
        if wanted["change"].startswith("join"):
            found = [row for row in found if row["protocol"] != "omniscient"]
        case = Case(found, number)
        if case.periodic:
            yield case


def complete(a: Rows, b: Rows, loss: str) -> tuple[Runs, Runs]:
    """Bytes and loss (thresholds, seeds) and (periods, seeds) of those seeds of which nothing is missing in either."""
    seeds = set(values(a, "seed")) & set(values(b, "seed"))
    if not seeds:
        nothing = Runs(NO_SEEDS, NO_SEEDS)
        return nothing, nothing
    mine = runs(where(a, seed=sorted(seeds)), loss)
    theirs = runs(where(b, seed=sorted(seeds)), loss, by="protocol")
    everything = np.concatenate([*mine, *theirs])
    whole = ~np.isnan(everything).any(axis=0)
    return _seeds(mine, whole), _seeds(theirs, whole)


def _seeds(runs: Runs, which: Array) -> Runs:
    return Runs(runs.bytes[:, which], runs.loss[:, which])


def at_equal_bytes(mine: Runs, theirs: Runs, w: Array) -> Array:
    """Loss minus theirs at the same bytes for each resample w (resamples, seeds), the mean over the thresholds.

    Theirs is interpolated in ln bytes between their periods.  A threshold that ships more than their most
    expensive run is compared with that run; one that ships less than their cheapest is left out.
    """
    # (periods, resamples) each
    x = np.log(theirs.bytes) @ w.T
    y = theirs.loss @ w.T
    order = np.argsort(x, axis=0)
    x = np.take_along_axis(x, order, axis=0)
    y = np.take_along_axis(y, order, axis=0)
    # (thresholds, resamples) each
    places = np.log(mine.bytes) @ w.T
    losses = mine.loss @ w.T
    rivals = [along(x, y, place) for place in places]
    return _mean_of_numbers(losses - np.stack(rivals))


def _mean_of_numbers(values: Array) -> Array:
    """(thresholds, resamples) -> (resamples,): the mean of what is a number; nan where nothing is."""
    count = (~np.isnan(values)).sum(axis=0)
    total = np.nansum(values, axis=0)
    means = total / np.maximum(count, 1)
    means[count == 0] = np.nan
    return np.asarray(means)


def along(x: Array, y: Array, place: Array) -> Array:
    """Columns y (points, resamples) over increasing x, read at `place` (resamples,); nan to the left of them all.

    >>> along(np.array([[0.0], [1.0]]), np.array([[4.0], [2.0]]), np.array([0.25])).item()
    3.5
    """
    columns = np.arange(x.shape[1])
    place = np.minimum(place, x[-1])
    to_the_left = (x < place).sum(axis=0)
    after = np.minimum(to_the_left, len(x) - 1)
    before = np.maximum(after - 1, 0)
    x0 = x[before, columns]
    x1 = x[after, columns]
    y0 = y[before, columns]
    y1 = y[after, columns]
    # y₀ + (y₁ − y₀) (place − x₀) / (x₁ − x₀)
    apart = x1 > x0
    width = np.where(apart, x1 - x0, 1)
    share = np.where(apart, (place - x0) / width, 0)
    found = y0 + share * (y1 - y0)
    found[place < x[0]] = np.nan
    return np.asarray(found)
