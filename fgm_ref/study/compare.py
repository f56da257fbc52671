"""Two protocols compared: at equal settings or at equal loss, for one data set or for several."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from fgm_ref.study.fronts import Runs, log_bytes_at
from fgm_ref.study.stats import LEVEL, RESAMPLES, Estimate, interval, weights

Array = npt.NDArray[Any]


class Comparison(NamedTuple):
    """ln of a ratio of bytes, `log`; the same for each resample of the seeds, (resamples,); from n seeds."""

    log: float
    draws: Array
    n: int

    @property
    def estimate(self) -> Estimate:
        """The ratio with its interval."""
        low, high = np.exp(interval(self.draws, LEVEL))
        return Estimate(float(np.exp(self.log)), float(low), float(high), self.n, float(np.mean(~np.isnan(self.draws))))

    @property
    def plain(self) -> Estimate:
        """The same without exp, for differences."""
        return Estimate(self.log, *interval(self.draws, LEVEL), self.n)


def at_equal_settings(a: Runs, b: Runs, number: int = 0) -> Comparison:
    """Bytes of a by those of b at the same thresholds, the geometric mean over thresholds and seeds.

    `number` chooses the resamples: another one for each data set, for their seeds have nothing to do with each other.
    """
    logs = (np.log(a.bytes) - np.log(b.bytes)).mean(axis=0)
    logs = logs[~np.isnan(logs)]
    if not len(logs):
        return Comparison(np.nan, np.full(RESAMPLES, np.nan), 0)
    return Comparison(float(logs.mean()), weights(len(logs), RESAMPLES, number) @ logs, len(logs))


def at_equal_loss(a: Runs, b: Runs, target: float, number: int = 0) -> Comparison:
    """Bytes of a by those of b, each on its own front, where the mean loss over the seeds reaches `target`."""
    n = a.bytes.shape[1]
    plain, w = np.full((1, n), 1 / n), weights(n, RESAMPLES, number)
    log, draws = (log_bytes_at(a, target, x) - log_bytes_at(b, target, x) for x in (plain, w))
    return Comparison(float(log[0]), draws, n)


def loss_difference(a: Runs, b: Runs, number: int = 0) -> Comparison:
    """Loss of a minus that of b at the same thresholds, mean over thresholds and seeds: no logarithm here."""
    gaps = (a.loss - b.loss).mean(axis=0)
    gaps = gaps[~np.isnan(gaps)]
    if not len(gaps):
        return Comparison(np.nan, np.full(RESAMPLES, np.nan), 0)
    return Comparison(float(gaps.mean()), weights(len(gaps), RESAMPLES, number) @ gaps, len(gaps))


def pooled(comparisons: Sequence[Comparison]) -> tuple[Estimate, int]:
    """The geometric mean over those data sets that have a ratio, and how many they are.

    The interval says how sure the mean over *these* sets is, not what another set would bring.
    """
    found = [c for c in comparisons if np.isfinite(c.log)]
    if not found:
        return Estimate(np.nan, np.nan, np.nan, 0, 0.0), 0
    mean = Comparison(float(np.mean([c.log for c in found])), np.mean([c.draws for c in found], axis=0),
                      min(c.n for c in found))
    return mean.estimate, len(found)
