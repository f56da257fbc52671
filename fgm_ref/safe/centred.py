"""The centred zone: a variance zone whose centre may be moved, along directions that all sites know.

The sites agree if they are near *any* common point c, for the mean has the least mean square distance:

    (1/k) Σ ‖w_i − S‖²  ≤  (1/k) Σ ‖X_i − c‖²                     for every c that is the same at all sites.

Which c is best?  Let the rows of U (r, D) be orthonormal, and δ = (1/k) Σ U(X_i − c), r numbers.  Then

    Σ ‖X_i − (c + Uᵀδ)‖²  =  Σ ‖X_i − c‖² − k ‖δ‖²,

and no other shift along U does better (least squares).  `protocols/fgm_centre.py` buys back slack with it.
With r = 1 what is left, mean ‖X‖² − (mean ⟨ξ, X⟩)², is what `protocols/fda.py` calls the linear monitor's H.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fgm_ref.arrays import Array, norm, squared_norm
from fgm_ref.safe.function import SafeFunction
from fgm_ref.safe.zones import Variance

NEW = 1e-3
"""The least share of a direction that must be new; what is left of one that is not would be rounding."""


class Centred(SafeFunction):
    """Admissible: (1/k) Σ ‖w_i − S‖² ≤ R², wherever the common centre is.  At first it is 0, as for the variance.

    `U` (r, D), with orthonormal rows, holds the directions in which it may move; none, if nobody sets it.
    """

    def __init__(self, E: Array, R: float):
        super().__init__(E, R)
        self.still = Variance(E, R)
        self.centre = np.zeros_like(E)
        self.U = np.zeros((0, len(E)), E.dtype)

    def coordinates(self, X: Array) -> Array:
        """U(X − c): drifts X (..., D) -> (..., r)."""
        return np.asarray(np.einsum("...d,rd->...r", X - self.centre, self.U))

    def shift(self, delta: Array) -> None:
        """c := c + Uᵀδ, with δ (r,)."""
        self.centre = self.centre + delta @ self.U

    def __call__(self, X: Array) -> Any:
        """φ(X) = ‖X − c‖² − R²."""
        return squared_norm(X - self.centre) - self.R**2

    def excess(self, X: Array) -> float:
        """(1/k) Σ ‖X_i − mean X‖² − R²."""
        return self.still.excess(X - X.mean(axis=0))

    def reach(self, steps: Array) -> float:
        """As for the variance, of what the steps differ by; the common part changes no spread."""
        return self.still.reach(steps - steps.mean(axis=0))


def orthonormal(directions: Sequence[Array]) -> Array:
    """The rows U (r, D) that span `directions`, (D,) each, at least one; those that bring nothing new are left out.

    Gram and Schmidt, in double precision and twice over (once would leave rounding errors behind).
    """
    rows: list[Array] = []
    for direction in directions:
        new, length = direction.astype(float), float(norm(direction))
        for row in rows * 2:
            new = new - (new @ row) * row
        if float(norm(new)) > NEW * length:
            rows.append(new / norm(new))
    return np.array(rows, directions[0].dtype).reshape(len(rows), len(directions[0]))
