"""Mistakes in zones that promise loss."""

import numpy as np

from fgm_ref.safe.curvature import Bowl

from .registry import mutant

TESTS = "test_loss_zone.py"


@mutant(
    "z176",
    "the rest of the bowl asks for the least demand, not for the next one",
    "safe.curvature:bowl",
    f"{TESTS}::test_a_measured_bowl_lifts_what_bends_down",
)
def shallow_bowl(found, side, margin, few):
    """The worst directions have weights of their own, so what is left can hardly matter.

    It bends down as well.  φ is not convex, Jensen's inequality fails, and the promise is void without a sign.
    """
    demands = margin * np.maximum(0, found.errors - side * found.values)
    own = np.argsort(-demands, kind="stable")[:few]
    rest = float(demands.min())
    return Bowl(rest, demands[own] - rest, found.directions[own])


@mutant(
    "z177",
    "the overshoot of a loss is bounded by the length of the mean step",
    "safe.loss:Loss.growth",
    f"{TESTS}::test_the_guarantee_under_the_observer",
    raises="GuaranteeBroken",
)
def growth_of_a_distance(self, before, now):
    """It is so for the ball, the cap and all their kin.

    They are 1-Lipschitz.  A loss may rise by more than the step is long, and a protocol that keeps its promise is
    accused of having broken it.
    """
    return float(np.linalg.norm((now - before).mean(axis=0)))


@mutant(
    "z178",
    "the loss is that of the drift, not that of the model",
    "safe.loss:Loss.losses",
    f"{TESTS}::test_two_valleys_by_hand",
)
def losses_of_drifts(self, X):
    """φ takes a drift, and everything that a safe function is made of is a function of drifts.

    But f is the loss of a model, and E + X is the model.  Around E = 0 nobody would notice.
    """
    flat = X.astype(float).reshape(-1, X.shape[-1])
    return self.zones.handed_in.losses(flat).reshape(X.shape[:-1])
