"""a07 Move budget, not models: rebalancing rules that keep the average.

k sites have drifts X (k, D); φ is convex and takes a stack, (..., D) -> (...).  One site's φ has become positive, but
the mean is fine, φ(mean X) ≤ 0.  Instead of a synchronisation, a few sites settle it among themselves.  Whatever they
do, Σ X_i stays as it was: then S stays, too, and so does every guarantee about S.
"""

from collections.abc import Callable, Sequence

import numpy as np

Array = np.ndarray
Phi = Callable[[Array], Array]


def balance(X: Array, members: Sequence[int]) -> Array:
    """Task 1: new drifts (k, D): the members take their mean, the others stay; X itself is not changed."""
    new = X.copy()
    new[list(members)] = X[list(members)].mean(axis=0)
    return new


def gather(X: Array, order: Sequence[int], phi: Phi) -> list[int] | None:
    """Task 2: the smallest balancing set that begins like `order` and whose mean is inside, φ(mean) ≤ 0.

    `order` names sites, the violator first.  None if not even all of `order` will do.
    """
    for n in range(1, len(order) + 1):
        if phi(X[list(order[:n])].mean(axis=0)) <= 0:
            return list(order[:n])
    return None


def share(values: Array, weights: Array) -> Array:
    """Task 3: budgets d (k,) with Σ d_i = 0, so that φ_i + d_i is the part `weights[i]` of Σ φ.

    `values` (k,) are the φ(X_i), weights ≥ 0 (k,) add up to 1.  So if Σ φ ≤ 0, nobody is above 0 any more, no model
    has moved, and the sum is what it was: this is how FGM's ψ and λ work.
    """
    return weights * values.sum() - values


def rebalance(X: Array, phi: Phi) -> Array:
    """Task 4: your own rule: new drifts (k, D) from X (k, D).

    - Σ X_i stays.  Nobody moves if nobody has φ > 0.
    - If φ(mean X) ≤ 0, then afterwards φ ≤ 0 at all sites.
    - Move few: as many sites as it takes, and on average over the cases at most three quarters of them.
    """
    # Why the loop ends: a pass brings all its members inside, the worst site among them, and moves nobody else.  So
    # each pass leaves fewer sites with φ > 0, and there are at most k passes.
    new = X.copy()
    while (values := phi(new)).max() > 0:
        worst = int(values.argmax())
        opposite = np.argsort(new @ new[worst])  # who pulls the other way comes first
        order = [worst, *(i for i in opposite.tolist() if i != worst)]
        members = gather(new, order, phi)
        if members is None:
            return balance(X, range(len(X)))
        new = balance(new, members)
    return new
