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
from fgm_ref.learning.activations import activate
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
        self.z = self.a.reshape(T, 4 * H, k, B)  # where the gates are, before they are activated
        self.c = self.gates_and_c[:, 4]
        self.tanh_c = np.empty((T, H, k, B), self.dtype)
        self.dz = np.empty((T, 4 * H, k, B), self.dtype)
        self.dz_of_gates = self.dz.reshape(self.a.shape)
        # Gradients at the new part i ⊙ g of c, and at c itself: dc[t] at first in a step, dc[t-1] after it.
        self.d_new_and_c = np.empty((2, H, k, B), self.dtype)
        self.dc = self.d_new_and_c[1]
        self.parts = np.empty((2, H, k, B), self.dtype)

    def forward(
        self, W: Array, x: Array, h0: Array | None = None, c0: Array | None = None
    ) -> Array:
        """W (k, 4H, K), x (T, D, k, B), h0 and c0 (H, k, B) or zero -> all outputs h[1:] (T, H, k, B)."""
        return self._forward(W, x, h0, c0)

    def step(self, do: Tape, t: int) -> None:
        """Forward."""
        gates = self.a[t]
        o, i_and_f, g_and_c = gates[0], gates[1:3], self.gates_and_c[t, 3:]
        new, kept = self.parts
        c, tanh_c, h = self.c[t + 1], self.tanh_c[t], self.h[t + 1]
        # z = W [h[t-1]; x[t]; 1]; V is W with the factors that the activations want (see `activations.py`)
        do.matmul(self.V, sites_first(self.u[t]), out=sites_first(self.z[t]))
        # [o; i; f; g] = [σ; σ; σ; tanh](z)
        activate(do, gates, self.sigmoids)
        # c[t] = i ⊙ g + f ⊙ c[t-1]
        do(np.multiply, i_and_f, g_and_c, out=self.parts)
        do(np.add, new, kept, out=c)
        # h[t] = o ⊙ tanh(c[t])
        do(np.tanh, c, out=tanh_c)
        do(np.multiply, o, tanh_c, out=h)

    def step_back(self, do: Tape, t: int) -> None:
        """Backward; the base class adds  dh[t-1] = Whᵀ dz[t] + dY[t-1].

        A slope is σ' = σ (1 - σ) or tanh' = 1 - tanh².  Products with these are written as differences, for
        q (1 - σ) = q - q σ.
        """
        self.back_through_h(do, t)
        self.back_through_c(do, t)

    def back_through_h(self, do: Tape, t: int) -> None:
        """Backward through h[t] = o ⊙ tanh(c[t])."""
        o, tanh_c = self.a[t, 0], self.tanh_c[t]
        dc, dz_o = self.dc, self.dz_of_gates[t, 0]
        p, product = self.parts
        # p = dh ⊙ o,   q = dh ⊙ o ⊙ tanh(c), in the place where dz_o will be
        q = dz_o
        do(np.multiply, self.dh, o, out=p)
        do(np.multiply, p, tanh_c, out=q)
        # dc[t] += dh ⊙ o ⊙ (1 - tanh²(c)) = p - q ⊙ tanh(c)
        do(np.add, dc, p, out=dc)
        do(np.multiply, q, tanh_c, out=product)
        do(np.subtract, dc, product, out=dc)
        # dz_o = dh ⊙ tanh(c) ⊙ o (1 - o) = q - q ⊙ o
        do(np.multiply, q, o, out=product)
        do(np.subtract, q, product, out=dz_o)

    def back_through_c(self, do: Tape, t: int) -> None:
        """Backward through c[t] = i ⊙ g + f ⊙ c[t-1]."""
        i, f, g = self.a[t, 1:]
        i_and_f, g_and_c = self.a[t, 1:3], self.gates_and_c[t, 3:]
        d_new, dc = self.d_new_and_c
        dz_i_and_f, dz_g = self.dz_of_gates[t, 1:3], self.dz_of_gates[t, 3]
        # d_new = dc[t] ⊙ i,   dc[t-1] = dc[t] ⊙ f
        do(np.multiply, dc, i, out=d_new)
        do(np.multiply, dc, f, out=dc)
        # q = [dc[t] ⊙ i ⊙ g; dc[t] ⊙ f ⊙ c[t-1]], in the place where dz_i and dz_f will be
        q = dz_i_and_f
        do(np.multiply, self.d_new_and_c, g_and_c, out=q)
        # dz_g = dc[t] ⊙ i ⊙ (1 - g²) = d_new - q_i ⊙ g
        do(np.multiply, q[0], g, out=dz_g)
        do(np.subtract, d_new, dz_g, out=dz_g)
        # dz_i = dc[t] ⊙ g ⊙ i (1 - i) = q_i - q_i ⊙ i,   and dz_f likewise
        do(np.multiply, q, i_and_f, out=self.parts)
        do(np.subtract, q, self.parts, out=dz_i_and_f)
