"""The vanilla (Elman) recurrent layer: one equation forward, and back-propagation through time by hand.

    k  sites, each with its own weights      D  features of the input     u[t] = [h[t-1]; x[t]; 1]
    B  samples per site                      H  hidden units              K    = H + D + 1
    T  time steps

Forward (Elman 1990):  h[t] = tanh(W u[t])
Backward (Werbos 1990, "Backpropagation through time: what it does and how to do it"): unroll the recursion
and apply the chain rule from the last step to the first.

But it does not handle long lags: dh shrinks (or grows) at every step back.  `lstm.py` is the cure.
"""

from __future__ import annotations

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.learning.activations import ONE, TWO, logistic, overflow_is_fine
from fgm_ref.learning.layers import Recurrent, sites_first, transposed


class RNN(Recurrent):
    """A tanh layer of k stacked sites, `RNN(k, D, H, T, B, dtype, truncate=0)`; weights W (k, H, K)."""

    gates = ("h",)

    def _prepare(self) -> None:
        """Make the views of every time step: a small network would spend most of its time on making them."""
        self._forward_views = []
        self._backward_views = []
        for t, dz in enumerate(self.dz):
            u = self.u[t]
            h = self.h[t + 1]
            self._forward_views.append((sites_first(u), h, sites_first(h)))
            self._backward_views.append((t, dz, sites_first(dz)))

    @overflow_is_fine
    def forward(self, W: Array, x: Array, h0: Array | None = None) -> Array:
        """W (k, H, K), x (T, D, k, B), h0 (H, k, B) or zero -> all outputs h[1:] (T, H, k, B)."""
        self._begin_forward(x, h0)
        V = -2 * W
        one = ONE[self.dtype]
        two = TWO[self.dtype]
        for u, h, h_of_sites in self._forward_views:
            # h[t] = tanh(z),   z = W [h[t-1]; x[t]; 1];   tanh(z) = 2/(1 + exp(-2z)) - 1
            np.matmul(V, u, out=h_of_sites)
            logistic(h, two)
            h -= one
        return self.h[1:]

    def backward(self, W: Array, dW: Array, dY: Array) -> Array:
        """Write the gradient of W to dW (k, H, K), return dh0 (H, k, B), the gradient at the initial state.

        dY is the upstream gradient: (T, H, k, B) at every output, or (H, k, B) at the last output only.
        """
        every = self._begin_backward(dY)
        H = self.shape[1]
        WhT = transposed(W[:, :, :H])
        dh = self.dh
        dh_of_sites = sites_first(dh)
        # tanh' = 1 - h², of all time steps at once
        h = self.h[1:]
        np.multiply(h, h, out=self.dz)
        np.subtract(ONE[self.dtype], self.dz, out=self.dz)
        for t, dz, dz_of_sites in reversed(self._backward_views):
            # dz[t] = dh[t] ⊙ (1 - h[t]²)
            dz *= dh
            # dh[t-1] = Whᵀ dz[t] + dY[t-1]
            np.matmul(WhT, dz_of_sites, out=dh_of_sites)
            if t and t % self.truncate == 0:
                dh[...] = 0
            if t and every:
                dh += dY[t - 1]
        self._weight_gradient(dW)
        return dh
