"""Statistics over paired seeds: an estimate with its bootstrap interval.

Two protocols under one seed share data split, batches, initial model and schedule; so their results are
compared seed by seed, and the seeds are what is resampled.  Intervals are percentile intervals (Efron 1979,
"Bootstrap Methods: Another Look at the Jackknife"); with ten seeds they are somewhat too narrow.
"""

import math
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

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
    counts = np.bincount((drawn + n * np.arange(resamples)[:, None]).ravel(), minlength=resamples * n)
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


def paired_difference(
    a: Array, b: Array, *, seed: int = 0, resamples: int = RESAMPLES, level: float = LEVEL,
) -> Estimate:
    """Mean of a − b over the seeds, a and b (seeds,).  Pairs in which one is not a number are left out.

    >>> paired_difference(np.array([3.0, 5.0]), np.array([1.0, 3.0]))
    Estimate(value=2.0, low=2.0, high=2.0, n=2, reached=1.0)
    """
    x, y = _pairs(a, b)
    d = x - y
    if not len(d):
        return Estimate(np.nan, np.nan, np.nan, 0, 0.0)
    # mean of each resample: Σ_s w_s d_s
    return Estimate(float(d.mean()), *interval(weights(len(d), resamples, seed) @ d, level), len(d))


def paired_ratio(
    a: Array, b: Array, *, seed: int = 0, resamples: int = RESAMPLES, level: float = LEVEL,
) -> Estimate:
    """Geometric mean of a / b over the seeds, a and b (seeds,), all above 0.

    >>> round(paired_ratio(np.array([2.0, 32.0]), np.array([1.0, 4.0])).value, 6)
    4.0
    """
    x, y = _pairs(a, b)
    if (x <= 0).any() or (y <= 0).any():
        raise ValueError(f"ratio: expected numbers above 0, got {min(x.min(), y.min()):g}")
    # exp of the mean of ln a − ln b
    log = paired_difference(np.log(x), np.log(y), seed=seed, resamples=resamples, level=level)
    return log._replace(value=math.exp(log.value), low=math.exp(log.low), high=math.exp(log.high))


def _pairs(a: Array, b: Array) -> tuple[Array, Array]:
    a, b = np.asarray(a, float), np.asarray(b, float)
    if a.shape != b.shape or a.ndim != 1:
        raise ValueError(f"pairs: expected two rows of one number per seed, got {a.shape} and {b.shape}")
    both = ~np.isnan(a) & ~np.isnan(b)
    return a[both], b[both]
