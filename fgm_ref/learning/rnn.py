"""The vanilla (Elman) recurrent layer: one equation forward, and back-propagation through time by hand.

    k  sites, each with its own weights      D  features of the input     u[t] = [h[t-1]; x[t]; 1]
    B  samples per site                      H  hidden units              K    = H + D + 1
    T  time steps

Forward (Elman 1990):  h[t] = tanh(W u[t])
Backward (Werbos 1990, "Backpropagation through time: what it does and how to do it"): unroll the recursion
and apply the chain rule from the last step to the first.

What a time step does is recorded once and played in every call (see `tape.py`).  In the arrays the state before
step t is h[t] and the one after it h[t+1].

But it does not handle long lags: dh shrinks (or grows) at every step back.  `lstm.py` is the cure.
"""

from __future__ import annotations

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.learning.activations import ONE
from fgm_ref.learning.recurrent import Recurrent, sites_first
from fgm_ref.learning.tape import Tape


class RNN(Recurrent):
    """A tanh layer of k stacked sites, `RNN(k, D, H, T, B, dtype, truncate=0)`; weights W (k, H, K)."""

    gates = ("h",)

    def prepare(self) -> None:
        """Make the array of the gradients at z."""
        T, H, k, B = self.shape
        self.dz = np.empty((T, H, k, B), self.dtype)

    def forward(self, W: Array, x: Array, h0: Array | None = None) -> Array:
        """W (k, H, K), x (T, D, k, B), h0 (H, k, B) or zero -> all outputs h[1:] (T, H, k, B)."""
        return self._forward(W, x, h0)

    def step(self, do: Tape, t: int) -> None:
        """Forward."""
        u = sites_first(self.u[t])
        h = self.h[t + 1]
        # z = W [h[t-1]; x[t]; 1]
        do.matmul(self.V, u, out=sites_first(h))
        # h[t] = tanh(z)
        do(np.tanh, h, out=h)

    def step_back(self, do: Tape, t: int) -> None:
        """Backward; the base class adds  dh[t-1] = Whᵀ dz[t] + dY[t-1]."""
        h, dz = self.h[t + 1], self.dz[t]
        # dz[t] = dh[t] ⊙ (1 - h[t]²)
        do(np.multiply, h, h, out=dz)
        do(np.subtract, ONE[self.dtype], dz, out=dz)
        do(np.multiply, dz, self.dh, out=dz)
