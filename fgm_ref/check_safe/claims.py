"""What a safe function says of itself: how steep it is, where it is lowest, whether it moves or is private."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fgm_ref.arrays import Array, norm
from fgm_ref.check_safe.case import Case, phi
from fgm_ref.check_safe.judge import BROKEN, NOT_CLAIMED, Numbers, size
from fgm_ref.check_safe.memory import answers, worst
from fgm_ref.check_safe.origin import written
from fgm_ref.safe.function import SafeFunction

KINK = 1e-3
"""With slopes that differ by more on both sides of a point, there is no gradient."""


def lipschitz(case: Case) -> Numbers:
    """How much φ differs between two drifts, against their distance times the claimed constant."""
    zone = case.zone(2)
    if zone.lipschitz is None:
        return NOT_CLAIMED
    if not zone.lipschitz >= 0:
        return BROKEN
    x, y = phi(zone, case.X)
    distance = float(norm(case.X[0] - case.X[1]))
    scale = size(x, y, zone.at_zero)
    return Numbers(abs(x - y), zone.lipschitz * distance, scale)


def slopes(zone: SafeFunction, X: Array, h: float) -> tuple[Array, Array]:
    """The slopes of φ along every axis, ahead of each row and behind it, by differences over h: (n, D) each."""
    n, D = X.shape
    axes = h * np.eye(D, dtype=X.dtype)
    middle = X[:, None]
    points = np.concatenate([middle, middle + axes, middle - axes], axis=1)
    values = phi(zone, points.reshape(-1, D))
    here, up, down = np.split(values.reshape(n, -1), [1, D + 1], axis=1)
    return (up - here) / h, (here - down) / h


def points(n: int, D: int) -> int:
    """How many drifts `slopes` asks about."""
    return n * (2 * D + 1)


def width(case: Case) -> float:
    """The h of differences: small beside all lengths, and large beside rounding."""
    vectors = np.vstack([case.E, case.X, case.g])
    longest = float(norm(vectors).max())
    share = 3 * float(case.eps**0.375)
    return share * max(case.R, longest)


def eikonal(case: Case) -> Numbers:
    """How far ‖∇φ‖ is from 1.  Not at a kink, where there is no gradient; in double precision only."""
    zone = case.zone(points(1, case.D))
    if not zone.eikonal or case.E.dtype != np.float64:
        return NOT_CLAIMED
    (off,) = off_one(zone, case.X[:1], width(case))
    return Numbers(off, 0)


def off_one(zone: SafeFunction, X: Array, h: float) -> Array:
    """How far ‖∇φ‖ is from 1 at each row of X (n, D); −∞ at a kink."""
    ahead, behind = slopes(zone, X, h)
    turn = np.abs(ahead - behind).max(axis=1)
    length = norm((ahead + behind) / 2)
    off = np.abs(length - 1)
    return np.where(turn > KINK, -np.inf, off)


def lowest_at_zero(case: Case) -> Numbers:
    """φ(0) against φ(X); only when the round starts, if the claim is older than the movement."""
    zone = case.begun()
    if not zone.lowest_at_zero:
        return NOT_CLAIMED
    return lowest(replace(case, t=0, own=0 * case.own) if older_claim(zone) else case)


def inherited_lowest(case: Case) -> Numbers:
    """The same at any time, if the claim is older than the movement."""
    return lowest(case) if older_claim(case.begun()) else NOT_CLAIMED


def lowest(case: Case) -> Numbers:
    """φ(0) against φ(X) now."""
    X = np.stack([0 * case.X[0], case.X[0]])
    home, here = phi(case.zone(2), X)
    return Numbers(home, here, size(home, here))


def older_claim(zone: SafeFunction) -> bool:
    """Whether a φ that moves has `lowest_at_zero` from a class that stands still, and so perhaps by mistake."""
    if not zone.moves or not zone.lowest_at_zero:
        return False
    moves = min(written(zone, "moves"), written(zone, "moving"))
    return written(zone, "lowest_at_zero") > moves


def stands_still(case: Case) -> Numbers:
    """How much changes with the time, if φ does not move, and with the last round, if it is not private."""
    return Numbers(max(undeclared(case).values()), 0)


def undeclared(case: Case) -> dict[str, float]:
    """How much changes with the time, or with the last round, by the claim that would say so; 0 if it is made."""
    zone = case.zone()
    told = answers(zone, case.X)
    found = {"private": 0.0, "moves": 0.0}
    if not zone.private:
        untold = replace(case, ended=0)
        found["private"] = worst(told, answers(untold.zone(), case.X))
    if not zone.moves:
        zone.advance(case.time, case.own.copy())
        found["moves"] = worst(told, answers(zone, case.X))
    return found
