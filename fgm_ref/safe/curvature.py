"""How a loss bends at a point, and the bowl that makes it convex there.

H = ∇²f(E) (D, D) is never written down.  H·v is a difference of two gradients, and Lanczos' method makes of a few
products H·v the ends of H's spectrum: numbers θ_j with unit vectors v_j, and for each a bound on how far the nearest
true eigenvalue is.

A *bowl* is a convex quadratic q(X) = ½ρ‖X‖² + ½ Σ_j c_j (v_j·X)².  Added to f(E + X) it lifts H by ρ everywhere and by
c_j more along v_j.  With no v_j it is isotropic: then ρ has to make up for the worst direction in all directions.

But Lanczos sees E only, and only a part of H: an eigenvalue may hide from a few steps, and away from E the loss bends
otherwise.  That is what a margin is for, and no margin is a proof.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from fgm_ref.arrays import Array, dot, norm, squared_norm

Gradient = Callable[[Array], Array]


class Bends(NamedTuple):
    """Eigenvalues θ (m,) of H, ascending and nearly so, each within `error` (m,) of a true one; `directions` (m, D)."""

    values: Array
    errors: Array
    directions: Array


def bends(gradient: Gradient, p: Array, steps: int) -> Bends:
    """The ends of the spectrum of ∇²f(p), from `steps` + 1 gradients at and near p (D,), in double precision."""
    first = gradient(p)
    h = np.sqrt(np.finfo(float).eps) * (1 + float(norm(p)))

    def times(v: Array) -> Array:
        return np.asarray((gradient(p + h * v) - first) / h)

    start = np.random.default_rng(0).standard_normal(len(p))  # all sites draw the same
    return lanczos(times, start, steps)


def lanczos(times: Gradient, start: Array, steps: int) -> Bends:
    """Lanczos' method with full orthogonalisation, for a symmetric H given as v ↦ H·v; at most D steps.

    >>> found = lanczos(lambda v: np.array([-3.0, 1.0, 2.0]) * v, np.ones(3), 3)
    >>> found.values.round(6).tolist()
    [-3.0, 1.0, 2.0]
    """
    basis = np.zeros((0, len(start)))
    diagonal: list[float] = []
    beside: list[float] = []
    v, rest = start / norm(start), 0.0
    for _ in range(min(steps, len(start))):
        basis = np.vstack([basis, v])
        w = times(v)
        diagonal.append(float(w @ v))
        for _ in range(2):  # twice is enough
            w = w - basis.T @ (basis @ w)
        rest = float(norm(w))
        beside.append(rest)
        if rest <= 1e-10 * max(map(abs, diagonal)):
            break
        v = w / rest
    T = np.diag(diagonal) + np.diag(beside[:-1], 1) + np.diag(beside[:-1], -1)
    values, vectors = np.linalg.eigh(T)
    return Bends(values, rest * np.abs(vectors[-1]), vectors.T @ basis)


class Bowl(NamedTuple):
    """q(X) = ½ρ‖X‖² + ½ Σ_j c_j (v_j·X)²: ρ, the c (r,) and the unit vectors v (r, D)."""

    rest: float
    weights: Array
    directions: Array

    def __call__(self, X: Array) -> Any:
        """q of each row of X (..., D) -> (...)."""
        q = self.rest * squared_norm(X)
        for c, v in zip(self.weights, self.directions, strict=True):
            q = q + c * dot(X, v) ** 2
        return q / 2


def round_bowl(curvature: float, D: int) -> Bowl:
    """The isotropic one: ½λ‖X‖²."""
    return Bowl(curvature, np.zeros(0), np.zeros((0, D)))


def bowl(found: Bends, side: int, margin: float, few: int) -> Bowl:
    """What makes `side`·f convex (side 1 or −1), with up to `few` directions of their own.

    An eigenvalue θ of side·H asks for c = margin · max(0, −θ + its error).  The largest demands get their own
    directions, and the next one is the rest's.
    """
    demands = margin * np.maximum(0, found.errors - side * found.values)
    order = np.argsort(-demands, kind="stable")
    own = order[:few]
    rest = float(demands[order[few]]) if few < len(order) else 0.0
    return Bowl(rest, demands[own] - rest, found.directions[own])
