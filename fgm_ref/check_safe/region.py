"""Properties of the region: quiet sites are in it, and `excess` and `reach` say where it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from fgm_ref.arrays import Array, norm
from fgm_ref.check_safe.case import Case, excess, phi
from fgm_ref.check_safe.draws import SITES
from fgm_ref.check_safe.judge import NOT_CLAIMED, Numbers, size, yes_or_no
from fgm_ref.check_safe.origin import written
from fgm_ref.safe.composed import Composite
from fgm_ref.safe.function import SafeFunction

FURTHER = (0.5, 0.9, 1.05, 1.1, 1.2, 1.4, 1.7, 2.5, 4.0)
"""How far all sites go together, in radii."""

FAR = (10, 1000)
"""How far they go to be outside, in units of R + ‖E‖."""

FURTHER_OUT = (2, 5)
"""Where the size of `excess` is taken if it is 0 at home, in units of X."""

STEP = 0.3
SHORTER = (1, 0.5, 0.2, 0.05, 0)
"""How long a step is, and where it may start, in units of X."""


def safe(case: Case) -> Numbers:
    """How far the true state is outside, if the sites keep quiet: Σ φ(X_i) ≤ 0."""
    zone = case.zone()
    total = phi(zone, case.X).sum()
    if not total <= 0:
        return NOT_CLAIMED
    outside = excess(zone, case.X)
    if outside <= 0:
        return Numbers(outside, 0)
    return Numbers(outside, 0, size_of_excess(zone, case.X))


def size_of_excess(zone: SafeFunction, X: Array) -> float:
    """How large `excess` is at home and where the sites are; or further out, if it does not go below 0."""
    home = excess(zone, 0 * X)
    here = excess(zone, X)
    if home < 0:
        return size(home, here)
    return size(here, *(excess(zone, stretch * X) for stretch in FURTHER_OUT))


def numbering(case: Case) -> Numbers:
    """How much `excess` changes when the sites are numbered the other way round."""
    zone = case.zone()
    backwards = case.sites(slice(None, None, -1))
    one = excess(zone, case.X)
    other = excess(backwards.zone(), backwards.X)
    scale = size_of_excess(zone, case.X)
    return Numbers(abs(one - other), 0, scale)


def crowd(case: Case) -> Numbers:
    """Whether many sites that all stand at one place are outside, and fewer at the same place are not.

    As the promise is the same for any number of sites, so is what is promised.
    """
    length = float(norm(case.X[0]))
    if not length > 0:
        return NOT_CLAIMED
    unit = case.X[0] * (case.R / length)
    places = np.outer(FURTHER, unit)
    fewer = are_outside(case, 1, places)
    for k in SITES[1:]:
        more = are_outside(case, k, places)
        if (more & ~fewer).any():
            return yes_or_no(True)
        fewer |= more
    return yes_or_no(False)


def layers(case: Case) -> Numbers:
    """Whether sites that all stand at one place are outside when no layers are known, and inside with the layers.

    Perhaps each layer was given the whole radius by mistake; but another shape of region may be what is wanted.
    """
    if not case.blocks or not case.X[0].any():
        return NOT_CLAIMED
    units = np.array(list(balanced(case)))
    places = np.concatenate([far * case.R * units for far in FURTHER])
    whole = are_outside(replace(case, blocks=()), 1, places)
    within = are_outside(case, 1, places, 0)
    return yes_or_no((whole & ~within).any())


def balanced(case: Case) -> Iterator[Array]:
    """The direction of the first drift (D,), and others in which each layer has its part."""
    x = case.X[0] / norm(case.X[0])
    signs = np.where(x < 0, -1, 1)
    yield x
    yield signs / np.sqrt(case.D)
    equal = np.zeros(case.D)
    for block in case.blocks:
        equal[block] = signs[block] / norm(signs[block])
    yield equal / norm(equal)


def are_outside(
    case: Case,
    k: int,
    places: Array,
    clearly: float = 1e-3,
) -> Array:
    """Whether k sites, all at one of the places (m, D), are clearly outside by `excess`: (m,)."""
    many = case.sites(np.zeros(k, int))
    zone = many.zone()
    home = abs(excess(zone, 0 * many.X))
    values = []
    for place in places:
        crowded = many.at(np.tile(place, (k, 1)))
        values.append(excess(zone, crowded.X))
    return np.array(values) > clearly * home


def outside(case: Case) -> Numbers:
    """Whether `excess` is nowhere above 0, however far the sites go."""
    zone = case.zone(2)
    somewhere = any(excess(zone, X) > 0 for X in far_away(case))
    return yes_or_no(not somewhere)


def far_away(case: Case) -> Iterator[Array]:
    """Two sites far away, together or on opposite sides."""
    unit = case.R + float(norm(case.E))
    ways = [case.X, case.E, np.eye(case.D)]
    for row in np.vstack(ways):
        length = float(norm(row)) or 1.0
        for far in FAR:
            x = case.typed(row * (far * unit / length))
            yield np.stack([x, x])
            yield np.stack([-x, -x])
            yield np.stack([x, -x])


def reach(case: Case) -> Numbers:
    """How far one step takes the true state outside from within, against a `reach` that was written for it."""
    zone = case.begun()
    return step(zone, case) if own_reach(zone) else NOT_CLAIMED


def inherited_reach(case: Case) -> Numbers:
    """The same, against a `reach` that nobody has thought of."""
    zone = case.begun()
    return NOT_CLAIMED if own_reach(zone) else step(zone, case)


def step(zone: SafeFunction, case: Case) -> Numbers:
    """How far a step of 0.3 X takes the true state outside from within, against what `reach` says."""
    before = max(0, case.time - 1)
    advance(zone, case, before)
    starts = [case.at(case.X * share).X for share in SHORTER]
    inside = [X for X in starts if excess(zone, X) <= 0]
    if not inside:
        return NOT_CLAIMED
    advance(zone, case, case.time)
    steps = case.at(case.X[::-1] * STEP).X
    said = float(zone.reach(steps.copy()))
    after = excess(zone, inside[0] + steps)
    scale = size(said, size_of_excess(zone, case.X))
    return Numbers(after, said, scale)


def advance(zone: SafeFunction, case: Case, t: int) -> None:
    """Tell a φ that moves that t steps have passed."""
    if zone.moves and t > 0:
        zone.advance(t, case.own * t // case.time)


def own_reach(zone: SafeFunction) -> bool:
    """Whether `reach` was written for this `excess`, by whoever wrote that or later."""
    if isinstance(zone, Composite):
        return all(own_reach(part) for part in zone.parts)
    return written(zone, "reach") <= written(zone, "excess")
