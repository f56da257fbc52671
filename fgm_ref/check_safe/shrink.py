"""Smaller counterexamples: fewer sites, fewer dimensions, rounder numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import numpy as np

from fgm_ref.arrays import norm
from fgm_ref.check_safe.properties import Case, Property
from fgm_ref.safe.function import Maker

CLEARLY = 0.05  # a counterexample that rounding could explain convinces nobody


def shrink(p: Property, make: Maker, case: Case, least: int = 1) -> Case:
    """The smallest case found that still breaks `p` clearly, of no fewer than `least` dimensions."""
    enough = min(p.margin(make, case) / 2, CLEARLY)
    for small in tiny(p, case, least):
        if p.margin(make, small) >= enough:
            return small
    improved = True
    while improved:
        improved = False
        for other in simpler(p, case, least):
            if cost(other) < cost(case) and other.E.any() and p.margin(make, other) >= enough:
                case, improved = other, True
                break
    return replace(case, E=case.E + 0.0, X=case.X + 0.0, g=case.g + 0.0)  # no −0


def tiny(p: Property, case: Case, least: int) -> Iterator[Case]:
    """The cases with hardly any numbers in them, all small and round, from the smallest up."""
    moving = (False, True) if case.g.any() and case.own.any() else (False,)
    for n in [p.rows] if p.rows else range(1, len(case.X) + 1):
        for D in range(least, max(least, min(2, len(case.E))) + 1):
            if n * D > 4:
                continue
            values = (0.0, 1.0, -1.0, 2.0, -2.0, 1.5, -1.5, 0.5, -0.5)[: 9 if n * D < 4 else 5]
            stacks = sorted(
                product(values, repeat=n * D), key=lambda x: (sum(map(abs, x)), -sum(x))
            )
            unit = np.eye(D)[0]
            for moves, (length, R), x in product(
                moving, ((1, 1.0), (2, 1.0), (1, 2.0), (1, 0.5), (1, 0.25)), stacks
            ):
                yield Case(
                    length * unit, R, np.reshape(x, (n, D)), moves * unit, moves * np.arange(n)
                )


def cost(case: Case) -> float:
    """How long a case is to write down; a site more is worse than any digits."""
    numbers = np.concatenate([case.E, [case.R], case.X.ravel(), case.g, case.own])
    digits = sum(len(f"{abs(v):.6g}") if v else 0 for v in numbers)
    return (
        1000 * len(case.X)
        + 100 * len(case.E)
        + digits
        + 0.1 * float((numbers < 0).sum())
        + 0.5 * (case.R != 1)
    )


def simpler(p: Property, case: Case, least: int) -> Iterator[Case]:
    """Candidates, the boldest first."""
    n, D = case.X.shape
    for i in range(n if p.rows == 0 and n > 1 else 0):
        yield replace(case, X=np.delete(case.X, i, axis=0), own=np.delete(case.own, i))
    for d in range(D if least < D else 0):
        E, X, g = (np.delete(a, d, axis=-1) for a in (case.E, case.X, case.g))
        yield replace(case, E=E, X=X, g=g)
    yield replace(case, g=0 * case.g, own=0 * case.own)
    unit = np.eye(D)[0]
    yield replace(case, E=unit, R=1.0)
    for a in (case.R, float(norm(case.E))):  # everything a times as short
        yield replace(case, E=case.E / a, R=case.R / a, X=case.X / a, g=case.g / a)
    yield replace(case, E=unit * round(float(norm(case.E))))
    for digits in (0, 1, 2):
        yield replace(
            case,
            E=case.E.round(digits),
            X=case.X.round(digits),
            R=round(case.R, digits) or case.R,
            g=case.g.round(digits),
        )
        yield replace(case, R=round(case.R, digits) or case.R)
        for name in ("E", "g", "X", "own"):
            yield from rounder(case, name, digits)


def rounder(case: Case, name: str, digits: int) -> Iterator[Case]:
    """One array, or one number of it, set to 0, rounded, or cut."""
    array = getattr(case, name)
    power = 10**digits
    for new in (0 * array, array.round(digits), np.trunc(array * power) / power):
        yield replace(case, **{name: new})
        for place in np.argwhere(array != new):
            one = array.copy()
            one[tuple(place)] = new[tuple(place)]
            yield replace(case, **{name: one})
