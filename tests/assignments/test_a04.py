"""a04 Balls and violations: the covering theorem, the exact local test, and no missed violation."""

import numpy as np
import pytest
from desk import cases, close, holds
from hypothesis import given
from hypothesis import strategies as st

COVER = "(1) and (2); Sharfman et al. 2006, section 3; tutorial 07"
LOCAL = "where on a ball is ‖w‖ smallest, where largest?  tutorial 07, the local test"
LOOP = "the docstring of `monitor`; tutorial 07; fgm_ref/protocols/gm.py"
SIZES = st.fixed_dictionaries(
    {"k": st.integers(1, 5), "D": st.integers(1, 4), "seed": st.integers(0, 10**6)}
)


def length(X):
    return np.linalg.norm(X, axis=-1)


def situation(k, D, seed):
    """E, drifts (of some towards the origin) and a generator."""
    rng = np.random.default_rng(seed)
    E, X = 2 * rng.standard_normal(D), rng.standard_normal((k, D)) * np.exp(rng.uniform(-2, 1))
    return E, X - rng.choice((0.0, 0.7, 1.5), (k, 1)) * E, rng


@pytest.mark.points(3)
@cases()
@given(size=SIZES)
def test_balls(student, size):
    E, X, _ = situation(**size)
    centres, radii = student.balls(E, X.copy())
    close(centres, E + X / 2, "the centre is half way between E and the site", COVER, E=E, X=X)
    close(radii, length(X) / 2, "the drift is a diameter", COVER, E=E, X=X)


@pytest.mark.points(3)
@cases()
@given(size=SIZES)
def test_balls_cover_the_mean(student, size):
    E, X, rng = situation(**size)
    centres, radii = student.balls(E, X.copy())
    weights = rng.dirichlet(
        np.ones(len(X)), 20
    )  # not only the mean: the theorem is about the convex hull
    for weight in (np.full(len(X), 1 / len(X)), *weights):
        S = E + weight @ X
        inside = length(S - centres) <= np.asarray(radii) + 1e-9
        holds(inside.any(), "every weighted mean lies in one of the balls", COVER, E=E, X=X, S=S)


def some_points(centres, radii, rng):
    """Points of each ball: on the line through the origin, and random ones on the surface."""
    steps = rng.standard_normal((50, *centres.shape))
    steps /= length(steps)[..., None]
    distance = length(centres)
    away = centres / np.maximum(distance, 1e-12)[:, None]
    back = -away * np.minimum(1, distance / np.maximum(radii, 1e-12))[:, None]
    return centres + radii[:, None] * np.concatenate([steps, [away, back]])


@pytest.mark.points(4)
@cases()
@given(size=SIZES)
def test_extremes(student, size):
    E, X, rng = situation(**size)
    centres, radii = E + X / 2, length(X) / 2
    lengths = length(some_points(centres, radii, rng))
    smallest, largest = student.extremes(centres.copy(), radii.copy())
    numbers = {"centres": centres, "radii": radii}
    close(largest, lengths.max(axis=0), "the largest ‖w‖ of each ball", LOCAL, **numbers)
    close(
        smallest,
        lengths.min(axis=0),
        "the smallest ‖w‖ of each ball (0 if the origin is inside)",
        LOCAL,
        **numbers,
    )


def sticks_out(E, X, low, high):
    """Site by site."""
    pairs = zip(E + X / 2, length(X) / 2, strict=True)
    return np.array([length(c) + r > high or max(0.0, length(c) - r) < low for c, r in pairs])


@pytest.mark.points(4)
@cases()
@given(size=SIZES, R=st.sampled_from((1.0, 0.2, 3.0, 10.0)))
def test_violations(student, size, R):
    E, X, _ = situation(**size)
    low, high = length(E) - R, length(E) + R
    got, want = np.asarray(student.violations(E, X.copy(), low, high)), sticks_out(E, X, low, high)
    S, numbers = E + X.mean(axis=0), {"E": E, "X": X, "low": low, "high": high}
    inside = low - 1e-9 <= length(S) <= high + 1e-9
    holds(
        got.shape == want.shape,
        f"one answer per site, {want.shape}; got {got.shape}",
        "the docstring",
        **numbers,
    )
    holds(got.any() or inside, "if nobody calls out, low ≤ ‖S‖ ≤ high", COVER, **numbers)
    holds(
        got == want,
        "exactly those call out whose ball sticks out",
        LOCAL,
        **numbers,
        got=got,
        should_be=want,
    )
    at_rest = np.asarray(student.violations(E, 0 * X, low, high))
    holds(not at_rest.any(), "who has not moved says nothing", LOCAL, E=E, R=R)


@pytest.mark.points(6)
@cases()
@given(size=SIZES, steps=st.integers(1, 15), R=st.sampled_from((1.0, 0.3, 3.0)))
def test_monitor(student, size, steps, R):
    E, _, rng = situation(**size)
    moves = (rng.standard_normal((steps, size["k"], size["D"])) - rng.choice((0.0, 0.2)) * E).round(
        2
    )
    ended, last = student.monitor(E.copy(), moves.copy(), R)
    numbers = {"E": E, "R": R, "moves": moves, "ended": list(ended)}
    reference, models = E, np.tile(E, (size["k"], 1))
    for step, move in enumerate(moves):
        models = models + move
        low, high = length(reference) - R, length(reference) + R
        S = models.mean(axis=0)
        missed = step not in ended and not low - 1e-9 <= length(S) <= high + 1e-9
        holds(
            not missed,
            f"no missed violation: in step {step}, S has left the shell of the last E",
            COVER,
            **numbers,
        )
        alarm = sticks_out(reference, models - reference, low, high).any()
        holds(
            alarm == (step in ended),
            f"step {step} ends in a synchronisation exactly if a ball sticks out",
            LOOP,
            **numbers,
        )
        if alarm:
            reference, models = S, np.tile(S, (size["k"], 1))
    close(
        last,
        reference,
        "the last E is the mean of all models at the last synchronisation",
        LOOP,
        **numbers,
    )
