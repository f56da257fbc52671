"""The LSTM layer (without peepholes): four gates, one matrix, back-propagation through time by hand.

    k  sites, each with its own weights      D  features of the input     u[t] = [h[t-1]; x[t]; 1]
    B  samples per site                      H  hidden units              K    = H + D + 1
    T  time steps                            o, i, f  output, input, forget gate      g  candidate

Forward (Hochreiter & Schmidhuber 1997; forget gate: Gers, Schmidhuber & Cummins 2000), the gates in one
product:

    [o; i; f; g] = [σ; σ; σ; tanh](W u[t])        c[t] = f ⊙ c[t-1] + i ⊙ g        h[t] = o ⊙ tanh(c[t])

Backward: Werbos 1990, applied to these three equations from right to left.  The order o, i, f, g keeps the
three sigmoids together.

What a time step does is recorded once and played in every call (see `tape.py`).  In the arrays the states before
step t are h[t] and c[t], and those after it h[t+1] and c[t+1].
"""

from __future__ import annotations

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.learning.activations import ONE, record_tanh
from fgm_ref.learning.params import Rng
from fgm_ref.learning.recurrent import Recurrent, sites_first
from fgm_ref.learning.tape import Tape


class LSTM(Recurrent):
    """An LSTM layer of k stacked sites, `LSTM(k, D, H, T, B, dtype, truncate=0)`; weights W (k, 4H, K).

    Public, besides `h`: the cell states `c` (T+1, H, k, B), of which c[0] is the initial and c[-1] the final one,
    and the values of the gates `a` (T, 4, H, k, B).
    """

    gates = ("o", "i", "f", "g")
    sigmoids = 3
    states = ("h", "c")

    @classmethod
    def initial(cls, rng: Rng, D: int, H: int) -> Array:
        """One initial W (4H, K) as in `Recurrent.initial`, but with forget bias 1, so that a new cell remembers."""
        W = super().initial(rng, D, H)
        W[2 * H : 3 * H, -1] = 1
        return W

    def prepare(self) -> None:
        """Make the arrays of the forward pass, and of the backward pass."""
        T, H, k, B = self.shape
        # The old cell state follows the gates in memory: o, i, f, g, c.
        self.gates_and_c = np.empty((T + 1, 5, H, k, B), self.dtype)
        self.a = self.gates_and_c[:T, :4]
        self.c = self.gates_and_c[:, 4]
        self.tanh_c = np.empty((T, H, k, B), self.dtype)
        self.parts = np.empty((2, H, k, B), self.dtype)
        # The slopes at c, o, i, f and g.  Those at the gates become dz.
        self.at = np.empty((T, 5, H, k, B), self.dtype)
        self.dz = self.at[:, 1:].reshape(T, 4 * H, k, B)
        self.dc = np.empty((H, k, B), self.dtype)

    def forward(
        self, W: Array, x: Array, h0: Array | None = None, c0: Array | None = None
    ) -> Array:
        """W (k, 4H, K), x (T, D, k, B), h0 and c0 (H, k, B) or zero -> all outputs h[1:] (T, H, k, B)."""
        return self._forward(W, x, h0, c0)

    def step(self, do: Tape, t: int) -> None:
        """Forward."""
        T, H, k, B = self.shape
        gates = self.a[t]
        o, i_and_f = gates[0], gates[1:3]
        g_and_c = self.gates_and_c[t, 3:]
        new, kept = self.parts
        c, tanh_c, h = self.c[t + 1], self.tanh_c[t], self.h[t + 1]
        # z = W [h[t-1]; x[t]; 1]
        z = gates.reshape(4 * H, k, B)
        do.matmul(self.V, sites_first(self.u[t]), out=sites_first(z))
        # [o; i; f; g] = [σ; σ; σ; tanh](z)
        self.activate.record(do, gates)
        # c[t] = i ⊙ g + f ⊙ c[t-1]
        do(np.multiply, i_and_f, g_and_c, out=self.parts)
        do(np.add, new, kept, out=c)
        # h[t] = o ⊙ tanh(c[t])
        record_tanh(do, c, out=tanh_c)
        do(np.multiply, o, tanh_c, out=h)

    def backward(self, W: Array, dW: Array, dY: Array) -> None:
        """Write the gradient of W to dW (k, 4H, K).

        dY is the upstream gradient: (T, H, k, B) at every output, or (H, k, B) at the last output only.
        """
        self._backward(W, dW, dY)

    def slopes(self, do: Tape) -> None:
        """The derivatives inside all steps: ∂h/∂c, ∂h/∂z_o, ∂c/∂z_i, ∂c/∂z_f and ∂c/∂z_g."""
        one = ONE[self.dtype]
        o, i, _, g = self.a.swapaxes(0, 1)
        tanh_c = self.tanh_c
        at_c, at_o, _, _, at_g = self.at.swapaxes(0, 1)
        # ∂h/∂c = o ⊙ (1 - tanh²(c))
        do(np.multiply, tanh_c, tanh_c, out=at_c)
        do(np.subtract, one, at_c, out=at_c)
        do(np.multiply, at_c, o, out=at_c)
        # ∂c/∂z_g = i ⊙ (1 - g²)
        do(np.multiply, g, g, out=at_g)
        do(np.subtract, one, at_g, out=at_g)
        do(np.multiply, at_g, i, out=at_g)
        # ∂h/∂z_o = σ'(z_o) ⊙ tanh(c),   ∂c/∂z_i = σ'(z_i) ⊙ g,   ∂c/∂z_f = σ'(z_f) ⊙ c[t-1],   σ' = σ (1 - σ)
        σ = self.a[:, :3]
        at_oif = self.at[:, 1:4]
        at_if = self.at[:, 2:4]
        do(np.subtract, one, σ, out=at_oif)
        do(np.multiply, at_oif, σ, out=at_oif)
        do(np.multiply, at_o, tanh_c, out=at_o)
        do(np.multiply, at_if, self.gates_and_c[:-1, 3:], out=at_if)

    def step_back(self, do: Tape, t: int) -> None:
        """Backward; the base class adds  dh[t-1] = Whᵀ dz[t] + dY[t-1]."""
        dc, f = self.dc, self.a[t, 2]
        at_c, at_c_and_o, at_ifg = self.at[t, 0], self.at[t, :2], self.at[t, 2:]
        # dz_o = dh[t] ⊙ ∂h[t]/∂z_o,   dc[t] += dh[t] ⊙ ∂h[t]/∂c[t]
        do(np.multiply, at_c_and_o, self.dh, out=at_c_and_o)
        do(np.add, dc, at_c, out=dc)
        # dz_i, dz_f, dz_g = dc[t] ⊙ ∂c[t]/∂z
        do(np.multiply, at_ifg, dc, out=at_ifg)
        # dc[t-1] = dc[t] ⊙ f
        do(np.multiply, dc, f, out=dc)
