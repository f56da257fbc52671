"""Safe functions: what a site may do before it must speak up.

A *safe function* φ is convex with φ(0) < 0.  Site i looks only at its own drift X_i (how far its model has
moved since the round started) and yet the k sites together are sure of the global model: by Jensen,

    Σ φ(X_i) ≤ 0   ⇒   φ(mean X) ≤ 0   ⇒   E + mean X lies in the admissible region.

(Samoladas & Garofalakis 2019, "Functional Geometric Monitoring for Distributed Streams", section 3.
Their sign: safe means φ ≤ 0.)  Each class below is made for one reference model E and one radius R, and
writes next to its φ which region it is safe for.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def squared_norm(X: Array) -> Any:
    """‖X‖² along the last axis.  X (..., D) -> (...)."""
    return np.einsum("...d,...d->...", X, X)


def norm(X: Array) -> Any:
    """‖X‖ along the last axis.  X (..., D) -> (...)."""
    return np.sqrt(squared_norm(X))


class SafeFunction(ABC):
    """A convex φ of drifts, made for the reference model E (D,) and the radius R > 0.

    A new one needs `__call__` and `excess`, and calls nothing of the simulator.
    """

    def __init__(self, E: Array, R: float):
        if not R > 0:
            raise ValueError(f"radius: expected a number above 0, got {R:g}")
        self.E, self.R = E, float(R)

    moving = False
    """Whether φ changes while a round lasts; then `advance` is called before each evaluation."""

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
        """φ(0) < 0: the slack of a site that has not moved."""
        return float(self(np.zeros_like(self.E)))

    def perspective(self, λ: float) -> Callable[[Array], Any]:
        """X ↦ λ φ(X/λ), convex for every λ in (0, 1]; at λ = 1 it is φ."""
        return self if λ == 1 else lambda X: λ * self(X / λ)


class Ball(SafeFunction):
    """Admissible: ‖S − E‖ ≤ R, the global model stays near the last one (Kamp et al. 2014 with R = √Δ)."""

    def __call__(self, X: Array) -> Any:
        """φ(X) = ‖X‖ − R."""
        return norm(X) - self.R

    def excess(self, X: Array) -> float:
        """‖mean X‖ − R."""
        return float(norm(X.mean(axis=0))) - self.R


class Variance(SafeFunction):
    """Admissible: (1/k) Σ ‖X_i‖² ≤ R², which bounds the spread of the sites as well (Kamp's divergence)."""

    def __call__(self, X: Array) -> Any:
        """φ(X) = ‖X‖² − R²."""
        return squared_norm(X) - self.R**2

    def excess(self, X: Array) -> float:
        """mean ‖X‖² − R²."""
        return float(squared_norm(X).mean()) - self.R**2

    def reach(self, steps: Array) -> float:
        """By Minkowski √mean‖X + s‖² ≤ R + √mean‖s‖², so at most (R + √mean‖s‖²)² − R²."""
        return (self.R + float(np.sqrt(squared_norm(steps).mean()))) ** 2 - self.R**2


class Cap(SafeFunction):
    """Admissible: ‖E‖ − R ≤ ‖S‖ ≤ ‖E‖ + R, a shell around the origin ("spherical cap").

    The shell is not convex; the zone {φ ≤ 0} is its convex part on E's side: a half-space cut with a ball.
    """

    def __init__(self, E: Array, R: float):
        super().__init__(E, R)
        self.length = float(norm(E))
        if self.length == 0:
            raise ValueError("safe: expected a reference model other than zero for 'cap', got E = 0; use 'ball'")
        self.direction = E / E.dtype.type(self.length)

    def __call__(self, X: Array) -> Any:
        """φ(X) = max{ −R − X·E/‖E‖ , ‖X + E‖ − (‖E‖ + R) }."""
        return np.maximum(-self.R - X @ self.direction, norm(X + self.E) - (self.length + self.R))

    def excess(self, X: Array) -> float:
        """max{ ‖E‖ − R − ‖S‖ , ‖S‖ − (‖E‖ + R) }."""
        return abs(float(norm(self.E + X.mean(axis=0))) - self.length) - self.R


SAFE: dict[str, type[SafeFunction]] = {"ball": Ball, "variance": Variance, "cap": Cap}


@dataclass(frozen=True)
class ZoneMaker:
    """Makes the safe function of a round from the round's reference model E.

    Sites and coordinator hold one each and thus agree without a message.  With `relative` the radius is
    R = threshold · ‖E‖, taken anew in every round; else R = threshold.
    """

    safe: type[SafeFunction]
    threshold: float
    relative: bool = True

    def __call__(self, E: Array, before: Array | None = None, steps: int = 0) -> SafeFunction:
        """The safe function for reference E (D,).

        A moving one also wants to know the reference of the round `before`, and how many steps that lasted.
        """
        if self.safe.moving and before is not None:
            return self.safe(E, self.radius(E), (E - before) / max(1, steps))  # type: ignore[call-arg]
        return self.safe(E, self.radius(E))

    def radius(self, E: Array) -> float:
        """R for the reference model E (D,)."""
        if not self.relative:
            return self.threshold
        length = float(norm(E))
        if length == 0:
            raise ValueError("threshold: a relative one needs a reference model other than zero, got E = 0; "
                             "use an absolute threshold")
        return self.threshold * length


def zone_maker(safe: str, threshold: float, relative: bool = True) -> ZoneMaker:
    """A `ZoneMaker` by the name of its safe function.

    >>> phi = zone_maker("ball", 0.5)(np.array([3.0, 4.0]))
    >>> phi.R, phi.at_zero, float(phi(np.array([0.0, 3.0])))
    (2.5, -2.5, 0.5)
    """
    if safe not in SAFE:
        raise ValueError(f"safe: expected one of {', '.join(SAFE)}; got {safe!r}")
    if not threshold > 0:
        raise ValueError(f"threshold: expected a number above 0, got {threshold:g}")
    return ZoneMaker(SAFE[safe], threshold, relative)
