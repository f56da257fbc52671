"""The LSTM layer (without peepholes): four gates, one matrix, back-propagation through time by hand.

    k  sites, each with its own weights      D  features of the input     u[t] = [h[t-1]; x[t]; 1]
    B  samples per site                      H  hidden units              K    = H + D + 1
    T  time steps                            o, i, f  output, input, forget gate      g  candidate

Forward (Hochreiter & Schmidhuber 1997; forget gate: Gers, Schmidhuber & Cummins 2000), the gates in one
product:

    [o; i; f; g] = [σ; σ; σ; tanh](W u[t])        c[t] = f ⊙ c[t-1] + i ⊙ g        h[t] = o ⊙ tanh(c[t])

Backward: Werbos 1990, applied to these three equations from the right to the left.  The order o, i, f, g
keeps the three sigmoids together, and σ(z) = (tanh(z/2) + 1)/2 lets one tanh serve all four; nor can it
overflow.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fgm_ref.layers import Recurrent, sites_first
from fgm_ref.params import Array


class LSTMCache(Recurrent):
    """The arrays of an LSTM layer, with or without peepholes.

    Public beside `h`: the cell states `c` (T+1, H, k, B), c[0] the initial and c[-1] the final one, and the
    values of the gates `a` (T, 4, H, k, B).
    """

    gates = 4

    def __init__(self, k: int, D: int, H: int, T: int, B: int, dtype: npt.DTypeLike, truncate: int = 0) -> None:
        super().__init__(k, D, H, T, B, dtype, truncate)
        self.a = np.empty((T, 4, H, k, B), dtype)
        self.c = np.empty((T + 1, H, k, B), dtype)
        self.tanh_c = np.empty((T, H, k, B), dtype)
        self.dc = np.empty((H, k, B), dtype)

    @classmethod
    def initial(cls, rng: np.random.Generator, D: int, H: int) -> Array:
        """One initial W (4H, K) as in `Recurrent.initial`, but forget bias 1: a young cell remembers."""
        W = super().initial(rng, D, H)
        W[2 * H : 3 * H, -1] = 1
        return W


class LSTM(LSTMCache):
    """An LSTM layer of k stacked sites, `LSTM(k, D, H, T, B, dtype, truncate=0)`; weights W (k, 4H, K)."""

    def __init__(self, k: int, D: int, H: int, T: int, B: int, dtype: npt.DTypeLike, truncate: int = 0) -> None:
        super().__init__(k, D, H, T, B, dtype, truncate)
        self.dh_dc = np.empty((T, H, k, B), dtype)

    def forward(self, W: Array, x: Array, h0: Array | None = None, c0: Array | None = None) -> Array:
        """W (k, 4H, K), x (T, D, k, B), h0 and c0 (H, k, B) or zero -> all outputs h[1:] (T, H, k, B)."""
        T, H, k, B = self.shape
        c = self.c
        self._begin_forward(x, h0)
        c[0] = 0 if c0 is None else c0
        for t in range(T):
            z = self.a[t]
            # [o; i; f; g] = [σ; σ; σ; tanh](W [h[t-1]; x[t]; 1])
            np.matmul(W, sites_first(self.u[t]), out=sites_first(z.reshape(4 * H, k, B)))
            sigmoids = z[:3]
            sigmoids *= 0.5
            np.tanh(z, out=z)
            sigmoids += 1
            sigmoids *= 0.5
            o, i, f, g = z
            # c[t] = f ⊙ c[t-1] + i ⊙ g
            np.multiply(f, c[t], out=c[t + 1])
            c[t + 1] += i * g
            # h[t] = o ⊙ tanh(c[t])
            np.tanh(c[t + 1], out=self.tanh_c[t])
            np.multiply(o, self.tanh_c[t], out=self.h[t + 1])
        return self.h[1:]

    def backward(self, W: Array, dW: Array, dY: Array) -> tuple[Array, Array]:
        """Write the gradient of W to dW (k, 4H, K), return dh0 and dc0 (H, k, B), those at the initial state.

        dY is the upstream gradient: (T, H, k, B) at every output, or (H, k, B) at the last output only.
        """
        T, H, _, _ = self.shape
        dh, dc, every = self.dh, self.dc, self._begin_backward(dY)
        dc[...] = 0
        WhT = W[:, :, :H].swapaxes(1, 2)
        dz = self._slopes()
        for t in reversed(range(T)):
            # dc[t] += dh[t] ⊙ ∂h[t]/∂c[t]
            dc += dh * self.dh_dc[t]
            # dz_o = dh[t] ⊙ ∂h[t]/∂z_o,   dz_i, dz_f, dz_g = dc[t] ⊙ ∂c[t]/∂z
            dz[t, 0] *= dh
            dz[t, 1:] *= dc
            # dc[t-1] = dc[t] ⊙ f,   dh[t-1] = Whᵀ dz[t] + dY[t-1]
            dc *= self.a[t, 2]
            np.matmul(WhT, sites_first(self.dz[t]), out=sites_first(dh))
            if t and t % self.truncate == 0:
                dh[...], dc[...] = 0, 0
            if t and every:
                dh += dY[t - 1]
        self._weight_gradient(dW)
        return dh, dc

    def _slopes(self) -> Array:
        """The derivatives inside the steps, of all steps at once: they need no gradient from above.

        Returns ∂h[t]/∂z_o, ∂c[t]/∂z_i, ∂c[t]/∂z_f and ∂c[t]/∂z_g as one view (T, 4, H, k, B) of `dz`.
        """
        T, H, k, B = self.shape
        sigmoids, tanh_c, dh_dc, dz = self.a[:, :3], self.tanh_c, self.dh_dc, self.dz.reshape(T, 4, H, k, B)
        o, i, _, g = self.a.swapaxes(0, 1)
        # ∂h/∂c = o ⊙ (1 - tanh²(c))
        np.multiply(tanh_c, tanh_c, out=dh_dc)
        np.subtract(1, dh_dc, out=dh_dc)
        dh_dc *= o
        # ∂h/∂z_o = σ'(z_o) ⊙ tanh(c),   ∂c/∂z_i = σ'(z_i) ⊙ g,   ∂c/∂z_f = σ'(z_f) ⊙ c[t-1],   σ' = σ(1 - σ)
        np.subtract(1, sigmoids, out=dz[:, :3])
        dz[:, :3] *= sigmoids
        dz[:, 0] *= tanh_c
        dz[:, 1] *= g
        dz[:, 2] *= self.c[:T]
        # ∂c/∂z_g = i ⊙ (1 - g²)
        np.multiply(g, g, out=dz[:, 3])
        np.subtract(1, dz[:, 3], out=dz[:, 3])
        dz[:, 3] *= i
        return dz
