"""The cells as a textbook has them, for one site: one equation a line, one matrix for each gate.

Nothing is stacked, shared or recorded: slow and obvious.  The fast cells are tested against these; read these first.

    B  samples     T  time steps     D  features     H  hidden units

Arrays run (sample, time, feature).  The weights are a dictionary: for a gate such as `i` there are Ui (H, H), which
acts on h, Vi (H, D), which acts on x, and the bias bi (H,).  `forward` takes weights, inputs x (B, T, D) and initial
states (B, H), and returns the outputs (B, T, H).  `backward` takes the upstream gradient dY (B, T, H), and returns a
dictionary of gradients: one for every weight, one for x, and one for every initial state.
"""

from __future__ import annotations

import numpy as np

from fgm_ref.arrays import Array

Named = dict[str, Array]


def sigmoid(z: Array) -> Array:
    """σ(z) = 1 / (1 + exp(-z))."""
    return np.asarray(1 / (1 + np.exp(-z)))


def zeros_like(arrays: Named) -> Named:
    """An array of zeros for each."""
    return {name: np.zeros_like(array) for name, array in arrays.items()}


class TextbookRNN:
    """h[t] = tanh(U h[t-1] + V x[t] + b), with the names Uh, Vh and bh (Elman 1990)."""

    gates = ("h",)

    def forward(self, w: Named, x: Array, h0: Array) -> Array:
        """The outputs h (B, T, H)."""
        self.x, self.h = x, [h0]
        for t in range(x.shape[1]):
            z = self.h[t] @ w["Uh"].T + x[:, t] @ w["Vh"].T + w["bh"]
            self.h.append(np.tanh(z))
        return np.stack(self.h[1:], axis=1)

    def backward(self, w: Named, dY: Array) -> Named:
        """The gradients of Uh, Vh, bh, x and h0 (Werbos 1990)."""
        d = zeros_like(w | {"x": self.x})
        dh_next = np.zeros_like(self.h[0])
        for t in reversed(range(self.x.shape[1])):
            dh = dY[:, t] + dh_next
            dz = dh * (1 - self.h[t + 1] ** 2)
            d["Uh"] += dz.T @ self.h[t]
            d["Vh"] += dz.T @ self.x[:, t]
            d["bh"] += dz.sum(axis=0)
            d["x"][:, t] = dz @ w["Vh"]
            dh_next = dz @ w["Uh"]
        return d | {"h0": dh_next}


class TextbookLSTM:
    """Gates o, i, f and candidate g; with the peepholes po, pi, pf (H,) each, which are 0 in a plain LSTM.

    Hochreiter & Schmidhuber 1997; forget gate: Gers, Schmidhuber & Cummins 2000; peepholes: Gers & Schmidhuber 2000.
    """

    gates = ("o", "i", "f", "g")

    def forward(self, w: Named, x: Array, h0: Array, c0: Array) -> Array:
        """The outputs h (B, T, H)."""
        self.x, self.h, self.c = x, [h0], [c0]
        self.values: list[tuple[Array, Array, Array, Array]] = []
        for t in range(x.shape[1]):
            z = {}
            for gate in self.gates:
                z[gate] = self.h[t] @ w["U" + gate].T + x[:, t] @ w["V" + gate].T + w["b" + gate]
            i = sigmoid(z["i"] + w["pi"] * self.c[t])
            f = sigmoid(z["f"] + w["pf"] * self.c[t])
            g = np.tanh(z["g"])
            c = f * self.c[t] + i * g
            o = sigmoid(z["o"] + w["po"] * c)
            self.c.append(c)
            self.h.append(o * np.tanh(c))
            self.values.append((o, i, f, g))
        return np.stack(self.h[1:], axis=1)

    def backward(self, w: Named, dY: Array) -> Named:
        """The gradients of all weights, of x, h0 and c0."""
        d = zeros_like(w | {"x": self.x})
        dh_next = np.zeros_like(self.h[0])
        dc_next = np.zeros_like(self.h[0])
        for t in reversed(range(self.x.shape[1])):
            o, i, f, g = self.values[t]
            c_old, c = self.c[t], self.c[t + 1]
            dh = dY[:, t] + dh_next
            dzo = dh * np.tanh(c) * o * (1 - o)
            dc = dc_next + dh * o * (1 - np.tanh(c) ** 2) + dzo * w["po"]
            dzi = dc * g * i * (1 - i)
            dzf = dc * c_old * f * (1 - f)
            dzg = dc * i * (1 - g**2)
            dh_next = np.zeros_like(dh)
            for gate, dz in zip(self.gates, (dzo, dzi, dzf, dzg), strict=True):
                d["U" + gate] += dz.T @ self.h[t]
                d["V" + gate] += dz.T @ self.x[:, t]
                d["b" + gate] += dz.sum(axis=0)
                d["x"][:, t] += dz @ w["V" + gate]
                dh_next += dz @ w["U" + gate]
            d["po"] += (dzo * c).sum(axis=0)
            d["pi"] += (dzi * c_old).sum(axis=0)
            d["pf"] += (dzf * c_old).sum(axis=0)
            dc_next = dc * f + dzi * w["pi"] + dzf * w["pf"]
        return d | {"h0": dh_next, "c0": dc_next}
