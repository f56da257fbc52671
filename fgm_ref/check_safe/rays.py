"""Stacks of drifts, stretched together until Σ φ(X_i) ≤ 0 no longer holds."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.check_safe.case import Case, excess, phi
from fgm_ref.safe.function import SafeFunction

STRETCHES = 2.0 ** np.arange(-4, 10)

IsQuiet = Callable[[Array], Array]
"""Which rays are quiet when each is stretched by its own factor: (m,) -> (m,)."""

EVERY = 3
"""Of the stretches, every third is looked at as well."""


def origin(zone: SafeFunction, case: Case) -> Array:
    """Where the drifts are that a zone expects: 0, or along the way with the others (n, D)."""
    if zone.moves and case.ended:
        return np.outer(case.own, case.g)
    return np.zeros_like(case.X)


def totals(zone: SafeFunction, stacks: Array) -> Array:
    """Σ φ(X_i) of each stack: (m, k, D) -> (m,)."""
    m, k, D = stacks.shape
    if not zone.moves:
        values = phi(zone, stacks.reshape(m * k, D))
        return np.asarray(values.reshape(m, k).sum(axis=1))
    values = phi(zone, stacks)  # row i belongs to site i
    if values.shape != (m, k):
        values = np.array([phi(zone, stack) for stack in stacks])
    return np.asarray(values.sum(axis=1))


def outermost(case: Case, rays: Array) -> tuple[Array, int]:
    """Of all quiet stacks along some rays (m, k, D), the one that is farthest outside; and how many there were."""
    zone = case.zone()
    stacks = quiet_stacks(zone, case, rays)
    if not len(stacks):
        return case.X, len(rays)
    outside = [excess(zone, stack) for stack in stacks]
    worst = int(np.nanargmax(outside))
    return stacks[worst], len(stacks)


def quiet_stacks(zone: SafeFunction, case: Case, rays: Array) -> Array:
    """Along each ray some stacks with Σ φ(X_i) ≤ 0, and the last one of them: (m, k, D)."""
    middle = origin(zone, case)

    def at(t: Array) -> Array:
        return case.typed(middle + t[:, None, None] * rays)

    def is_quiet(t: Array) -> Array:
        return totals(zone, at(t)) <= 0

    grid = np.outer(STRETCHES, np.ones(len(rays)))
    quiet = np.array([is_quiet(t) for t in grid])
    ends = last_quiet(is_quiet, quiet, case.eps)
    found = [at(ends)[ends > 0]]
    for i in range(0, len(grid), EVERY):
        stretched = at(grid[i])
        found.append(stretched[quiet[i]])
    return np.concatenate(found)


def last_quiet(is_quiet: IsQuiet, quiet: Array, eps: float) -> Array:
    """How far each ray may be stretched, by bisection behind the last stretch that is quiet; 0 if none is."""
    back = np.argmax(quiet[::-1], axis=0)
    last = STRETCHES[::-1][back]
    low = np.where(quiet.any(axis=0), last, 0.0)
    high = 2 * low
    bits = int(-np.log2(eps))
    for _ in range(bits - 4):
        half = (low + high) / 2
        inside = is_quiet(half)
        low = np.where(inside, half, low)
        high = np.where(inside, high, half)
    return np.asarray(low * (1 - 16 * eps))
