"""Two protocols compared: at equal settings or at equal loss, for one data set or for several."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.study.numbers.fronts import Runs, log_bytes_at
from fgm_ref.study.numbers.stats import LEVEL, RESAMPLES, Estimate, interval, weights


class Comparison(NamedTuple):
    """ln of a ratio of bytes, `log`; the same for each resample of the seeds, (resamples,); from n seeds.

    `bound` is "≥" or "≤" if the ratio may be larger or smaller than that, for a front ends before the stated loss.
    """

    log: float
    draws: Array
    n: int
    bound: str = ""

    @property
    def estimate(self) -> Estimate:
        """The ratio with its interval."""
        low, high = np.exp(interval(self.draws, LEVEL))
        return Estimate(
            float(np.exp(self.log)),
            float(low),
            float(high),
            self.n,
            float(np.mean(~np.isnan(self.draws))),
        )

    @property
    def plain(self) -> Estimate:
        """The same without exp, for differences."""
        return Estimate(self.log, *interval(self.draws, LEVEL), self.n)


NOTHING = Comparison(np.nan, np.full(RESAMPLES, np.nan), 0)


def at_equal_settings(a: Runs, b: Runs, number: int = 0) -> Comparison:
    """Bytes of a by those of b at the same thresholds, the geometric mean over thresholds and seeds.

    `number` chooses the resamples: another one for each data set, for their seeds have nothing to do with each other.
    """
    return _mean_of(np.log(a.bytes), np.log(b.bytes), number)


def at_equal_loss(a: Runs, b: Runs, target: float, number: int = 0) -> Comparison:
    """Bytes of a by those of b, each on its own front, where the mean loss over the seeds reaches `target`."""
    if not len(a.bytes) or a.bytes.shape[1:] != b.bytes.shape[1:] or np.isnan(target):
        return NOTHING
    n = a.bytes.shape[1]
    plain, w = np.full((1, n), 1 / n), weights(n, RESAMPLES, number)
    log, draws = (log_bytes_at(a, target, x) - log_bytes_at(b, target, x) for x in (plain, w))
    return Comparison(float(log[0]), draws, n, _bound(a, b, target))


def loss_difference(a: Runs, b: Runs, number: int = 0) -> Comparison:
    """Loss of a minus that of b at the same thresholds, mean over thresholds and seeds: no logarithm here."""
    return _mean_of(a.loss, b.loss, number)


def _mean_of(a: Array, b: Array, number: int) -> Comparison:
    """Mean of a − b, (settings, seeds) each; seeds without a number are left out."""
    if a.shape != b.shape or not len(a):
        return NOTHING  # runs are missing
    return over_seeds((a - b).mean(axis=0), number)


def over_seeds(by_seed: Array, number: int = 0) -> Comparison:
    """The mean of one value per seed (seeds,), and of its resamples; seeds without a value are left out."""
    by_seed = by_seed[~np.isnan(by_seed)]
    if not len(by_seed):
        return NOTHING
    return Comparison(
        float(by_seed.mean()), weights(len(by_seed), RESAMPLES, number) @ by_seed, len(by_seed)
    )


def _bound(a: Runs, b: Runs, target: float) -> str:
    """Whether the cheapest setting is good enough already: then more than enough was paid for."""
    ends = [float(r.loss.mean(axis=1)[r.bytes.mean(axis=1).argmin()]) <= target for r in (a, b)]
    return {(True, False): "≤", (False, True): "≥", (True, True): "≈"}.get((ends[0], ends[1]), "")


def pooled(comparisons: Sequence[Comparison]) -> tuple[Comparison, int]:
    """The geometric mean over those data sets that have a ratio, and how many they are.

    The interval says how sure the mean over *these* sets is, not what another set would bring.
    """
    found = [c for c in comparisons if np.isfinite(c.log)]
    if not found:
        return NOTHING, 0
    bounds = {c.bound for c in found if c.bound}
    return Comparison(
        float(np.mean([c.log for c in found])),
        np.mean([c.draws for c in found], axis=0),
        min(c.n for c in found),
        bounds.pop() if len(bounds) == 1 else "≈" if bounds else "",
    ), len(found)
