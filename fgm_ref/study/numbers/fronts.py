"""What does it cost to reach a given loss?  Loss-against-bytes fronts over thresholds, compared at equal loss.

A protocol's *front* comes from runs at several thresholds (or periods): the cheapest way to each loss.  No
threshold hits the stated loss exactly, so ln bytes is interpolated between the two that enclose it.
"""

from typing import NamedTuple

import numpy as np

from fgm_ref.arrays import Array

Level = float | Array
"""A loss to be reached: the same for all resamples, or one for each (resamples,)."""


class Runs(NamedTuple):
    """One protocol's runs: bytes and loss (thresholds, seeds); a loss that is not a number rules its threshold out."""

    bytes: Array
    loss: Array


def front(log_bytes: Array, loss: Array) -> tuple[Array, Array]:
    """Sort by bytes; the loss becomes its running minimum.  (thresholds, ...) each.

    >>> front(np.array([3.0, 1.0, 2.0]), np.array([0.5, 0.9, 1.0]))
    (array([1., 2., 3.]), array([0.9, 0.9, 0.5]))
    """
    order = np.argsort(log_bytes, axis=0, kind="stable")
    sorted_bytes = np.take_along_axis(log_bytes, order, axis=0)
    sorted_loss = np.take_along_axis(loss, order, axis=0)
    return sorted_bytes, np.minimum.accumulate(sorted_loss, axis=0)


def crossing(log_bytes: Array, loss: Array, target: Level) -> Array:
    """ln bytes at which fronts (thresholds, resamples) first reach `target`, (resamples,); nan where they never do.

    Where the cheapest threshold is good enough already, its own bytes: an upper bound.
    """
    below = loss <= target
    after = below.argmax(axis=0)  # the first that is good enough
    before = np.maximum(after - 1, 0)
    column = np.arange(loss.shape[1])
    x0 = log_bytes[before, column]
    x1 = log_bytes[after, column]
    y0 = loss[before, column]
    y1 = loss[after, column]
    # x = x₀ + (x₁ − x₀) (y₀ − target) / (y₀ − y₁)
    falls = y0 > y1
    drop = np.where(falls, y0 - y1, 1)
    share = np.where(falls, (y0 - target) / drop, 1)
    found = x0 + (x1 - x0) * share
    found[~below.any(axis=0)] = np.nan
    return np.asarray(found)


def log_bytes_at(runs: Runs, target: Level, w: Array) -> Array:
    """ln bytes at the target loss for each resample w (resamples, seeds): mean loss, geometric mean of the bytes."""
    learnt = ~np.isnan(runs.loss).any(axis=1)
    spoke = (runs.bytes > 0).all(axis=1)
    use = learnt & spoke
    if not use.any():
        return np.full(len(w), np.nan)
    log_bytes = np.log(runs.bytes[use]) @ w.T
    loss = runs.loss[use] @ w.T
    return crossing(*front(log_bytes, loss), target)
