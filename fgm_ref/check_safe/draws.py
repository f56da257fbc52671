"""Random cases, in all proportions, and directions in which something may happen."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np

from fgm_ref.arrays import Array, norm
from fgm_ref.check_safe.case import Case

Rng = np.random.Generator

SITES = (1, 2, 3, 4, 8, 33)
"""How many sites there may be."""

TIMES = (0, 1, 2, 3, 5, 9, 30, 300)
"""After how many steps of a round φ may be asked."""

ROUNDS = (1, 2, 3, 10, 100)
"""In which rounds."""

LENGTHS = (1, 2, 7, 100)
"""How many steps the last round may have had."""

RADII = ((-3.0, 1.4), (-4.6, -3.0), (-3.0, 3.0))
HOW_OFTEN = (0.75, 0.15, 0.1)
"""Between which exponents of e the radius is, in units of ‖E‖, and how often."""

LAYERS = 4
"""At most so many."""


def draw(
    rng: Rng,
    D: int,
    n: int,
    dtype: Any = float,
) -> Case:
    """A random case of n sites in D dimensions."""
    E = reference(rng, D)
    R = radius(rng, E)
    t = int(rng.choice(TIMES))
    g = progress(rng, E, R, t)
    own = rng.integers(0, t + 1, size=n)
    ended = int(rng.choice(ROUNDS)) - 1
    X = drifts(rng, E, R, n)
    if ended and rng.random() < 0.5:
        X = X + own[:, None] * g
    case = Case(
        E,
        R,
        X,
        g,
        own,
        t=t,
        ended=ended,
        last=int(rng.choice(LENGTHS)),
        blocks=layers(rng, D),
    )
    return case.cast(dtype)


def reference(rng: Rng, D: int) -> Array:
    """A reference model (D,): mostly any, sometimes along an axis or with zeros in it."""
    E = rng.normal(size=D)
    kind = rng.random()
    if kind < 0.1:
        E = axis(rng, D)
    elif kind < 0.2:
        E[1:] *= rng.random(D - 1) < 0.5
    length = np.exp(rng.uniform(-1.5, 1.5))
    return np.asarray(length * E)


def axis(rng: Rng, D: int) -> Array:
    """A unit vector along an axis (D,)."""
    return np.asarray(np.eye(D)[rng.integers(D)])


def radius(rng: Rng, E: Array) -> float:
    """From a twentieth of ‖E‖ to four times; sometimes from a hundredth, rarely to twenty times."""
    low, high = RADII[rng.choice(len(RADII), p=HOW_OFTEN)]
    share = np.exp(rng.uniform(low, high))
    return float(share * norm(E))


def progress(
    rng: Rng,
    E: Array,
    R: float,
    t: int,
) -> Array:
    """The mean step of the last round (D,), a few radii in t steps; sometimes 0, as of a model that came back."""
    if rng.random() < 0.1:
        return np.zeros_like(E)
    step = R * rng.uniform(0, 0.5) / max(1, t / 9)
    return np.asarray(step * rng.normal(size=len(E)))


def layers(rng: Rng, D: int) -> tuple[slice, ...]:
    """None, or the vector cut into a few pieces."""
    pieces = int(rng.integers(0, LAYERS + 1))
    if not 0 < pieces <= D:
        return ()
    places = 1 + rng.permutation(D - 1)
    cuts = sorted(places[: pieces - 1].tolist())
    ends = [0, *cuts, D]
    return tuple(slice(a, b) for a, b in pairwise(ends))


def drifts(
    rng: Rng,
    E: Array,
    R: float,
    n: int,
) -> Array:
    """Drifts (n, D) of one of nine kinds."""
    D = len(E)
    U = rng.normal(size=(n, D))
    lengths = R * np.exp(rng.uniform(-3, 1.5, size=n))
    X = U * (lengths / norm(U))[:, None]
    numbers = np.arange(n)[:, None]
    along_E = rng.uniform(-3, 3, size=(n, 1)) * E
    two_ways = (-1) ** numbers * 2 * X[0]
    some = rng.random((n, 1)) < 0.5
    kinds = (
        X,  # each its own way
        np.tile(X[0], (n, 1)),  # all the same way
        0.3 * X + two_ways,  # two opposite ways
        X * (numbers == 0),  # one alone
        X[0] * some,  # some together, the others at home
        X * axis(rng, D),
        0.1 * X + along_E,
        0.1 * X * some - E,  # near the origin of all models, or there
        1e-3 * X,  # hardly at all
    )
    return kinds[rng.integers(len(kinds))]


def directions(case: Case, rng: Rng) -> Array:
    """Unit vectors (m, D), of the dtype of the case."""
    found = np.array(list(ways(case, rng)))
    found = found[norm(found) > 0]
    lengths = norm(found)[:, None]
    return case.typed(found / lengths)


def ways(case: Case, rng: Rng) -> Iterator[Array]:
    """Vectors along E, g, the first drift and its part in each layer, the axes, and any, of any length."""
    x = case.X[0].astype(float)
    yield case.E.astype(float)
    yield case.g.astype(float)
    yield x
    yield x + case.E
    yield np.ones(case.D)
    yield axis(rng, case.D)
    for block in case.blocks:
        part = 0 * x
        part[block] = x[block]
        yield part
    yield from rng.normal(size=(4, case.D))
