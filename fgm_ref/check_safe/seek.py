"""Where a property may be broken: random cases, the zone's boundary, lines, steep slopes, and where optimisers end.

Each method evaluates many situations in one call of φ and proposes the worst of them; `judge.py` decides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from fgm_ref.arrays import Array, norm
from fgm_ref.check_safe.case import Case, phi
from fgm_ref.check_safe.claims import off_one, points, slopes, width
from fgm_ref.check_safe.climb import climb, climb_in_zone
from fgm_ref.check_safe.draws import SITES, Rng, directions, draw, drifts
from fgm_ref.check_safe.judge import Property
from fgm_ref.check_safe.lines import on_the_edge, saggiest
from fgm_ref.check_safe.properties import CLAIMED, PROPERTIES
from fgm_ref.check_safe.rays import outermost
from fgm_ref.safe.function import Maker

Proposals = Iterator[tuple[Case, int]]
"""Cases, and how many situations each was chosen from."""

Method = Callable[[Case, Rng], Proposals]

FEW = 8
"""In more dimensions there are at most four sites, and no optimisers."""

FAR_OUT = 2.0 ** np.arange(1, 11)
OFTEN = 0.3
"""So many times a drift may be as long, and how often one is."""

RAYS = 16
DISTANCES = 10.0 ** np.arange(-4, 4)
STEPS = 2.0 ** np.arange(-10, 6)


class Sweep(NamedTuple):
    """One after the other, all properties are asked about in some number of dimensions, and in one precision.

    With `few` there are at most four sites.
    """

    number: int
    D: int
    dtype: Any
    few: bool = False


def propose(
    p: Property,
    make: Maker,
    rng: Rng,
    sweep: Sweep,
) -> Proposals:
    """Cases in which `p` may be broken; some are looked for in a few sweeps only."""
    if sweep.number % SELDOM.get(p.name, 1):
        return
    for method in methods(p, sweep.D):
        few = sweep.few or sweep.D > FEW or method in OPTIMISERS.values()
        sites = int(rng.choice(SITES[:4] if few else SITES))
        case = draw(rng, sweep.D, p.rows or sites, sweep.dtype).of(make)
        if p.name in CLAIMED and p.margin(make, case) == -np.inf:
            continue
        yield from guarded(method, case, rng)


def methods(p: Property, D: int) -> Iterator[Method]:
    """How to look for a case that breaks `p`, one after the other."""
    method, count = METHODS.get(p.name, (plain, 4))
    yield from [method] * count
    if p.name in OPTIMISERS and D <= FEW:
        yield OPTIMISERS[p.name]


def guarded(method: Method, case: Case, rng: Rng) -> Proposals:
    """What a method proposes; the case as it is, if φ raises (which the property `runs` is for)."""
    try:
        yield from method(case, rng)
    except Exception:
        yield case, 1


def plain(case: Case, rng: Rng) -> Proposals:
    """The case as it is."""
    yield case, 1


def boundary(case: Case, rng: Rng) -> Proposals:
    """Stretch many stacks, each to the last point at which Σ φ(X_i) ≤ 0."""
    rays = [case.X]
    for _ in range(RAYS):
        rays.append(drifts(rng, case.E, case.R, len(case.X)))
    X, many = outermost(case, np.stack(rays))
    yield case.at(X), many


def optimum(case: Case, rng: Rng) -> Proposals:
    """As far outside as an optimiser gets."""
    for found in climb_in_zone(case, rng):
        yield found, 1


def chords(case: Case, rng: Rng) -> Proposals:
    """Lines through a drift, at times one far out, and through one at which φ is about 0."""
    far = rng.choice(FAR_OUT) if rng.random() < OFTEN else 1
    yield saggiest(case, case.typed(far * case.X[0]), rng)
    yield saggiest(case, on_the_edge(case), rng)


def best_chord(case: Case, rng: Rng) -> Proposals:
    """One of these, made worse by an optimiser."""
    found, _ = saggiest(case, on_the_edge(case), rng)
    yield climb(found, rng, PROPERTIES["convex"]), 1


def uphill(case: Case, rng: Rng) -> Proposals:
    """Two drifts, one behind the other where φ rises most, at many distances."""
    x = case.X[:1]
    zone = case.zone(points(1, case.D))
    ahead, behind = slopes(zone, x, width(case))
    chord = case.X[1:2] - x
    for rise in (ahead, behind, ahead + behind, chord):
        length = float(norm(rise[0]))
        if length > 0:
            steps = np.outer(case.R * DISTANCES, rise / length)
            yield steepest(case, case.typed(x + steps)), len(steps)


def steepest(case: Case, Y: Array) -> Case:
    """The first drift, and the row of Y towards which φ rises most steeply."""
    x = case.X[0]
    zone = case.zone(len(Y) + 1)
    here, *there = phi(zone, np.vstack([x, Y]))
    slope = np.abs(there - here) / norm(Y - x)
    y = Y[int(np.nanargmax(slope))]
    return case.at(np.stack([x, y]))


def downhill(case: Case, rng: Rng) -> Proposals:
    """Away from 0 in many directions, and against the slope: where φ is lowest."""
    X = around_home(case, rng)
    values = phi(case.zone(len(X)), X)
    lowest = int(np.nanargmin(values))
    yield case.at(X[lowest, None]), len(X)


def around_home(case: Case, rng: Rng) -> Array:
    """Drifts (m, D) of many lengths in many directions, and along the slope at 0."""
    home = 0 * case.X[:1]
    zone = case.zone(points(1, case.D))
    ahead, behind = slopes(zone, home, width(case))
    ways = np.vstack([directions(case, rng), ahead, behind])
    lengths = np.maximum(norm(ways), 1e-12)
    units = ways / lengths[:, None]
    steps = case.R * np.append(STEPS, -STEPS)
    X = np.multiply.outer(steps, units)
    return case.typed(X.reshape(-1, case.D))


def slanting(case: Case, rng: Rng) -> Proposals:
    """Many drifts: where the length of the gradient differs most from 1."""
    some = [drifts(rng, case.E, case.R, 8) for _ in range(4)]
    X = case.typed(np.vstack(some))
    zone = case.zone(points(len(X), case.D))
    off = off_one(zone, X, width(case))
    worst = int(np.nanargmax(off))
    yield case.at(X[worst, None]), len(X)


METHODS: dict[str, tuple[Method, int]] = {
    "zero": (plain, 12),
    "batched": (plain, 5),
    "finite": (plain, 8),
    "tireless": (plain, 1),
    "memory": (plain, 3),
    "crowd": (plain, 2),
    "layers": (plain, 3),
    "outside": (plain, 1),
    "safe": (boundary, 6),
    "convex": (chords, 6),
    "lipschitz": (uphill, 6),
    "lowest": (downhill, 4),
    "inherited lowest": (downhill, 1),
    "eikonal": (slanting, 3),
}
"""How to look for a case that breaks a property, and how often in a sweep; the others take four plain cases."""

OPTIMISERS: dict[str, Method] = {"safe": optimum, "convex": best_chord}

SELDOM = {
    "tireless": 11,
    "crowd": 3,
    "outside": 2,
    "perspective": 2,
    "numbering": 2,
    "nobody": 4,
}
"""What is asked in every so many sweeps only."""
