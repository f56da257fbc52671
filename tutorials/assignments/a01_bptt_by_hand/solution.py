"""a01 BPTT by hand: a vanilla recurrent network, forwards and backwards through time.

One site; B samples, T time steps, D inputs, H hidden units.  For t = 1 .. T, row by row:

    z[t] = Wh h[t−1] + Wx x[t] + b,    h[t] = tanh(z[t])                                          (1)
"""

import numpy as np

Array = np.ndarray


def forward(Wh: Array, Wx: Array, b: Array, x: Array, h0: Array) -> Array:
    """Task 1: all hidden states, (T+1, B, H), of which the first is h0.

    Wh (H, H), Wx (H, D), b (H,), x (T, B, D), h0 (B, H).
    """
    h = np.empty((len(x) + 1, *h0.shape))
    h[0] = h0
    for t in range(len(x)):
        h[t + 1] = np.tanh(h[t] @ Wh.T + x[t] @ Wx.T + b)
    return h


def step_backward(dh: Array, h: Array, Wh: Array) -> tuple[Array, Array]:
    """Task 2: one step back: (∂L/∂z[t], ∂L/∂h[t−1]), both (B, H).

    dh (B, H) is ∂L/∂h[t], through whatever came after; h (B, H) is h[t].
    """
    dz = dh * (1 - h**2)
    return dz, dz @ Wh


def backward(Wh: Array, Wx: Array, x: Array, h: Array, dY: Array) -> dict[str, Array]:
    """Task 3: the gradients of all that went in: {"Wh", "Wx", "b", "x", "h0"}, each in the shape of its own.

    h (T+1, B, H) as `forward` returned it; dY (T, B, H): ∂L/∂h[t] as far as the loss reads the output t directly.
    """
    g = {"Wh": np.zeros_like(Wh), "Wx": np.zeros_like(Wx), "b": np.zeros(len(Wh)), "x": np.empty_like(x)}
    dh = np.zeros_like(h[0])
    for t in reversed(range(len(x))):
        dz, dh = step_backward(dY[t] + dh, h[t + 1], Wh)
        g["Wh"] += dz.T @ h[t]
        g["Wx"] += dz.T @ x[t]
        g["b"] += dz.sum(axis=0)
        g["x"][t] = dz @ Wx
    return g | {"h0": dh}


def memory(Wh: Array, h: Array) -> Array:
    """Task 4: how much of h[t] is left at the end: the spectral norms ‖∂h[T]/∂h[t]‖ for t = 0 .. T, (T+1,).

    h (T+1, H): the states of a single sample.  The last entry is ‖I‖ = 1.
    """
    J, norms = np.eye(len(Wh)), [1.0]
    for state in h[:0:-1]:
        J = J @ ((1 - state**2)[:, None] * Wh)
        norms.append(np.linalg.norm(J, 2))
    return np.array(norms[::-1])
