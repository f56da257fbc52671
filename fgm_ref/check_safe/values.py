"""Properties of φ: that it can be asked, what kind of numbers it answers, that it is convex."""

from __future__ import annotations

from typing import Any

import numpy as np

from fgm_ref.arrays import Array, norm
from fgm_ref.check_safe import judge
from fgm_ref.check_safe.case import Case, excess, phi
from fgm_ref.check_safe.judge import Numbers, apart, size, yes_or_no
from fgm_ref.safe.function import SafeFunction

FAR = 20
"""Further out, in radii, a steep φ may be too large for a number."""

LAMBDAS = (0.05, 0.5, 0.99, 1.0)

MANY = 40
"""A stack may be so many times as high."""


def runs(case: Case) -> Numbers:
    """Raises what φ, its maker or one of its methods raises."""
    zone = case.zone()
    phi(zone, case.X)
    excess(zone, case.X)
    float(zone.reach(case.X.copy()))
    float(zone.at_zero)
    zone.perspective(0.5)(case.X.copy())
    return yes_or_no(False)


def zero(case: Case) -> Numbers:
    """φ(0) against 0, when the round starts; and against what `at_zero` says."""
    zone = case.begun()
    value = float(phi(zone, 0 * case.E))
    said = float(zone.at_zero)
    rounding = judge.ROUNDING * case.eps
    if abs(value - said) > rounding * size(value, said):
        return judge.BROKEN
    return yes_or_no(value >= 0)


def finite(case: Case) -> Numbers:
    """How many values are no number, or infinite (which is allowed to be +∞ far outside)."""
    zone = case.zone()
    near = norm(case.X) <= FAR * case.R
    odd = strange(phi(zone, case.X), near)
    odd += strange(excess(zone, case.X), near.all())
    odd += strange(zone.at_zero, True)
    return Numbers(odd, 0)


def strange(values: Any, near: Any) -> int:
    """How many values are no number, −∞, or +∞ where they are near."""
    allowed = np.greater(values, 0) & np.logical_not(near)
    return int(np.sum(~(np.isfinite(values) | allowed)))


def precise(case: Case) -> Numbers:
    """Whether the answer is no array of floats, or one of less than single precision."""
    zone = case.zone()
    answer = np.asarray(zone(case.X.copy()))
    kind = answer.dtype
    return yes_or_no(kind.kind != "f" or kind.itemsize < 4)


def batched(case: Case) -> Numbers:
    """All rows at once against each by itself, and in other arrangements."""
    zone = case.zone()
    together = phi(zone, case.X)
    if together.shape != (len(case.X),):
        return judge.BROKEN
    arrangements = of_sites if zone.moves else of_rows
    answers = arrangements(case, zone, together)
    answers.append((ask(zone, np.asfortranarray(case.X)), together))
    largest = max(apart(*pair) for pair in answers)
    return Numbers(largest, 0, size(together, zone.at_zero))


def of_rows(case: Case, zone: SafeFunction, together: Array) -> list[Any]:
    """(answer, expected) where each row is as good as any other."""
    n = len(case.X)
    which: list[Any] = [slice(None, None, -1)]  # the last first
    which.append(np.tile(np.arange(n), MANY))  # a high stack
    for i in range(n):
        which.append(i)  # a single drift (D,)
        which.append(slice(i, i + 1))
        which.append(slice(i, None))
    return [(ask(zone, case.X[rows]), together[rows]) for rows in which]


def of_sites(case: Case, zone: SafeFunction, together: Array) -> list[Any]:
    """(answer, expected) where each row belongs to a site, with its own steps."""
    answers = [(ask(zone, case.X[None]), together[None])]
    for i in range(len(together)):
        one = slice(i, i + 1)
        alone = case.sites(one)
        said = ask(alone.zone(), alone.X)
        answers.append((said, together[one]))
    return answers


def ask(zone: SafeFunction, X: Array) -> Array:
    """φ(X); of a shape that nobody expects, if it cannot be evaluated."""
    try:
        return phi(zone, X)
    except Exception:
        return np.empty((0, 0, 0))


def nobody(case: Case) -> Numbers:
    """Whether φ cannot be asked about no drifts at all."""
    zone = case.zone()
    if zone.moves:
        return judge.NOT_CLAIMED
    answer = ask(zone, case.X[:0])
    return yes_or_no(answer.shape != (0,))


def convex(case: Case) -> Numbers:
    """φ half way between two drifts, against the mean of φ at both."""
    half_way = case.X.mean(axis=0)
    zone = case.zone(3)
    X = np.vstack([case.X, half_way])
    x, y, middle = phi(zone, X)
    scale = size(x, y, middle, zone.at_zero)
    return Numbers(middle, (x + y) / 2, scale)


def perspective(case: Case) -> Numbers:
    """What `perspective` says, against λ φ(X/λ)."""
    zone = case.zone()
    found = [at_lambda(zone, case, λ) for λ in LAMBDAS]
    return max(found, key=lambda numbers: numbers.left / (numbers.scale or 1))


def at_lambda(zone: SafeFunction, case: Case, λ: float) -> Numbers:
    """How far `perspective` is from λ φ(X/λ), at one λ."""
    X = case.typed(case.X / λ)
    expected = λ * phi(zone, X)
    said = zone.perspective(λ)(case.X.copy())
    scale = size(expected, zone.at_zero)
    return Numbers(apart(said, expected), 0, scale)
