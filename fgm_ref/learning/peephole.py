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
from fgm_ref.learning.activations import activate, factors
from fgm_ref.learning.lstm import LSTM
from fgm_ref.learning.recurrent import sites_first
from fgm_ref.learning.tape import Tape


class PeepholeLSTM(LSTM):
    """An LSTM layer of k stacked sites with peepholes; weights W (k, 4H, K), and p (k, 3, H) for o, i, f."""

    @classmethod
    def blocks(cls, D: int, H: int) -> dict[str, Shape]:
        """W as in every cell, and the peepholes p of o, i, f."""
        return super().blocks(D, H) | {"p": (3, H)}

    def prepare(self) -> None:
        """Make the arrays: those of the LSTM, and what the peepholes need."""
        super().prepare()
        _, H, k, _ = self.shape
        self.p = np.empty((3, H, k, 1), self.dtype)
        self.p_scaled = np.empty((3, H, k, 1), self.dtype)  # as the weights of a sigmoid are in V
        (self.sigmoid_factor,) = factors(sigmoids=1, tanhs=0, dtype=self.dtype)

    def forward(  # type: ignore[override]  # takes p besides
        self, W: Array, p: Array, x: Array, h0: Array | None = None, c0: Array | None = None
    ) -> Array:
        """W (k, 4H, K), p (k, 3, H), x (T, D, k, B), h0 and c0 (H, k, B) or zero -> h[1:] (T, H, k, B)."""
        self.p[..., 0] = p.transpose(1, 2, 0)
        np.multiply(self.p, self.sigmoid_factor, out=self.p_scaled)
        return self._forward(W, x, h0, c0)

    def step(self, do: Tape, t: int) -> None:
        """Forward."""
        gates = self.a[t]
        o, i_and_f, g_and_c = gates[0], gates[1:3], self.gates_and_c[t, 3:]
        new, kept = self.parts
        old_c, c, tanh_c, h = self.c[t], self.c[t + 1], self.tanh_c[t], self.h[t + 1]
        p_o, p_if = self.p_scaled[0], self.p_scaled[1:]
        # z = W [h[t-1]; x[t]; 1]
        do.matmul(self.V, sites_first(self.u[t]), out=sites_first(self.z[t]))
        # [i; f] = σ(z + p ⊙ c[t-1]),   g = tanh(z)
        do(np.multiply, p_if, old_c, out=self.parts)
        do(np.add, i_and_f, self.parts, out=i_and_f)
        activate(do, gates[1:], sigmoids=2)
        # c[t] = i ⊙ g + f ⊙ c[t-1]
        do(np.multiply, i_and_f, g_and_c, out=self.parts)
        do(np.add, new, kept, out=c)
        # o = σ(z + p_o ⊙ c[t])
        do(np.multiply, p_o, c, out=new)
        do(np.add, o, new, out=o)
        activate(do, gates[:1], sigmoids=1)
        # h[t] = o ⊙ tanh(c[t])
        do(np.tanh, c, out=tanh_c)
        do(np.multiply, o, tanh_c, out=h)

    def backward(  # type: ignore[override]  # takes p and dp besides
        self, W: Array, p: Array, dW: Array, dp: Array, dY: Array
    ) -> None:
        """Write the gradients to dW (k, 4H, K) and dp (k, 3, H).

        p are the weights of the last `forward`.  dY is the upstream gradient, as in `LSTM.backward`.
        """
        super().backward(W, dW, dY)
        # dp_o = Σ_t dz_o[t] ⊙ c[t],   dp_i and dp_f = Σ_t dz[t] ⊙ c[t-1]; summed over the samples as well
        dz_o, dz_if = self.dz_of_gates[:, 0], self.dz_of_gates[:, 1:3]
        dp[:, 0] = np.einsum("thkb,thkb->kh", dz_o, self.c[1:])
        dp[:, 1:] = np.einsum("tghkb,thkb->kgh", dz_if, self.c[:-1])

    def step_back(self, do: Tape, t: int) -> None:
        """Backward; the base class adds  dh[t-1] = Whᵀ dz[t] + dY[t-1]."""
        dc = self.dc
        dz_o, dz_if = self.dz_of_gates[t, 0], self.dz_of_gates[t, 1:3]
        p_o, p_if = self.p[0], self.p[1:]
        through_i, through_f = self.parts
        self.back_through_h(do, t)
        # dc[t] += p_o ⊙ dz_o
        do(np.multiply, p_o, dz_o, out=through_i)
        do(np.add, dc, through_i, out=dc)
        self.back_through_c(do, t)
        # dc[t-1] += p_i ⊙ dz_i + p_f ⊙ dz_f
        do(np.multiply, p_if, dz_if, out=self.parts)
        do(np.add, dc, through_i, out=dc)
        do(np.add, dc, through_f, out=dc)
