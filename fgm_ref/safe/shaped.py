"""Zones of other shapes than the ball: one ball per layer, a ball that is wide where the models have moved, a cone.

They are made of what all sites know without a byte: the layers of the network, and the last two global models.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fgm_ref.arrays import Array, norm
from fgm_ref.safe.function import Facts, Round, SafeFunction


class PerLayer(SafeFunction):
    """Admissible: ‖S_b − E_b‖ ≤ R_b in every layer b, with R_b = R √(D_b/D): each parameter may move as far.

    A maximum of norms is convex, and one that is ≤ 0 for the mean is so in each layer.  Σ R_b² = R², so the zone
    lies in the ball: ‖S − E‖ ≤ R follows.  With one layer it is the ball.
    """

    lipschitz: float | None = 1.0
    facts = Facts(
        formula="max_b ‖X_b‖ R/R_b − R, R_b² = R²·D_b/D",
        admissible="‖S_b − E_b‖ ≤ R_b in every layer b, hence ‖S − E‖ ≤ R",
        zero="−R",
        source="this project; with one layer the ball",
        held_by="test_shaped.py",
    )

    def __init__(self, E: Array, R: float):
        super().__init__(E, R)
        self.begin(Round())

    def begin(self, round: Round) -> None:
        """The layers, and the weight R/R_b of each; φ is as steep as the largest weight."""
        whole = slice(0, len(self.E))
        self.blocks = [
            (block, self.weight(block))
            for block in round.blocks or (whole,)
            if block.stop > block.start
        ]
        self.lipschitz = max(weight for _, weight in self.blocks)

    def weight(self, block: slice) -> float:
        """R/R_b = √(D/D_b)."""
        return float(np.sqrt(len(self.E) / (block.stop - block.start)))

    def widest(self, X: Array) -> Any:
        """max_b ‖X_b‖ R/R_b for X (..., D) -> (...)."""
        lengths = [norm(X[..., block]) * X.dtype.type(weight) for block, weight in self.blocks]
        return np.max(lengths, axis=0)

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

    lipschitz: float | None = 1.0
    private = True
    facts = Facts(
        formula="‖s ⊙ X‖ − R, s_j² ∝ 1/(1 + g_j²/mean g²)",
        admissible="‖s ⊙ (S − E)‖ ≤ R",
        zero="−R",
        source="this project; mean of s² is 1",
        held_by="test_shaped.py",
    )

    def __init__(self, E: Array, R: float):
        super().__init__(E, R)
        self.s = np.ones_like(E)

    def begin(self, round: Round) -> None:
        """s for the last step g; 1 if there was none, or if the model has come back to where it was."""
        if round.g is None:
            return
        squares = round.g.astype(float) ** 2
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

    rho = 0.1
    lipschitz: float | None = 2.0 + rho
    private = True
    facts = Facts(
        formula="‖X‖ − 1.1·⟨g/‖g‖, X⟩ − R",
        admissible="(1/k) Σ ‖X_i‖ ≤ R + 1.1·⟨g/‖g‖, S − E⟩",
        zero="−R",
        source="this project; bounds detours, no distance",
        held_by="test_shaped.py",
    )

    def __init__(self, E: Array, R: float):
        super().__init__(E, R)
        self.push = np.zeros_like(E)

    def begin(self, round: Round) -> None:
        """(1 + ρ) ξ, with ξ = g/‖g‖; 0 if there was no last step, or one of length 0."""
        if round.g is None:
            return
        length = norm(round.g)
        if length:
            self.push = round.g * round.g.dtype.type((1 + self.rho) / length)

    def __call__(self, X: Array) -> Any:
        """φ(X) = ‖X‖ − (1 + ρ) ⟨ξ, X⟩ − R."""
        along = np.einsum("...d,d->...", X, self.push)
        return norm(X) - along - self.R

    def excess(self, X: Array) -> float:
        """(1/k) Σ ‖X_i‖ − (1 + ρ) ⟨ξ, mean X⟩ − R."""
        return float(np.mean(self(X)))

    def reach(self, steps: Array) -> float:
        """(1/k) Σ ‖step_i‖ − (1 + ρ) ⟨ξ, mean step⟩, by the triangle inequality."""
        return self.excess(steps) + self.R
