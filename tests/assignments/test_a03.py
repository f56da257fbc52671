"""a03 When is a region safe?  The library's properties of safe functions, and its own functions as the truth."""

import numpy as np
import pytest
from desk import cases, close, holds
from hypothesis import given
from hypothesis import strategies as st

from fgm_ref.arrays import norm
from fgm_ref.check_safe.properties import PROPERTIES, Case
from fgm_ref.safe.zones import Ball, Cap, HalfSpace

TRUTH = {"ball": Ball, "half_space": HalfSpace, "shell": Cap}
READ = {
    "runs": "the docstring of the module: shapes",
    "zero": "(1): φ(0) < 0; tutorial 06",
    "finite": "division by ‖E‖ or ‖X‖",
    "batched": "the docstring of the module: the shapes of X and φ(X)",
    "pure": "NumPy: `X -= ...` changes what the caller has",
    "convex": "(1); tutorial 06, 'Safe by convexity'",
    "safe": "(2), Jensen's inequality; tutorial 06",
    "lipschitz": "the docstring of the task: −φ is a distance",
}


@st.composite
def situations(draw):
    """A case, with numbers of two decimals."""
    D, k, R = (
        draw(st.integers(1, 4)),
        draw(st.integers(1, 5)),
        draw(st.sampled_from((1.0, 0.5, 2.0))),
    )
    rng, size = (
        np.random.default_rng(draw(st.integers(0, 10**6))),
        draw(st.sampled_from((1.0, 0.2))),
    )
    E, X = (
        (2 * rng.standard_normal(D)).round(2),
        (2 * size * R * rng.standard_normal((k, D))).round(2),
    )
    if norm(E) < 0.1:
        E[0] = 1.0
    return Case(E, R, X, np.zeros(D), np.zeros(k, int))


def adapted(student, name):
    """The student's φ as a safe function of the library, with the true `excess` of the region."""

    class Theirs(TRUTH[name]):
        lipschitz = 1.0

        def __call__(self, X):
            return getattr(student, name)(X, self.E, self.R)

    return Theirs


def worth(*points):
    return [
        pytest.param(name, marks=pytest.mark.points(n))
        for name, n in zip(TRUTH, points, strict=True)
    ]


@pytest.mark.parametrize("name", worth(3, 3, 3))
@cases()
@given(case=situations())
def test_properties(student, name, case):
    make = adapted(student, name)
    make(case.E, case.R)(case.X.copy())  # whatever this raises is for the student to see
    for key, read in READ.items():
        claim = PROPERTIES[key]
        n = claim.rows or len(case.X)
        for first in range(len(case.X) - n + 1):
            X = case.X[first : first + n]
            one = Case(case.E, case.R, X, case.g, case.own[:n])
            holds(
                claim.margin(make, one) <= 0, f"{name}: {claim.claim}", read, E=one.E, R=one.R, X=X
            )


@pytest.mark.parametrize("name", worth(1, 2, 3))
@cases()
@given(case=situations(), shrink=st.sampled_from((1.0, 0.3, 0.0)))
def test_the_whole_zone(student, name, case, shrink):
    # neither too bold nor too timid
    X = shrink * case.X
    truth = TRUTH[name](case.E, case.R)(X)
    got = getattr(student, name)(X.copy(), case.E, case.R)
    what = f"{name}: φ is 0 at the boundary of the largest zone, with slope 1 (if too small: too bold; else too timid)"
    close(got, truth, what, "the docstring of the task", E=case.E, R=case.R, X=X)


@pytest.mark.points(5)
@cases(0.3)
@given(R=st.sampled_from((1.0, 0.1, 0.5, 3.0, 20.0)))
def test_fooled(student, R):
    X, read = student.fooled(R), "(2): what does Jensen need of φ?  tutorial 06"
    holds(X is not None, "drifts (k, 2), got None (is a `return` missing?)", "the docstring")
    X = np.asarray(X, float)
    good = X.ndim == 2 and len(X) >= 2 and X.shape[1] == 2 and np.isfinite(X).all()
    holds(good, "at least 2 drifts in the plane: shape (k, 2)", "the docstring", shape=X.shape)
    phi = np.sqrt(norm(X)) - np.sqrt(R)
    holds(phi.sum() <= 1e-9, "Σ φ(X_i) ≤ 0: nobody speaks", read, R=R, X=X, phi=phi)
    length = float(norm(X.mean(axis=0)))
    holds(
        length >= 1.5 * R * (1 - 1e-9),
        "‖mean X‖ ≥ 1.5 R: S is far outside",
        read,
        R=R,
        X=X,
        length=length,
    )
