"""The LSTM layer with peepholes: the gates see the cell state as well (Gers & Schmidhuber 2000).

    k  sites, each with its own weights      D  features of the input     u[t] = [h[t-1]; x[t]; 1]
    B  samples per site                      H  hidden units              K    = H + D + 1
    T  time steps                            o, i, f  output, input, forget gate      g  candidate

Unlike `lstm.py`, every hidden unit has three more weights p_o, p_i, p_f.  The input and forget gates see the
old cell state.  The output gate sees the new one, so it is computed last:

    i = σ(W_i u[t] + p_i ⊙ c[t-1])     f = σ(W_f u[t] + p_f ⊙ c[t-1])     o = σ(W_o u[t] + p_o ⊙ c[t])

A layer has 4H(H + D + 1) + 3H parameters.
"""

from __future__ import annotations

import numpy as np

from fgm_ref.arrays import Array, Shape
from fgm_ref.learning.activations import overflow_is_fine, sigmoid, tanh
from fgm_ref.learning.layers import sites_first
from fgm_ref.learning.lstm import LSTMCache


class PeepholeLSTM(LSTMCache):
    """An LSTM layer of k stacked sites with peepholes; weights W (k, 4H, K), and p (k, 3, H) for o, i, f."""

    @classmethod
    def blocks(cls, D: int, H: int) -> dict[str, Shape]:
        """W as in every cell, and the peepholes p of o, i, f."""
        return super().blocks(D, H) | {"p": (3, H)}

    @overflow_is_fine
    def forward(
        self, W: Array, p: Array, x: Array, h0: Array | None = None, c0: Array | None = None
    ) -> Array:
        """W (k, 4H, K), p (k, 3, H), x (T, D, k, B), h0 and c0 (H, k, B) or zero -> h[1:] (T, H, k, B)."""
        T, H, k, B = self.shape
        c, p = self.c, p.transpose(1, 2, 0)[..., None]  # p (3, H, k, 1)
        self._begin_forward(x, h0)
        c[0] = 0 if c0 is None else c0
        for t in range(T):
            z = self.a[t]
            np.matmul(W, sites_first(self.u[t]), out=sites_first(z.reshape(4 * H, k, B)))
            o, i, f, g = z
            # [i; f] = σ(z + p ⊙ c[t-1]),   g = tanh(z)
            z[1:3] += p[1:] * c[t]
            sigmoid(z[1:3])
            tanh(g, out=g)
            # c[t] = f ⊙ c[t-1] + i ⊙ g
            np.multiply(f, c[t], out=c[t + 1])
            c[t + 1] += i * g
            # o = σ(z + p_o ⊙ c[t]),   h[t] = o ⊙ tanh(c[t])
            o += p[0] * c[t + 1]
            sigmoid(o)
            tanh(c[t + 1], out=self.tanh_c[t])
            np.multiply(o, self.tanh_c[t], out=self.h[t + 1])
        return self.h[1:]

    def backward(self, W: Array, p: Array, dW: Array, dp: Array, dY: Array) -> tuple[Array, Array]:
        """Write the gradients to dW (k, 4H, K) and dp (k, 3, H), return dh0 and dc0 (H, k, B).

        dY is the upstream gradient, as in `LSTM.backward`.
        """
        T, H, k, B = self.shape
        dh, dc, every = self.dh, self.dc, self._begin_backward(dY)
        dc[...] = 0
        WhT, p = W[:, :, :H].swapaxes(1, 2), p.transpose(1, 2, 0)[..., None]
        gates = self.dz.reshape(T, 4, H, k, B)
        for t in reversed(range(T)):
            a, dz, tanh_c = self.a[t], gates[t], self.tanh_c[t]
            o, i, f, g = a
            np.multiply(a[:3], 1 - a[:3], out=dz[:3])  # σ' = a(1 - a)
            # dz_o = dh ⊙ tanh(c[t]) ⊙ σ',   dc[t] += dh ⊙ o ⊙ (1 - tanh²(c[t])) + p_o ⊙ dz_o
            dz[0] *= dh * tanh_c
            dc += dh * o * (1 - tanh_c * tanh_c) + p[0] * dz[0]
            # dz_i = dc ⊙ g ⊙ σ',   dz_f = dc ⊙ c[t-1] ⊙ σ',   dz_g = dc ⊙ i ⊙ (1 - g²)
            dz[1] *= dc * g
            dz[2] *= dc * self.c[t]
            np.multiply(dc * i, 1 - g * g, out=dz[3])
            # dc[t-1] = dc[t] ⊙ f + p_i ⊙ dz_i + p_f ⊙ dz_f,   dh[t-1] = Whᵀ dz[t] + dY[t-1]
            dc *= f
            dc += p[1] * dz[1] + p[2] * dz[2]
            np.matmul(WhT, sites_first(self.dz[t]), out=sites_first(dh))
            if t and t % self.truncate == 0:
                dh[...], dc[...] = 0, 0
            if t and every:
                dh += dY[t - 1]
        self._weight_gradient(dW)
        # dp_o = Σ_t dz_o[t] ⊙ c[t],   dp_i and dp_f = Σ_t dz[t] ⊙ c[t-1]; summed over the samples as well
        dp[:, 0] = np.einsum("thkb,thkb->kh", gates[:, 0], self.c[1:])
        dp[:, 1:] = np.einsum("tghkb,thkb->kgh", gates[:, 1:3], self.c[:-1])
        return dh, dc
