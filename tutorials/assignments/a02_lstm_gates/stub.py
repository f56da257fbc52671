"""a02 LSTM gates: one step of an LSTM with one fused product, and its gradient, gate by gate.

B samples, D inputs, H hidden units.  W (4H, H + D + 1) has the rows of the gates o, i, f, g one below the other:

    u = [h; x; 1],    z = W u,    o, i, f = σ(z_o), σ(z_i), σ(z_f),    g = tanh(z_g)               (1)
    c' = f ⊙ c + i ⊙ g,    h' = o ⊙ tanh(c')                                                      (2)
"""

from typing import NamedTuple

import numpy as np

Array = np.ndarray


class Cache(NamedTuple):
    """What the way back needs: u (B, H+D+1); o, i, f, g (B, H); the old c and the new one (B, H)."""

    u: Array
    o: Array
    i: Array
    f: Array
    g: Array
    c: Array
    c_new: Array


def sigmoid(z: Array) -> Array:
    """σ(z) = 1/(1 + e^(−z))."""
    return 1 / (1 + np.exp(-z))


def step(W: Array, x: Array, h: Array, c: Array) -> tuple[Array, Array, Cache]:
    """Task 1: (h', c', cache); x (B, D), h and c (B, H).  One matrix product for all four gates."""
    raise NotImplementedError("a02, task 1: not done yet (make hint A=02 N=1 T=1)")


def gates_backward(dh: Array, dc: Array, cache: Cache) -> tuple[Array, Array]:
    """Task 2: (∂L/∂z, ∂L/∂c): (B, 4H), the gates in the order o, i, f, g; and (B, H).

    dh and dc (B, H) are ∂L/∂h' and that part of ∂L/∂c' that does not go through h'.
    """
    raise NotImplementedError("a02, task 2: not done yet (make hint A=02 N=1 T=2)")


def step_backward(W: Array, dh: Array, dc: Array, cache: Cache) -> dict[str, Array]:
    """Task 3: the gradients of all that went in: {"W", "x", "h", "c"}, each in the shape of its own."""
    raise NotImplementedError("a02, task 3: not done yet (make hint A=02 N=1 T=3)")


def remembering(H: int, D: int, strength: float = 30.0) -> Array:
    """Task 4: a W (4H, H + D + 1) with which the cell keeps c as it is, whatever x and h are, and shows h' ≈ tanh(c).

    Only biases are needed: ± `strength`, which makes σ practically 1 or 0.
    """
    raise NotImplementedError("a02, task 4: not done yet (make hint A=02 N=1 T=4)")
