"""Two protocols compared: at equal settings or at equal loss, for one data set or for several."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.study.numbers.fronts import Runs, log_bytes_at
from fgm_ref.study.numbers.stats import (
    LEVEL,
    RESAMPLES,
    Estimate,
    equal_weights,
    interval,
    weights,
)

AT_LEAST, AT_MOST, ABOUT = "≥", "≤", "≈"


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
            value=float(np.exp(self.log)),
            low=float(low),
            high=float(high),
            n=self.n,
            reached=float(np.mean(~np.isnan(self.draws))),
        )

    @property
    def plain(self) -> Estimate:
        """The same without exp, for differences."""
        return Estimate(self.log, *interval(self.draws, LEVEL), self.n)


Statistic = Callable[[Array], Array]
"""Of weights of the seeds, (resamples, seeds) -> (resamples,)."""

NOTHING = Comparison(np.nan, np.full(RESAMPLES, np.nan), 0)


def at_equal_settings(a: Runs, b: Runs, number: int = 0) -> Comparison:
    """Bytes of a by those of b at the same thresholds, the geometric mean over thresholds and seeds.

    `number` chooses the resamples: another one for each data set, for their seeds have nothing to do with each other.
    """
    return _mean_of(np.log(a.bytes), np.log(b.bytes), number)


def at_equal_loss(a: Runs, b: Runs, target: float, number: int = 0) -> Comparison:
    """Bytes of a by those of b, each on its own front, where the mean loss over the seeds reaches `target`."""
    same_seeds = a.bytes.shape[1:] == b.bytes.shape[1:]
    if not len(a.bytes) or not same_seeds or np.isnan(target):
        return NOTHING

    def log_ratio(w: Array) -> Array:
        return log_bytes_at(a, target, w) - log_bytes_at(b, target, w)

    found = resampled(log_ratio, a.bytes.shape[1], number)
    return found._replace(bound=bound_of(a, b, target))


def loss_difference(a: Runs, b: Runs, number: int = 0) -> Comparison:
    """Loss of a minus that of b at the same thresholds, mean over thresholds and seeds: no logarithm here."""
    return _mean_of(a.loss, b.loss, number)


def _mean_of(a: Array, b: Array, number: int) -> Comparison:
    """Mean of a − b, (settings, seeds) each; seeds without a number are left out."""
    if a.shape != b.shape or not len(a):
        return NOTHING  # runs are missing
    return over_seeds((a - b).mean(axis=0), number)


def resampled(statistic: Statistic, n: int, number: int) -> Comparison:
    """A statistic of n seeds with equal weights, and that of each resample."""
    plain = statistic(equal_weights(n))
    draws = statistic(weights(n, RESAMPLES, number))
    return Comparison(float(plain[0]), draws, n)


def over_seeds(by_seed: Array, number: int = 0) -> Comparison:
    """The mean of one value per seed (seeds,), and of its resamples; seeds without a value are left out."""
    by_seed = by_seed[~np.isnan(by_seed)]
    n = len(by_seed)
    if not n:
        return NOTHING
    draws = weights(n, RESAMPLES, number) @ by_seed
    return Comparison(float(by_seed.mean()), draws, n)


def bound_of(a: Runs, b: Runs, target: float, once: Sequence[bool] = (False, False)) -> str:
    """Whether the cheapest setting is good enough already: then more than enough was paid for.

    But nothing is cheaper than to synchronise `once`, which the cheapest setting of a or of b may do.
    """
    a_overpaid = _cheapest(a) <= target and not once[0]
    b_overpaid = _cheapest(b) <= target and not once[1]
    if a_overpaid:
        return ABOUT if b_overpaid else AT_MOST
    return AT_LEAST if b_overpaid else ""


def _cheapest(runs: Runs) -> float:
    """The mean loss of the setting with the fewest bytes."""
    return float(runs.loss.mean(axis=1)[cheapest(runs)])


def cheapest(runs: Runs) -> int:
    """The setting with the fewest bytes."""
    return int(runs.bytes.mean(axis=1).argmin())


def pooled(comparisons: Sequence[Comparison]) -> tuple[Comparison, int]:
    """The geometric mean over those data sets that have a ratio, and how many they are.

    The interval says how sure the mean over *these* sets is, not what another set would bring.
    """
    found = [c for c in comparisons if np.isfinite(c.log)]
    if not found:
        return NOTHING, 0
    both = Comparison(
        log=float(np.mean([c.log for c in found])),
        draws=np.mean([c.draws for c in found], axis=0),
        n=min(c.n for c in found),
        bound=_common({c.bound for c in found} - {""}),
    )
    return both, len(found)


def _common(bounds: set[str]) -> str:
    """The bound of a mean of bounds."""
    if len(bounds) > 1:
        return ABOUT
    return "".join(bounds)
