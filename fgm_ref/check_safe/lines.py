"""Straight lines on which φ must not sag below its chords: in many directions, and of many lengths."""

from __future__ import annotations

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.check_safe.case import Case, phi
from fgm_ref.check_safe.draws import Rng, directions

STEPS = 2.0 ** np.arange(-16, 9)
"""Half the lengths of the lines, in radii."""

LONG = slice(9, None)
"""Those that are long enough for single precision."""

STRETCHES = 2.0 ** np.linspace(-4, 6, 81)


def saggiest(case: Case, middle: Array, rng: Rng) -> tuple[Case, int]:
    """The ends of the line around `middle` (D,) over which φ is highest above its chord; and how many there were."""
    halves = half_lines(case, rng)
    left = case.at(middle - halves).X
    right = case.at(middle + halves).X
    above = above_chord(case, left, right, middle)
    worst = int(np.argmax(above))
    ends = [left[worst], right[worst]]
    return case.at(np.stack(ends)), len(halves)


def above_chord(
    case: Case,
    left: Array,
    right: Array,
    middle: Array,
) -> Array:
    """How far φ is above its chords in the middle, relative to the values there: (m,)."""
    X = np.vstack([middle, left, right])
    zone = case.zone(len(X))
    values = phi(zone, X)
    here = values[0]
    ends = values[1:].reshape(2, -1)
    chord = ends.mean(axis=0)
    scale = np.abs(ends).sum(axis=0)
    scale += abs(here) + abs(zone.at_zero)
    relative = (here - chord) / scale
    finite = np.isfinite(relative)
    return np.where(finite, relative, -np.inf)


def half_lines(case: Case, rng: Rng) -> Array:
    """Vectors (m, D) of many lengths in many directions."""
    steps = case.R * STEPS
    if case.E.dtype == np.float32:
        steps = steps[LONG]
    vectors = np.multiply.outer(steps, directions(case, rng))
    return np.asarray(vectors.reshape(-1, case.D))


def on_the_edge(case: Case) -> Array:
    """The first drift (D,), stretched to about where φ is 0."""
    X = case.typed(np.outer(STRETCHES, case.X[0]))
    zone = case.zone(len(X))
    distance = np.abs(phi(zone, X))
    nearest = int(np.nanargmin(distance))
    return np.asarray(X[nearest])
