"""What a safe function says of itself: how steep it is, where it is lowest, whether it moves or is private."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fgm_ref.arrays import Array, norm
from fgm_ref.check_safe.case import Case, phi
from fgm_ref.check_safe.judge import BROKEN, NOT_CLAIMED, Numbers, size
from fgm_ref.check_safe.memory import answers, worst
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
    steps = h * np.vstack([np.zeros(D), np.eye(D), -np.eye(D)])
    points = X[:, None] + steps.astype(X.dtype)
    values = phi(zone, points.reshape(-1, D))
    here, *others = values.reshape(n, -1).T
    there = np.transpose(others)
    ahead = there[:, :D] - here[:, None]
    behind = here[:, None] - there[:, D:]
    return ahead / h, behind / h


def points(n: int, D: int) -> int:
    """How many drifts `slopes` asks about."""
    return n * (2 * D + 1)


def width(case: Case) -> float:
    """The h of differences: small beside all lengths, and large beside rounding."""
    lengths = norm(np.vstack([case.E, case.X, case.g]))
    largest = max(case.R, float(lengths.max()))
    share = 3 * float(case.eps**0.375)
    return share * largest


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
    return np.where(turn > KINK, -np.inf, np.abs(length - 1))


def lowest_at_zero(case: Case) -> Numbers:
    """φ(0) against φ(X), when the round starts."""
    zone = case.begun()
    if not zone.lowest_at_zero:
        return NOT_CLAIMED
    home = zone.at_zero
    here = float(phi(zone, case.X[0]))
    return Numbers(home, here, size(here, home))


def stands_still(case: Case) -> Numbers:
    """How much changes with the time, if φ does not move, and with the last round, if it is not private."""
    zone = case.zone()
    told = answers(zone, case.X)
    changes = [0.0]
    if not zone.private:
        untold = replace(case, ended=0)
        changes.append(worst(told, answers(untold.zone(), case.X)))
    if not zone.moves:
        zone.advance(case.time, case.own.copy())
        changes.append(worst(told, answers(zone, case.X)))
    return Numbers(max(changes), 0)
