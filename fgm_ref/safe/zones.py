"""The other safe functions of the papers: variance, cap, and the two halves of the cap.  (`Ball` is in `function.py`.)

Each is made for one reference model E and one radius R, and writes next to its φ which region it is safe for.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fgm_ref.arrays import Array, dot, norm, squared_norm
from fgm_ref.safe.function import Ball, Facts, Maker, SafeFunction

__all__ = ["Ball", "Cap", "HalfSpace", "Maker", "SafeFunction", "UpperNorm", "Variance"]


class Variance(SafeFunction):
    """Admissible: (1/k) Σ ‖X_i‖² ≤ R², which bounds the spread of the sites as well (Kamp's divergence)."""

    lowest_at_zero = True
    facts = Facts(
        formula="‖X‖² − R²",
        admissible="(1/k) Σ ‖X_i‖² ≤ R²",
        zero="−R²",
        source="Kamp et al. 2014 (divergence)",
        held_by="test_safe.py",
    )

    def __call__(self, X: Array) -> Any:
        """φ(X) = ‖X‖² − R²."""
        return squared_norm(X) - self.R**2

    def excess(self, X: Array) -> float:
        """mean ‖X‖² − R²."""
        return float(squared_norm(X).mean()) - self.R**2

    def needed(self, X: Array) -> float:
        """√((1/k) Σ ‖X_i‖²)."""
        return float(np.sqrt(squared_norm(X).mean()))

    def reach(self, steps: Array) -> float:
        """By Minkowski √mean‖X + s‖² ≤ R + √mean‖s‖², so at most (R + √mean‖s‖²)² − R²."""
        step = float(np.sqrt(squared_norm(steps).mean()))
        return (self.R + step) ** 2 - self.R**2


class HalfSpace(SafeFunction):
    """Admissible: S·E/‖E‖ ≥ ‖E‖ − R, the mean model S keeps most of its length along E.

    φ is affine, so Σ φ(X_i) = k φ(mean X): no slack is lost, whatever the sites do.
    """

    lipschitz = 1.0
    eikonal = True
    facts = Facts(
        formula="−R − X·E/‖E‖",
        admissible="S·E/‖E‖ ≥ ‖E‖ − R",
        zero="−R",
        source="affine: no slack is lost",
        held_by="test_zones.py::test_half_space_loses_no_slack",
    )

    def __init__(self, E: Array, R: float):
        super().__init__(E, R)
        self.length = float(norm(E))
        if self.length == 0:
            raise ValueError(
                f"safe: {type(self).__name__} expected a reference model other than zero, "
                "got E = 0; use 'ball'"
            )
        self.direction = E / E.dtype.type(self.length)

    def __call__(self, X: Array) -> Any:
        """φ(X) = −R − X·E/‖E‖."""
        return -self.R - dot(X, self.direction)

    def excess(self, X: Array) -> float:
        """−R − mean X·E/‖E‖."""
        return -self.R - float(dot(X.mean(axis=0), self.direction))


class UpperNorm(SafeFunction):
    """Admissible: ‖S‖ ≤ ‖E‖ + R, the mean model S may turn but not grow."""

    lipschitz = 1.0
    eikonal = True
    facts = Facts(
        formula="‖X + E‖ − (‖E‖ + R)",
        admissible="‖S‖ ≤ ‖E‖ + R",
        zero="−R",
        source="half of the shell",
        held_by="test_safe.py",
    )

    def __init__(self, E: Array, R: float):
        super().__init__(E, R)
        self.length = float(norm(E))

    def __call__(self, X: Array) -> Any:
        """φ(X) = ‖X + E‖ − (‖E‖ + R)."""
        return norm(X + self.E) - (self.length + self.R)

    def excess(self, X: Array) -> float:
        """‖S‖ − (‖E‖ + R)."""
        return float(norm(self.E + X.mean(axis=0))) - (self.length + self.R)


class Cap(HalfSpace):
    """Admissible: ‖E‖ − R ≤ ‖S‖ ≤ ‖E‖ + R, a shell around the origin ("spherical cap").

    The shell is not convex; the zone {φ ≤ 0} is its convex part on E's side: a half-space cut with a ball.
    """

    lowest_at_zero = True
    facts = Facts(
        formula="max{−R − X·E/‖E‖, ‖X + E‖ − (‖E‖ + R)}",
        admissible="‖E‖ − R ≤ ‖S‖ ≤ ‖E‖ + R",
        zero="−R",
        source="the shell around the origin",
        held_by="test_zones.py::test_cap_is_half_space_and_upper_norm",
    )

    def __call__(self, X: Array) -> Any:
        """φ(X) = max{ −R − X·E/‖E‖ , ‖X + E‖ − (‖E‖ + R) }."""
        return np.maximum(super().__call__(X), norm(X + self.E) - (self.length + self.R))

    def needed(self, X: Array) -> float:
        """(1/k) Σ max{ −X_i·E/‖E‖ , ‖X_i + E‖ − ‖E‖ }, which is at least 0."""
        along = dot(X, self.direction)
        return float(np.maximum(-along, norm(X + self.E) - self.length).mean())

    def excess(self, X: Array) -> float:
        """max{ ‖E‖ − R − ‖S‖ , ‖S‖ − (‖E‖ + R) }."""
        return abs(float(norm(self.E + X.mean(axis=0))) - self.length) - self.R
