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
    raise NotImplementedError("a09, task 1: not done yet (make hint A=09 N=1 T=1)")


def subrounds(v: Array, epsilon: float) -> int:
    """Task 2: the number of subrounds of a round."""
    raise NotImplementedError("a09, task 2: not done yet (make hint A=09 N=1 T=2)")


def words(v: Array, epsilon: float) -> int:
    """Task 3: the numbers sent in a round, models apart.

    An increment is a word (one quantum each, for here sites are watched all the time), and so is each site's φ, and
    each site's new θ.  The first θ of a round is free, and after the last subround there is no new one.
    """
    raise NotImplementedError("a09, task 3: not done yet (make hint A=09 N=1 T=3)")


def per_round(result: RunResult) -> float:
    """Task 4: how many subrounds a *finished* round of this run had, on average.

    `result.series["rounds"]` and `["subrounds"]` (steps,) count the finished rounds, and the subrounds that have been
    started, in all so far.  The subround that a new round begins with has been started in the step that ends the old.
    """
    raise NotImplementedError("a09, task 4: not done yet (make hint A=09 N=1 T=4)")


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
    raise NotImplementedError("a09, task 5: not done yet (make hint A=09 N=1 T=5)")


def ratio(epsilon: float) -> tuple[float, float]:
    """Task 5: measure where the logarithm ends: a range (low, high), high ≤ 1.35 low.

    In `training`, how many times as many subrounds has a round with ε = 0.0001 as one with this ε?  Three other seeds
    give three ratios; they must not be all above the range, or all below it.
    """
    raise NotImplementedError("a09, task 5: not done yet (make hint A=09 N=1 T=5)")
