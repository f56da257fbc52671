"""a09 Read the paper: why FGM's words grow with log(1/ε), and where that ends.

The setting of the analysis (Samoladas & Garofalakis 2019, section 4): k ≥ 2 sites whose φ rises steadily from −1,
site i with its own speed v_i > 0, watched all the time.  At the start ψ = −k; in a subround, θ = −ψ/(2k) and site i has
counted ⌊v_i τ/θ⌋ quanta after time τ; at the first moment with more than k quanta in all, the subround is over, and
ψ := Σ φ.  The round is over when ψ ≥ −ε k.
"""

import math
from functools import cache

import numpy as np

from fgm_ref import run
from fgm_ref.simulation.result import RunResult

Array = np.ndarray


def left(v: Array) -> float:
    """Task 1: the share of the slack that is left after a subround, ψ_new/ψ; v (k,), all different.

    It does not depend on ψ.  No simulation is needed: at which times does a site count its next quantum?
    """
    # Why ρ < 1/2: at the end k + 1 quanta or more have been counted, so ψ_new ≥ ψ + (k + 1)θ = ψ − ψ(k + 1)/(2k) and,
    # as ψ < 0, ρ ≤ 1 − (k + 1)/(2k) = (k − 1)/(2k).
    k = len(v)
    times = np.sort((np.arange(1, k + 2)[:, None] / v).ravel())  # in units of θ
    return float(1 - times[k] * v.sum() / (2 * k))


def subrounds(v: Array, epsilon: float) -> int:
    """Task 2: the number of subrounds of a round."""
    return max(1, math.ceil(math.log(epsilon) / math.log(left(v))))


def words(v: Array, epsilon: float) -> int:
    """Task 3: the numbers sent in a round, models apart.

    An increment is a word (one quantum each, for here sites are watched all the time), and so is each site's φ, and
    each site's new θ.  The first θ of a round is free, and after the last subround there is no new one.
    """
    k, n = len(v), subrounds(v, epsilon)
    return n * (k + 1 + k) + (n - 1) * k


def per_round(result: RunResult) -> float:
    """Task 4: how many subrounds a *finished* round of this run had, on average.

    `result.series["rounds"]` and `["subrounds"]` (steps,) count the finished rounds, and the subrounds that have been
    started, in all so far.  The subround that a new round begins with has been started in the step that ends the old.
    """
    rounds, started = result.series["rounds"], result.series["subrounds"]
    end = int(np.searchsorted(rounds, rounds[-1]))  # the step that ended the last finished round
    return float((started[end] - 1) / rounds[-1])


@cache
def training(epsilon: float, seed: int) -> RunResult:
    """Given: real training, where a step is not small.  (Asked again, it has the answer at hand.)"""
    return run(dataset="ecg208", sites=4, hidden=(4,), steps=120, lr=0.01, threshold=0.05, seed=seed, evaluations=1,
               protocol=f"fgm:epsilon={epsilon}")  # fmt: skip


def slope(k: int) -> tuple[float, float]:
    """Task 5: measure how many subrounds each halving of ε adds to a round: a range (low, high), high ≤ 1.05 low.

    k sites, speeds drawn evenly from 0.2 to 1.8, from ε = 1/4 to ε = 1/1024.  The mean of thousands of other draws has
    to be in the range.
    """
    draws = np.random.default_rng(1).uniform(0.2, 1.8, (3000, k))
    few, many = (np.mean([subrounds(v, epsilon) for v in draws]) for epsilon in (1 / 4, 1 / 1024))
    measured = float(many - few) / 8  # 1/4 is halved eight times
    return 0.98 * measured, 1.02 * measured


def ratio(epsilon: float) -> tuple[float, float]:
    """Task 5: measure where the logarithm ends: a range (low, high), high ≤ 1.35 low.

    In `training`, how many times as many subrounds has a round with ε = 0.0001 as one with this ε?  Three other seeds
    give three ratios; they must not be all above the range, or all below it.
    """
    coarse, fine = (np.mean([per_round(training(e, seed)) for seed in range(3)]) for e in (epsilon, 0.0001))
    measured = float(fine / coarse)
    return 0.87 * measured, 1.13 * measured
