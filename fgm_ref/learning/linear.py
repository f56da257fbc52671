"""The two linear models that any network has to beat: ridge and logistic regression, with a penalty chosen by itself.

    N  samples     F  features     O  outputs

Inputs should be standardised, because the penalty treats all features alike.  The last row of a matrix of weights
(F + 1, O) holds the intercepts, which are not penalised.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from fgm_ref.arrays import Array

BLOCKS, EVERY = 25, 5  # of 25 runs of consecutive samples every fifth chooses the penalty
STEPS = 100  # of L-BFGS, at most


def fitted(kind: Kind, X: Array, Y: Array) -> Array:
    """Weights (F + 1, O) from X (N, F) and Y (N, O), with the penalty that suits samples that were held out.

    They are held out in blocks, because neighbouring windows overlap.
    """
    held_out = np.arange(len(X)) * BLOCKS // len(X) % EVERY == EVERY - 1
    if not held_out.any():
        return last(kind.path(X, Y, kind.penalties))
    weights = kind.path(X[~held_out], Y[~held_out], kind.penalties)
    losses = (kind.loss(applied(W, X[held_out]), Y[held_out]) for W in weights)
    return last(kind.path(X, Y, kind.penalties[: until_it_rises(losses)]))


def until_it_rises(losses: Iterator[float]) -> int:
    """How many losses come before one that is higher than the one before it; no more than that are computed.

    >>> until_it_rises(iter([3.0, 2.0, 2.5, 1.0])), until_it_rises(iter([3.0, 2.0]))
    (2, 2)
    """
    lowest = np.inf
    for count, loss in enumerate(losses):
        if loss > lowest:
            return count
        lowest = loss
    return count + 1


def last(weights: Iterator[Array]) -> Array:
    """The weights for the last penalty of a path."""
    *_, found = weights
    return found


def applied(W: Array, X: Array) -> Array:
    """What weights W (F + 1, O) say of X (N, F).  -> (N, O)."""
    return np.asarray(X @ W[:-1].astype(X.dtype) + W[-1])


def ridge_path(X: Array, Y: Array, penalties: Sequence[float]) -> Iterator[Array]:
    """The minimum of mean squared error + penalty · ‖w‖², by the normal equations.

    One eigendecomposition serves all penalties: of XᵀX, or of XXᵀ where that is smaller.
    """
    X, Y = X.astype(float), Y.astype(float)
    centre, level = X.mean(axis=0), Y.mean(axis=0)
    X, Y = X - centre, Y - level
    N, F = X.shape
    tall = N >= F
    values, vectors = np.linalg.eigh(X.T @ X if tall else X @ X.T)
    turned = vectors.T @ (X.T @ Y if tall else Y)
    for penalty in penalties:
        # (XᵀX + λN)⁻¹ XᵀY  =  Xᵀ (XXᵀ + λN)⁻¹ Y
        w = vectors @ (turned / (values.clip(0) + penalty * N)[:, None])
        if not tall:
            w = X.T @ w
        yield np.vstack([w, level - centre @ w])


def logistic_path(X: Array, Y: Array, penalties: Sequence[float]) -> Iterator[Array]:
    """The minimum of mean cross-entropy + penalty/2 · ‖w‖², by L-BFGS; Y (N, O) is one-hot.

    Each penalty starts from the weights of the one before.
    """
    from scipy.optimize import minimize  # type: ignore[import-untyped]

    F, O = X.shape[1] + 1, Y.shape[1]
    W = np.zeros(F * O)
    for penalty in penalties:

        def loss(w: Array, penalty: float = penalty) -> tuple[float, Array]:
            value, gradient = penalised(w.reshape(F, O), X, Y, penalty)
            return value, gradient.ravel()

        W = minimize(loss, W, jac=True, method="L-BFGS-B", options={"maxiter": STEPS}).x
        yield W.reshape(F, O)


def penalised(W: Array, X: Array, Y: Array, penalty: float) -> tuple[float, Array]:
    """Mean cross-entropy + penalty/2 · ‖w‖², and its gradient (F + 1, O)."""
    P = probabilities(applied(W, X))
    loss = entropy(P, Y) + penalty / 2 * float((W[:-1] ** 2).sum())
    slope = (P - Y) / len(X)
    gradient = np.vstack([X.T @ slope.astype(X.dtype) + penalty * W[:-1], slope.sum(axis=0)])
    return loss, gradient


def probabilities(z: Array) -> Array:
    """Softmax of the logits z (N, O), in double precision."""
    e = np.exp(z.astype(float) - z.max(axis=1, keepdims=True))
    return np.asarray(e / e.sum(axis=1, keepdims=True))


def cross_entropy(z: Array, Y: Array) -> float:
    """The mean cross-entropy of logits z (N, O) where Y (N, O) is one-hot."""
    return entropy(probabilities(z), Y)


def entropy(P: Array, Y: Array) -> float:
    """The mean of -log of the probability P (N, O) that the answers Y (N, O), one-hot, were given."""
    given = (P * Y).sum(axis=1)
    return float(-np.log(given.clip(1e-300)).mean())


def squared_error(z: Array, Y: Array) -> float:
    """The mean squared error of z (N, O)."""
    return float(((z - Y) ** 2).mean())


class Kind(NamedTuple):
    """A kind of regression."""

    path: Callable[[Array, Array, Sequence[float]], Iterator[Array]]  # the weights for each penalty
    loss: Callable[[Array, Array], float]  # of predictions (N, O) and answers (N, O)
    penalties: Sequence[float]  # the strongest first


RIDGE = Kind(ridge_path, squared_error, tuple(10.0**power for power in range(1, -8, -1)))
LOGISTIC = Kind(logistic_path, cross_entropy, (1e-1, 1e-2, 1e-3, 1e-4))
