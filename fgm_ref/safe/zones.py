"""Safe functions: what a site may do before it must speak up.

A *safe function* φ is convex with φ(0) < 0.  Site i looks only at its own drift X_i (how far its model has
moved since the round started) and yet the k sites together are sure of the global model: by Jensen,

    Σ φ(X_i) ≤ 0   ⇒   φ(mean X) ≤ 0   ⇒   E + mean X lies in the admissible region.

(Samoladas & Garofalakis 2019, "Functional Geometric Monitoring for Distributed Streams", section 3.
Their sign: safe means φ ≤ 0.)  Each class below is made for one reference model E and one radius R, and
writes next to its φ which region it is safe for.  Your own joins them by its Python path (see `safe.py`), and
`python -m fgm_ref.check_safe` tries to prove it wrong.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from fgm_ref.arrays import Array, dot, norm, squared_norm

Maker = Callable[[Array, float], "SafeFunction"]
"""What makes the φ of a round from E (D,) and R: a class below, or a function."""

FAR = 1e18
"""The largest radius: no model gets there, and its square is still a number in single precision."""


class SafeFunction(ABC):
    """A convex φ of drifts, made for the reference model E (D,) and the radius R > 0.

    A new one needs `__call__` and `excess`, and calls nothing of the simulator.  R = ∞ means "never violated".
    """

    lipschitz: float | None = None
    """A claim: |φ(X) − φ(Y)| ≤ lipschitz · ‖X − Y‖; None claims nothing."""

    eikonal = False
    """A claim: ‖∇φ‖ = 1 almost everywhere, so inside the zone −φ is the distance to its boundary."""

    lowest_at_zero = False
    """A claim: φ(X) ≥ φ(0), so standing still is the best that a site can do."""

    moving = False
    """Whether φ changes while a round lasts (then `advance` is called before each evaluation), or depends on what
    only the sites are told when it starts (`after`, `expect`)."""

    def __init__(self, E: Array, R: float):
        if not R > 0:
            raise ValueError(
                f"radius: expected a number above 0 (a round needs φ(0) < 0), got {R:g}"
            )
        self.E, self.R = E, min(float(R), FAR)

    def divide(self, blocks: Sequence[slice]) -> None:
        """The vector consists of these blocks, the layers of the network; a φ may treat them apart."""

    def after(self, rounds: int, steps: int) -> None:
        """So many rounds have ended, the last one after so many steps."""

    def expect(self, g: Array) -> None:
        """The last round went by g (D,) per step; a moving φ may expect this one to go on like that."""

    def advance(self, t: int, own: Array) -> None:
        """t steps have passed since the round started, of which site i trained in own[i]; own (k,)."""

    @abstractmethod
    def __call__(self, X: Array) -> Any:
        """φ(X) for drifts X (..., D) -> (...)."""

    @abstractmethod
    def excess(self, X: Array) -> float:
        """How far the true state is outside the admissible region, given *all* drifts X (k, D); ≤ 0 inside.

        Nobody in the protocol can know this; the simulator uses it to check the guarantee.
        """

    def reach(self, steps: Array) -> float:
        """By how much `excess` can grow in one step, given all steps (k, D): the overshoot's bound.

        For a distance to a region (1-Lipschitz in S) it is the length of the mean step.
        """
        return float(norm(steps.mean(axis=0)))

    @property
    def at_zero(self) -> float:
        """φ(0) < 0 when the round starts: the slack of a site that has not moved."""
        return float(self(np.zeros_like(self.E)))

    def perspective(self, λ: float) -> Callable[[Array], Any]:
        """X ↦ λ φ(X/λ), convex for every λ in (0, 1]; at λ = 1 it is φ."""
        return self if λ == 1 else lambda X: λ * self(X / λ)


class Ball(SafeFunction):
    """Admissible: ‖S − E‖ ≤ R, the global model stays near the last one (Kamp et al. 2014 with R = √Δ)."""

    lipschitz, eikonal, lowest_at_zero = 1.0, True, True

    def __call__(self, X: Array) -> Any:
        """φ(X) = ‖X‖ − R."""
        return norm(X) - self.R

    def excess(self, X: Array) -> float:
        """‖mean X‖ − R."""
        return float(norm(X.mean(axis=0))) - self.R


class Variance(SafeFunction):
    """Admissible: (1/k) Σ ‖X_i‖² ≤ R², which bounds the spread of the sites as well (Kamp's divergence)."""

    lowest_at_zero = True

    def __call__(self, X: Array) -> Any:
        """φ(X) = ‖X‖² − R²."""
        return squared_norm(X) - self.R**2

    def excess(self, X: Array) -> float:
        """mean ‖X‖² − R²."""
        return float(squared_norm(X).mean()) - self.R**2

    def reach(self, steps: Array) -> float:
        """By Minkowski √mean‖X + s‖² ≤ R + √mean‖s‖², so at most (R + √mean‖s‖²)² − R²."""
        return (self.R + float(np.sqrt(squared_norm(steps).mean()))) ** 2 - self.R**2


class HalfSpace(SafeFunction):
    """Admissible: S·E/‖E‖ ≥ ‖E‖ − R, the global model keeps most of its length along E.

    φ is affine, so Σ φ(X_i) = k φ(mean X): no slack is lost, whatever the sites do.
    """

    lipschitz, eikonal = 1.0, True

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
    """Admissible: ‖S‖ ≤ ‖E‖ + R, the global model may turn but not grow."""

    lipschitz, eikonal = 1.0, True

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

    def __call__(self, X: Array) -> Any:
        """φ(X) = max{ −R − X·E/‖E‖ , ‖X + E‖ − (‖E‖ + R) }."""
        return np.maximum(super().__call__(X), norm(X + self.E) - (self.length + self.R))

    def excess(self, X: Array) -> float:
        """max{ ‖E‖ − R − ‖S‖ , ‖S‖ − (‖E‖ + R) }."""
        return abs(float(norm(self.E + X.mean(axis=0))) - self.length) - self.R
