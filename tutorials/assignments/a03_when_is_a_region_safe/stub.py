"""a03 When is a region safe?  Three safe functions, and one that only looks like it.

k sites stand at E (D,); site i moves to E + X_i; S = E + mean X is the model that counts.  φ is safe for a region if

    φ(0) < 0,    φ is convex,    φ(X) ≤ 0  implies that E + X is in the region                     (1)

and then, by Jensen,  Σ φ(X_i) ≤ 0  implies that S is in the region, though nobody has seen S.    (2)

Drifts come in stacks: X has the shape (..., D), φ(X) the shape (...).
"""

import numpy as np

Array = np.ndarray


def norm(X: Array) -> Array:
    """‖X‖ along the last axis."""
    return np.sqrt((X**2).sum(axis=-1))


def ball(X: Array, E: Array, R: float) -> Array:
    """Task 1: safe for ‖S − E‖ ≤ R; −φ is the distance to the boundary, and negative as far outside."""
    raise NotImplementedError("a03, task 1: not done yet (make hint A=03 N=1 T=1)")


def half_space(X: Array, E: Array, R: float) -> Array:
    """Task 2: safe for S·E/‖E‖ ≥ ‖E‖ − R (S keeps its length along E, but for R).

    −φ is the distance to the boundary, and negative as far outside; E is not 0.
    """
    raise NotImplementedError("a03, task 2: not done yet (make hint A=03 N=1 T=2)")


def shell(X: Array, E: Array, R: float) -> Array:
    """Task 3: safe for the shell ‖E‖ − R ≤ ‖S‖ ≤ ‖E‖ + R.

    The shell is not convex, so φ is safe for a convex part of it: as large a part as the half-space allows.
    φ is the larger of two numbers, each of which has slope 1; E is not 0.
    """
    raise NotImplementedError("a03, task 3: not done yet (make hint A=03 N=1 T=3)")


def fooled(R: float) -> Array:
    """Task 4: drifts X (k, 2), k ≥ 2, that prove φ(X) = √‖X‖ − √R unsafe for ‖S − E‖ ≤ R.

    All is quiet, Σ φ(X_i) ≤ 0; and yet ‖mean X‖ ≥ 1.5 R.
    """
    raise NotImplementedError("a03, task 4: not done yet (make hint A=03 N=1 T=4)")
