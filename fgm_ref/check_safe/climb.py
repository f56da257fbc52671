"""Two optimisers that look for a case which breaks a property; SciPy is loaded only here."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.check_safe.case import Case, excess, phi
from fgm_ref.check_safe.draws import Rng
from fgm_ref.check_safe.judge import Property
from fgm_ref.check_safe.rays import origin

BACK = (0, 1e-14, 1e-6, 1e-3, 0.03)
"""Where it ends may be a little too far; these shares back may not be."""


def climb_in_zone(case: Case, rng: Rng) -> Iterator[Case]:
    """Carry the drifts as far outside as Σ φ(X_i) ≤ 0 permits (sequential least squares)."""
    from scipy.optimize import minimize  # type: ignore[import-untyped]

    zone = case.zone()
    start = origin(zone, case)
    unit = abs(excess(zone, 0 * case.X)) or 1.0

    def stack(x: Array) -> Array:
        return case.typed(start + case.R * x.reshape(start.shape))

    def inwards(x: Array) -> float:
        return -excess(zone, stack(x)) / unit

    def slack(x: Array) -> float:
        total = phi(zone, stack(x)).sum()
        return float(total) / zone.at_zero

    found = minimize(
        inwards,
        0.1 * rng.normal(size=start.size),
        method="SLSQP",
        constraints={"type": "ineq", "fun": slack},
        options={"maxiter": 30},
    )
    for share in BACK:
        yield case.at(stack((1 - share) * found.x))


def climb(case: Case, rng: Rng, p: Property) -> Case:
    """Make a claim's left side as large as it can be against the right one (Nelder and Mead)."""
    from scipy.optimize import minimize

    def moved(x: Array) -> Case:
        steps = case.R * x.reshape(case.X.shape)
        return case.at(case.X + steps)

    def unbroken(x: Array) -> float:
        left, right, scale = p.measure(moved(x))
        return float(right - left) / scale

    n = case.X.size
    corners = 0.01 * rng.normal(size=(n + 1, n))
    found = minimize(
        unbroken,
        np.zeros(n),
        method="Nelder-Mead",
        options={"maxfev": 120, "initial_simplex": corners},
    )
    return moved(found.x)
