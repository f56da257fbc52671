"""a10 A GRU cell: a cell that the library does not have, forwards and backwards.

B samples, T time steps, D inputs, H hidden units.  Wz, Wr, Wn (H, H + D + 1); with [a; b; 1] one below the other:

    z = σ(Wz [h; x; 1]),    r = σ(Wr [h; x; 1])                                                  (1)
    n = tanh(Wn [r ⊙ h; x; 1])                                                                   (2)
    h' = (1 − z) ⊙ n + z ⊙ h                                                                     (3)

(Cho et al. 2014, with the update gate z as they have it: z = 1 keeps the old state.)
"""

from typing import NamedTuple

import numpy as np

Array = np.ndarray


class Cache(NamedTuple):
    """What the way back needs: the old h (B, H), x (B, D), and the values z, r, n (B, H)."""

    h: Array
    x: Array
    z: Array
    r: Array
    n: Array


def sigmoid(z: Array) -> Array:
    """σ(z) = 1/(1 + e^(−z))."""
    return 1 / (1 + np.exp(-z))


def joined(h: Array, x: Array) -> Array:
    """[h; x; 1] of every sample, (B, H + D + 1)."""
    return np.concatenate([h, x, np.ones((len(x), 1))], axis=1)


def step(w: dict[str, Array], x: Array, h: Array) -> tuple[Array, Cache]:
    """Task 1: (h', cache); w has "Wz", "Wr" and "Wn"; x (B, D), h (B, H)."""
    raise NotImplementedError("a10, task 1: not done yet (make hint A=10 N=1 T=1)")


def step_backward(w: dict[str, Array], dh: Array, cache: Cache) -> dict[str, Array]:
    """Task 2: the gradients {"Wz", "Wr", "Wn", "x", "h"} for dh = ∂L/∂h' (B, H)."""
    raise NotImplementedError("a10, task 2: not done yet (make hint A=10 N=1 T=2)")


def sequence(w: dict[str, Array], x: Array, h0: Array) -> tuple[Array, list[Cache]]:
    """Task 3: (all outputs h[1] .. h[T] (T, B, H), the caches of all steps); x (T, B, D)."""
    raise NotImplementedError("a10, task 3: not done yet (make hint A=10 N=1 T=3)")


def sequence_backward(w: dict[str, Array], dY: Array, caches: list[Cache]) -> dict[str, Array]:
    """Task 4: the gradients {"Wz", "Wr", "Wn", "x", "h0"}; dY[t] (B, H) is the loss's own gradient at h[t]."""
    raise NotImplementedError("a10, task 4: not done yet (make hint A=10 N=1 T=4)")
