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


@lru_cache(maxsize=8)  # a report asks for the same ones again and again
def weights(n: int, resamples: int, seed: int) -> Array:
    """Bootstrap resamples of n seeds as weights (resamples, n): how often each was drawn, divided by n."""
    drawn = np.random.default_rng(seed).integers(n, size=(resamples, n))
    counts = np.bincount(
        (drawn + n * np.arange(resamples)[:, None]).ravel(), minlength=resamples * n
    )
    w = counts.reshape(resamples, n) / n
    w.flags.writeable = False
    return w


def interval(values: Array, level: float = LEVEL) -> tuple[float, float]:
    """The percentiles between which a share `level` of the resampled values (resamples,) lies; nan are left out."""
    values = values[~np.isnan(values)]
    if not len(values):
        return np.nan, np.nan
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
