"""Statistics over paired seeds: an estimate with its bootstrap interval.

Two protocols under one seed share data split, batches, initial model and schedule; so their results are
compared seed by seed, and the seeds are what is resampled.  Intervals are percentile intervals (Efron 1979,
"Bootstrap Methods: Another Look at the Jackknife"); with ten seeds they are somewhat too narrow.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from fgm_ref.arrays import Array

RESAMPLES = 10_000
LEVEL = 0.95


class Estimate(NamedTuple):
    """A value with its interval, from `n` seeds; `reached` is the share of resamples that have a value at all."""

    value: float
    low: float
    high: float
    n: int
    reached: float = 1.0


NO_ESTIMATE = Estimate(np.nan, np.nan, np.nan, 0)


def equal_weights(n: int) -> Array:
    """Every one of n seeds once, as weights (1, n)."""
    return np.full((1, n), 1 / n)


@lru_cache(maxsize=8)  # a report asks for the same ones again and again
def weights(n: int, resamples: int, seed: int) -> Array:
    """Bootstrap resamples of n seeds as weights (resamples, n): how often each was drawn, divided by n."""
    drawn = np.random.default_rng(seed).integers(n, size=(resamples, n))
    # a number of its own for each pair (resample, seed), so that one count counts them all
    pairs = drawn + n * np.arange(resamples)[:, None]
    counts = np.bincount(pairs.ravel(), minlength=resamples * n)
    w = counts.reshape(resamples, n) / n
    w.flags.writeable = False
    return w


def interval(values: Array, level: float = LEVEL) -> tuple[float, float]:
    """The percentiles between which a share `level` of the resampled values (resamples,) lies; nan are left out."""
    values = values[~np.isnan(values)]
    if not len(values):
        return np.nan, np.nan
    tail = (1 - level) / 2
    low, high = np.quantile(values, [tail, (1 + level) / 2])
    return float(low), float(high)
