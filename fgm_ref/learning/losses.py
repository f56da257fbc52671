"""The two losses, each with its gradient: softmax cross-entropy and mean squared error.

Predictions come as z (O, k, M): O outputs, k sites, M samples (or samples times time steps).  Every site has
its own mean loss.  Its gradient is written into `dz`; nothing is clipped and nothing is accumulated.

A loss belongs to two arrays z and dz.  Its calls are recorded once (see `tape.py`) and played for every mini-batch.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.learning.tape import Tape


class Loss(ABC):
    """Base: `loss = CrossEntropy(z, dz)`, then `loss(y)` (k,) for every new z and y; it writes dz.

    `y` holds the answers: class ids (k, M), or targets (O, k, M).
    """

    def __init__(self, z: Array, dz: Array) -> None:
        _, k, _ = z.shape
        self.z = z
        self.dz = dz
        self.y = self.answers()
        self.losses = np.empty(k, z.dtype)
        self.do = Tape(vars(self))
        self.record(self.do)

    @abstractmethod
    def answers(self) -> Array:
        """Hook: an array for the answers."""

    @abstractmethod
    def record(self, do: Tape) -> None:
        """Hook: record `losses` and `dz` from `z` and `y`."""

    def __call__(self, y: Array) -> Array:
        """The mean loss of each site (k,), a view that the next call overwrites."""
        self.y[...] = y
        self.do.play()
        return self.losses


class CrossEntropy(Loss):
    """Mean softmax cross-entropy of each site from logits z and class ids y (k, M).

    The largest logit is subtracted first, so that no exponential overflows.  Loss and gradient: Bishop 2006, section
    4.3.4.  `IndexError` if a class id is O or more.
    """

    def answers(self) -> Array:
        """Class ids."""
        _, k, M = self.z.shape
        return np.empty((k, M), np.intp)

    def record(self, do: Tape) -> None:
        """L = -(1/M) Σ log p_y,   p = e / Σ e,   e = exp(s),   s = z - max z,   dz = (p - [j = y]) / M."""
        O, k, M = self.z.shape
        dtype = self.z.dtype
        e = np.empty((O, k, M), dtype)
        top, total, of_the_class = np.empty((3, k, M), dtype)
        samples = np.array(M, dtype)
        place = np.arange(k * M).reshape(k, M)
        where = np.empty((k, M), np.intp)
        # where s_y stands among all of s
        do(np.multiply, self.y, k * M, out=where)
        do(np.add, where, place, out=where)
        # s = z - max z
        do.reduce(np.maximum, self.z, 0, out=top)
        do(np.subtract, self.z, top, out=e)
        do.take(e.reshape(-1), where, out=of_the_class)
        # -log p_y = log Σ exp(s) - s_y
        do(np.exp, e, out=e)
        do.reduce(np.add, e, 0, out=total)
        do(np.log, total, out=top)
        do(np.subtract, top, of_the_class, out=top)
        do.reduce(np.add, top, 1, out=self.losses)
        do(np.divide, self.losses, samples, out=self.losses)
        # dz = (e - [j = y] Σ e) / (M Σ e)
        do.take(e.reshape(-1), where, out=of_the_class)
        do(np.subtract, of_the_class, total, out=of_the_class)
        do.put(of_the_class, where, out=e.reshape(-1))
        do(np.multiply, total, samples, out=total)
        do(np.divide, e, total, out=self.dz)


class SquaredError(Loss):
    """Mean squared error of each site from predictions z and targets y (O, k, M).

    The mean runs over the samples *and* the outputs.
    """

    def answers(self) -> Array:
        """Targets."""
        return np.empty_like(self.z)

    def record(self, do: Tape) -> None:
        """L = Σ (z - y)² / (O M),   dz = 2 (z - y) / (O M)."""
        O, k, M = self.z.shape
        share = np.array(1 / (O * M), self.z.dtype)
        slope = np.array(2 / (O * M), self.z.dtype)
        by_output = np.empty((O, k), self.z.dtype)
        squares = np.empty_like(self.z)
        do(np.subtract, self.z, self.y, out=self.dz)
        do(np.multiply, self.dz, self.dz, out=squares)
        do.reduce(np.add, squares, 2, out=by_output)
        do.reduce(np.add, by_output, 0, out=self.losses)
        do(np.multiply, self.losses, share, out=self.losses)
        do(np.multiply, self.dz, slope, out=self.dz)


LOSSES: dict[str, type[Loss]] = {
    "classification": CrossEntropy,
    "regression": SquaredError,
}
"""The loss of each task."""
