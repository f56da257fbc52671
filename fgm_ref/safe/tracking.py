"""Tracking: zones that move along with the progress that all sites make together.

The ball around E spends its slack on *common* progress: when all sites move the same way, every drift grows
although nobody disagrees.  The last two global models tell every site, without a byte, how fast the last
round went: g = (E_n − E_{n−1}) / (steps of that round); 0 in the first round.  So the zone's centre moves:

    φ_t(X) = ‖X − v_t‖ − R     or     ‖X − v_t‖² − R²,      v_t = t·g  after t steps of the round.

φ_t is convex at every t, and FGM uses current values only, so its argument is untouched; but sites that stand
still must look again, for φ_t(X_i) changes although X_i does not.  A bad prediction costs messages, never a
guarantee.  A known relative: the prediction models of Giatrakos et al. 2012 (SIGMOD).

The "own steps" variants let site i count the steps n_i that it trained in, for sites of unequal speed.
But they do not work with rebalancing, where the coordinator would have to know t and n_i.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.safe.function import Facts, Round, SafeFunction
from fgm_ref.safe.zones import Ball, Cap, Variance


class Tracking(SafeFunction):
    """Admissible: ‖S − (E + v_t)‖ ≤ R, with v_t = t·g: the global model stays near where it was heading."""

    lipschitz: float | None = 1.0
    eikonal = True
    moves = True
    private = True
    form: type[SafeFunction] = Ball
    own_steps = False
    damped = False
    facts = Facts(
        formula="‖X − t·g‖ − R",
        admissible="‖S − (E + t·g)‖ ≤ R",
        zero="−R",
        source="after Giatrakos et al. 2012",
        held_by="test_tracking.py",
    )

    def __init__(self, E: Array, R: float):
        super().__init__(E, R)
        self.still = self.form(E, R)
        self.g = self.centre = np.zeros_like(E)
        self.last = 1  # steps of the round before
        self.clock = 0.0  # steps so far (their mean, with own steps)
        self.tick = 0.0  # how many of them were the last

    def begin(self, round: Round) -> None:
        """Follow the last round's g per step."""
        if round.g is not None:
            self.g = round.g
            self.last = round.steps

    def advance(self, t: int, own: Array) -> None:
        """v_t := t·g (D,); with own steps row i is n_i·g (k, D), and drifts must come as (..., k, D)."""
        steps = np.asarray(own if self.own_steps else t, self.g.dtype)
        if self.damped:
            # T (1 − exp(−t/T)), with T the length of the last round
            steps = -self.last * np.expm1(-steps / self.last)
        self.centre = np.multiply.outer(steps, self.g)
        now = float(steps.mean())
        self.tick = now - self.clock
        self.clock = now

    def __call__(self, X: Array) -> Any:
        """φ(X − v_t), where φ is the ball's or the variance's."""
        return self.still(X - self.centre)

    def excess(self, X: Array) -> float:
        """‖mean X − v_t‖ − R (squares of both, in the variance's form)."""
        return self.still.excess((X.mean(axis=0) - self.clock * self.g)[None])

    def reach(self, steps: Array) -> float:
        """The centre has moved as well, by `tick`·g since the evaluation before."""
        return self.still.reach((steps.mean(axis=0) - self.tick * self.g)[None])

    @property
    def at_zero(self) -> float:
        """φ_0(0), at the start of the round."""
        return self.still.at_zero


class TrackingVariance(Tracking):
    """Admissible: (1/k) Σ ‖w_i − S‖² ≤ R², whatever g is: the sites agree, wherever they went together.

    The mean has the least mean square distance, so (1/k) Σ ‖w_i − S‖² ≤ (1/k) Σ ‖X_i − v‖² for every common v.
    """

    lipschitz = None
    eikonal = False
    form = Variance
    facts = Facts(
        formula="‖X − t·g‖² − R²",
        admissible="(1/k) Σ ‖w_i − S‖² ≤ R²",
        zero="−R²",
        source="whatever g is",
        held_by="test_tracking.py",
    )

    def excess(self, X: Array) -> float:
        """(1/k) Σ ‖X_i − mean X‖² − R²."""
        return self.still.excess(X - X.mean(axis=0))

    def reach(self, steps: Array) -> float:
        """As for the variance, of what the steps differ by; the common part changes no spread."""
        return self.still.reach(steps - steps.mean(axis=0))


class TrackingOwn(Tracking):
    """Admissible: ‖S − (E + mean(n)·g)‖ ≤ R, where site i follows n_i·g with its own step count n_i."""

    own_steps = True
    facts = Facts(
        formula="‖X − n_i·g‖ − R",
        admissible="‖S − (E + mean(n)·g)‖ ≤ R",
        zero="−R",
        source="with each site's own steps",
        held_by="test_tracking.py",
    )


class TrackingVarianceOwn(Tracking):
    """Admissible: ‖S − (E + mean(n)·g)‖² ≤ R² and no more: the centres n_i·g differ, so the spread may be larger."""

    lipschitz = None
    eikonal = False
    form = Variance
    own_steps = True
    facts = Facts(
        formula="‖X − n_i·g‖² − R²",
        admissible="‖S − (E + mean(n)·g)‖² ≤ R²",
        zero="−R²",
        source="with each site's own steps",
        held_by="test_tracking.py",
    )


class TrackingDamped(Tracking):
    """Admissible: ‖S − (E + v_t)‖ ≤ R, v_t = T (1 − exp(−t/T)) g after a round of T steps: progress slackens."""

    damped = True
    facts = Facts(
        formula="‖X − v_t‖ − R, v_t = T(1 − e^(−t/T))·g",
        admissible="‖S − (E + v_t)‖ ≤ R",
        zero="−R",
        source="T: the last round's steps",
        held_by="test_tracking.py",
    )


class TrackingVarianceDamped(TrackingVariance):
    """Admissible: (1/k) Σ ‖w_i − S‖² ≤ R², as for the tracking variance; v_t = T (1 − exp(−t/T)) g."""

    damped = True
    facts = Facts(
        formula="‖X − v_t‖² − R²",
        admissible="(1/k) Σ ‖w_i − S‖² ≤ R²",
        zero="−R²",
        source="the same v_t",
        held_by="test_tracking.py",
    )


class TrackingCap(Tracking):
    """Admissible: ‖E‖ − R ≤ ‖S − v_t‖ ≤ ‖E‖ + R, a shell that moves along, v_t = t·g."""

    form = Cap
    facts = Facts(
        formula="cap of X − t·g",
        admissible="‖E‖ − R ≤ ‖S − t·g‖ ≤ ‖E‖ + R",
        zero="−R",
        source="the shell moves along",
        held_by="test_check_safe.py::test_right_functions_pass",
    )
