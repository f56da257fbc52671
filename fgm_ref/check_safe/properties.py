"""What a safe function must be, as properties that one `Case` can break.

Each property measures two numbers, left and right, and claims left ≤ right.  A case in which left is the larger
by more than rounding explains is a counterexample; `search.py` looks for them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from fgm_ref.arrays import Array, norm
from fgm_ref.safe.function import Maker, Round, SafeFunction


@dataclass(frozen=True, eq=False)
class Case:
    """One situation: reference E (D,), radius R, drifts X (n, D); for a moving φ also the progress g (D,) per step
    that it expects, and how many steps each site has made, own (n,).
    """

    E: Array
    R: float
    X: Array
    g: Array
    own: Array

    def zone(self, make: Maker, rows: int | None = None) -> SafeFunction:
        """The safe function, moved to where it is now; with `rows`, all rows belong to one and the same site."""
        zone = make(self.E.copy(), self.R)
        if not zone.stands_still:
            t = int(self.own.max(initial=0))
            zone.begin(Round(ended=1, g=self.g.copy()))
            zone.advance(t, self.own if rows is None else np.full(rows, t))
        return zone

    @property
    def scale(self) -> float:
        """What rounding errors are measured against."""
        return (
            1
            + self.R
            + float(norm(self.E))
            + float(norm(self.X).max(initial=0))
            + float(norm(self.g))
        )


class Numbers(NamedTuple):
    """The two sides of a claim: left ≤ right."""

    left: float
    right: float


class Property(NamedTuple):
    """A claim about every case.  `rows` drifts are needed (0: any number); `tolerance` is for rounding."""

    name: str
    claim: str
    rows: int
    measure: Callable[[Maker, Case], Numbers]
    tolerance: float = 1e-7

    def margin(self, make: Maker, case: Case) -> float:
        """By how much the claim is broken; 0 or less if it is not, or if φ cannot be evaluated."""
        try:
            left, right = self.measure(make, case)
        except Exception:
            return float(self.measure is runs)
        return -np.inf if np.isnan(left) else left - right - self.tolerance * case.scale**2


def runs(make: Maker, case: Case) -> Numbers:
    """Raises what φ or its maker raises."""
    zone = case.zone(make)
    zone(case.X)
    zone.excess(case.X)
    return Numbers(0, 0)


def zero(make: Maker, case: Case) -> Numbers:
    """φ(0) against 0."""
    return Numbers(make(case.E.copy(), case.R).at_zero, 0)


def finite(make: Maker, case: Case) -> Numbers:
    """How many values are infinite or NaN."""
    values = [*np.ravel(case.zone(make)(case.X.copy())), make(case.E.copy(), case.R).at_zero]
    return Numbers(float((~np.isfinite(values)).sum()), 0)


def batched(make: Maker, case: Case) -> Numbers:
    """One call for all rows against one call each; infinite if the shape is wrong."""
    zone, X = case.zone(make), case.X
    together = np.asarray(zone(X.copy()))
    one_by_one = (
        np.asarray(zone(X[None].copy()))[0]
        if not zone.stands_still
        else np.array([zone(x.copy()) for x in X])
    )
    if together.shape != (len(X),) or one_by_one.shape != (len(X),):
        return Numbers(np.inf, 0)
    return Numbers(float(np.abs(together - one_by_one).max()), 0)


def pure(make: Maker, case: Case) -> Numbers:
    """The largest change: of the drifts, of E, of φ asked a second time or once other zones have been made."""
    zone, X = case.zone(make), case.X.copy()
    first = np.asarray(zone(X)).copy()
    changes = [np.abs(X - case.X).max(), np.abs(zone.E - case.E).max()]
    X = case.X.copy()
    zone.excess(X)
    changes += [np.abs(X - case.X).max(), np.abs(np.asarray(zone(case.X.copy())) - first).max()]
    make(3 * case.E + 1, 2 * case.R)(case.X[0].copy())
    return Numbers(float(max(*changes, np.abs(np.asarray(zone(case.X.copy())) - first).max())), 0)


def safe(make: Maker, case: Case) -> Numbers:
    """How far the true state is outside, if the sites keep quiet: Σ φ(X_i) ≤ 0."""
    zone = case.zone(make)
    quiet = float(np.sum(zone(case.X.copy()))) <= 0
    return Numbers(float(zone.excess(case.X.copy())) if quiet else -np.inf, 0)


def convex(make: Maker, case: Case) -> Numbers:
    """φ half way between two drifts, against the mean of φ at both."""
    values = case.zone(make, 3)(np.concatenate([case.X, case.X.mean(axis=0, keepdims=True)]))
    return Numbers(float(values[2]), float(values[:2].mean()))


def lipschitz(make: Maker, case: Case) -> Numbers:
    """How much φ differs between two drifts, against their distance times the claimed constant."""
    zone = case.zone(make, 2)
    if zone.lipschitz is None:
        return Numbers(0, 0)
    values = zone(case.X.copy())
    return Numbers(
        float(abs(values[0] - values[1])), zone.lipschitz * float(norm(case.X[0] - case.X[1]))
    )


def eikonal(make: Maker, case: Case) -> Numbers:
    """How far ‖∇φ‖ is from 1, by finite differences; 0 at a kink, where there is no gradient."""
    x, D = case.X[0], len(case.E)
    zone = case.zone(make, 2 * D + 1)
    if not zone.eikonal:
        return Numbers(0, 0)
    h = 1e-6 * case.scale
    values = zone(np.concatenate([[x], x + h * np.eye(D), x - h * np.eye(D)]))
    ahead, behind = (values[1 : D + 1] - values[0]) / h, (values[0] - values[D + 1 :]) / h
    kink = np.abs(ahead - behind).max() > 1e-3
    return Numbers(0 if kink else float(abs(norm((ahead + behind) / 2) - 1)), 0)


PROPERTIES: dict[str, Property] = {
    p.name: p
    for p in (
        Property("runs", "φ and excess can be evaluated", 0, runs),
        Property("zero", "φ(0) < 0: there is some slack when a round starts", 1, zero, -1e-12),
        Property("finite", "every φ(X) is a finite number", 0, finite),
        Property("batched", "φ of a stack of drifts is φ of each of them", 0, batched),
        Property(
            "pure", "asking changes nothing, and the same question has the same answer", 0, pure
        ),
        Property("safe", "Σ φ(X_i) ≤ 0 implies that the true state is admissible", 0, safe),
        Property("convex", "φ((X+Y)/2) ≤ (φ(X) + φ(Y))/2", 2, convex),
        Property("lipschitz", "|φ(X) − φ(Y)| ≤ lipschitz · ‖X − Y‖, as claimed", 2, lipschitz),
        Property("eikonal", "‖∇φ‖ = 1 almost everywhere, as claimed", 1, eikonal, 1e-3),
    )
}
"""By name.  With an early one broken, a later one may be broken only as its consequence."""
