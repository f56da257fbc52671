"""Textbook cells for one site: one equation, one line, one gate, one matrix; no stacking, no shared products.

Slow and obvious: the oracle for the fast cells.  Arrays are (sample, time, feature); U acts on h, V on x, b is
the bias.  `backward` takes the upstream gradient at every output and returns a dictionary of gradients.
"""

import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


class PlainRNN:
    gates = "h"

    def forward(self, w, x, h0):
        self.x, self.h = x, [h0]
        for t in range(x.shape[1]):
            self.h.append(np.tanh(self.h[t] @ w["Uh"].T + x[:, t] @ w["Vh"].T + w["bh"]))
        return np.stack(self.h[1:], axis=1)

    def backward(self, w, dY):
        g = {name: np.zeros_like(value) for name, value in w.items()} | {"x": np.zeros_like(self.x)}
        dh_next = np.zeros_like(self.h[0])
        for t in reversed(range(self.x.shape[1])):
            dh = dY[:, t] + dh_next
            dz = dh * (1 - self.h[t + 1] ** 2)
            g["Uh"] += dz.T @ self.h[t]
            g["Vh"] += dz.T @ self.x[:, t]
            g["bh"] += dz.sum(axis=0)
            g["x"][:, t] = dz @ w["Vh"]
            dh_next = dz @ w["Uh"]
        return g | {"h0": dh_next}


class PlainLSTM:
    """With peepholes po, pi, pf; all zero for a plain LSTM."""

    gates = "oifg"

    def forward(self, w, x, h0, c0):
        self.x, self.h, self.c, self.a = x, [h0], [c0], []
        for t in range(x.shape[1]):
            z = {G: self.h[t] @ w["U" + G].T + x[:, t] @ w["V" + G].T + w["b" + G] for G in "oifg"}
            i = sigmoid(z["i"] + w["pi"] * self.c[t])
            f = sigmoid(z["f"] + w["pf"] * self.c[t])
            g = np.tanh(z["g"])
            c = f * self.c[t] + i * g
            o = sigmoid(z["o"] + w["po"] * c)
            self.c.append(c)
            self.h.append(o * np.tanh(c))
            self.a.append((o, i, f, g))
        return np.stack(self.h[1:], axis=1)

    def backward(self, w, dY):
        d = {name: np.zeros_like(value) for name, value in w.items()} | {"x": np.zeros_like(self.x)}
        dh_next, dc_next = np.zeros_like(self.h[0]), np.zeros_like(self.h[0])
        for t in reversed(range(self.x.shape[1])):
            o, i, f, g = self.a[t]
            c_old, c = self.c[t], self.c[t + 1]
            dh = dY[:, t] + dh_next
            dzo = dh * np.tanh(c) * o * (1 - o)
            dc = dc_next + dh * o * (1 - np.tanh(c) ** 2) + dzo * w["po"]
            dzi = dc * g * i * (1 - i)
            dzf = dc * c_old * f * (1 - f)
            dzg = dc * i * (1 - g**2)
            dh_next = 0
            for G, dz in zip("oifg", (dzo, dzi, dzf, dzg), strict=True):
                d["U" + G] += dz.T @ self.h[t]
                d["V" + G] += dz.T @ self.x[:, t]
                d["b" + G] += dz.sum(axis=0)
                d["x"][:, t] += dz @ w["V" + G]
                dh_next = dh_next + dz @ w["U" + G]
            d["po"] += (dzo * c).sum(axis=0)
            d["pi"] += (dzi * c_old).sum(axis=0)
            d["pf"] += (dzf * c_old).sum(axis=0)
            dc_next = dc * f + dzi * w["pi"] + dzf * w["pf"]
        return d | {"h0": dh_next, "c0": dc_next}
