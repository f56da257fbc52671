"""Zones of other shapes than the ball: one ball per layer, a ball that is wide where the models have moved, a cone.

They are made of what all sites know without a byte: the layers of the network, and the last two global models.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fgm_ref.arrays import Array, norm
from fgm_ref.safe.zones import SafeFunction


class PerLayer(SafeFunction):
    """Admissible: ‖S_b − E_b‖ ≤ R_b in every layer b, with R_b = R √(D_b/D): each parameter may move as far.

    A maximum of norms is convex, and one that is ≤ 0 for the mean is so in each layer.  Σ R_b² = R², so the zone
    lies in the ball: ‖S − E‖ ≤ R follows.  With one layer it is the ball.
    """

    lipschitz: float | None = 1.0

    def __init__(self, E: Array, R: float):
        super().__init__(E, R)
        self.divide([slice(0, len(E))])

    def divide(self, blocks: Sequence[slice]) -> None:
        """The layers; the weight R/R_b of each is what φ is Lipschitz with, there."""
        self.blocks = [
            (b, float(np.sqrt(len(self.E) / (b.stop - b.start))))
            for b in blocks
            if b.stop > b.start
        ]
        self.lipschitz = max(weight for _, weight in self.blocks)

    def widest(self, X: Array) -> Any:
        """max_b ‖X_b‖ R/R_b for X (..., D) -> (...)."""
        return np.max(
            [norm(X[..., block]) * X.dtype.type(weight) for block, weight in self.blocks], axis=0
        )

    def __call__(self, X: Array) -> Any:
        """φ(X) = max_b ‖X_b‖ R/R_b − R."""
        return self.widest(X) - self.R

    def excess(self, X: Array) -> float:
        """φ(mean X)."""
        return float(self.widest(X.mean(axis=0))) - self.R

    def reach(self, steps: Array) -> float:
        """max_b ‖mean steps_b‖ R/R_b, by the triangle inequality."""
        return float(self.widest(steps.mean(axis=0)))


class HistoryMetric(SafeFunction):
    """Admissible: ‖s ⊙ (S − E)‖ ≤ R, with s small where the global model moved far in the last round.

    With g the last round's step, s_j² = a / (1 + g_j²/mean g²), and a such that the mean of s² is 1; s = 1 in the
    first round.  A norm of a linear map is convex.  The zone is an ellipsoid, neither inside the ball nor around it:
    it promises no more than what is written above.  (Adam's second moment would serve as well, if it were shared.)
    """

    moving = True  # not while a round lasts, but only the sites know g
    lipschitz: float | None = 1.0

    def __init__(self, E: Array, R: float):
        super().__init__(E, R)
        self.s = np.ones_like(E)

    def expect(self, g: Array) -> None:
        """s for the last step g (D,)."""
        squares = g.astype(float) ** 2
        if squares.any():
            # s² = a / (1 + g²/mean g²)
            weights = 1 / (1 + squares / squares.mean())
            self.s = np.sqrt(weights / weights.mean()).astype(self.E.dtype)
            self.lipschitz = float(self.s.max())

    def __call__(self, X: Array) -> Any:
        """φ(X) = ‖s ⊙ X‖ − R."""
        return norm(self.s * X) - self.R

    def excess(self, X: Array) -> float:
        """φ(mean X)."""
        return float(norm(self.s * X.mean(axis=0))) - self.R

    def reach(self, steps: Array) -> float:
        """‖s ⊙ mean step‖."""
        return float(norm(self.s * steps.mean(axis=0)))


class Cone(SafeFunction):
    """Admissible: (1/k) Σ ‖X_i‖ ≤ R + (1 + ρ) ⟨ξ, S − E⟩: what they moved, against how far they got together.

    ξ is the last round's direction (0 in the first one, which is the ball's).  A norm minus a linear function is
    convex, and Σ φ(X_i) ≤ 0 *is* the condition.  So the budget grows with common progress, without end: it bounds the
    detours, (1/k) Σ ‖X_i‖ − ‖S − E‖ ≤ R + ρ ‖S − E‖, but no distance.  Sites that are strung out along ξ pass.
    """

    moving = True  # not while a round lasts, but only the sites know ξ
    rho = 0.1
    lipschitz: float | None = 2.0 + rho

    def __init__(self, E: Array, R: float):
        super().__init__(E, R)
        self.push = np.zeros_like(E)

    def expect(self, g: Array) -> None:
        """(1 + ρ) ξ, with ξ = g/‖g‖."""
        length = norm(g)
        self.push = g * g.dtype.type((1 + self.rho) / length) if length else g

    def __call__(self, X: Array) -> Any:
        """φ(X) = ‖X‖ − (1 + ρ) ⟨ξ, X⟩ − R."""
        return norm(X) - np.einsum("...d,d->...", X, self.push) - self.R

    def excess(self, X: Array) -> float:
        """(1/k) Σ ‖X_i‖ − (1 + ρ) ⟨ξ, mean X⟩ − R."""
        return float(np.mean(self(X)))

    def reach(self, steps: Array) -> float:
        """(1/k) Σ ‖step_i‖ − (1 + ρ) ⟨ξ, mean step⟩, by the triangle inequality."""
        return self.excess(steps) + self.R
