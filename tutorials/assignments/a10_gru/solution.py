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
    u = joined(h, x)
    z, r = sigmoid(u @ w["Wz"].T), sigmoid(u @ w["Wr"].T)
    n = np.tanh(joined(r * h, x) @ w["Wn"].T)
    return (1 - z) * n + z * h, Cache(h, x, z, r, n)


def step_backward(w: dict[str, Array], dh: Array, cache: Cache) -> dict[str, Array]:
    """Task 2: the gradients {"Wz", "Wr", "Wn", "x", "h"} for dh = ∂L/∂h' (B, H)."""
    h, x, z, r, n = cache
    H, u = h.shape[1], joined(h, x)
    a_n = dh * (1 - z) * (1 - n**2)  # at the argument of the tanh
    dv = a_n @ w["Wn"]  # at [r ⊙ h; x; 1]
    d_rh = dv[:, :H]
    a_z = dh * (h - n) * z * (1 - z)
    a_r = d_rh * h * r * (1 - r)
    du = a_z @ w["Wz"] + a_r @ w["Wr"]
    return {
        "Wz": a_z.T @ u, "Wr": a_r.T @ u, "Wn": a_n.T @ joined(r * h, x),
        "x": du[:, H:-1] + dv[:, H:-1], "h": dh * z + d_rh * r + du[:, :H],
    }  # fmt: skip


def sequence(w: dict[str, Array], x: Array, h0: Array) -> tuple[Array, list[Cache]]:
    """Task 3: (all outputs h[1] .. h[T] (T, B, H), the caches of all steps); x (T, B, D)."""
    outputs, caches, h = [], [], h0
    for x_t in x:
        h, cache = step(w, x_t, h)
        outputs.append(h)
        caches.append(cache)
    return np.stack(outputs), caches


def sequence_backward(w: dict[str, Array], dY: Array, caches: list[Cache]) -> dict[str, Array]:
    """Task 4: the gradients {"Wz", "Wr", "Wn", "x", "h0"}; dY[t] (B, H) is the loss's own gradient at h[t]."""
    total = {name: np.zeros_like(W) for name, W in w.items()}
    dx, dh = [], 0.0
    for d, cache in zip(dY[::-1], caches[::-1], strict=True):
        g = step_backward(w, d + dh, cache)
        dh = g["h"]
        dx.append(g["x"])
        for name in total:
            total[name] += g[name]
    return total | {"x": np.stack(dx[::-1]), "h0": dh}
