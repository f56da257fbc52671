"""The LSTM layer (without peepholes): four gates, one matrix, back-propagation through time by hand.

    k  sites, each with its own weights      D  features of the input     u[t] = [h[t-1]; x[t]; 1]
    B  samples per site                      H  hidden units              K    = H + D + 1
    T  time steps                            o, i, f  output, input, forget gate      g  candidate

Forward (Hochreiter & Schmidhuber 1997; forget gate: Gers, Schmidhuber & Cummins 2000), the gates in one
product:

    [o; i; f; g] = [σ; σ; σ; tanh](W u[t])        c[t] = f ⊙ c[t-1] + i ⊙ g        h[t] = o ⊙ tanh(c[t])

Backward: Werbos 1990, applied to these three equations from right to left.  The order o, i, f, g keeps the
three sigmoids together.  Since tanh(z) = 2σ(2z) - 1, one exponential serves all four gates.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fgm_ref.arrays import Array
from fgm_ref.learning.activations import ONE, logistic, overflow_is_fine, tanh
from fgm_ref.learning.layers import Recurrent, sites_first


class LSTMCache(Recurrent):
    """The arrays of an LSTM layer, with or without peepholes.

    Public, besides `h`: the cell states `c` (T+1, H, k, B), of which c[0] is the initial and c[-1] the final one,
    and the values of the gates `a` (T, 4, H, k, B).

    In memory c[t-1] follows the gates of step t, so that [i; f] ⊙ [g; c[t-1]] is one multiplication.
    """

    gates = ("o", "i", "f", "g")
    states = ("h", "c")

    def __init__(
        self, k: int, D: int, H: int, T: int, B: int, dtype: npt.DTypeLike, truncate: int = 0
    ) -> None:
        super().__init__(k, D, H, T, B, dtype, truncate)
        self.gates_and_c = np.empty((T + 1, 5, H, k, B), dtype)
        self.a, self.c = self.gates_and_c[:T, :4], self.gates_and_c[:, 4]
        self.tanh_c = np.empty((T, H, k, B), dtype)
        self.dc = np.empty((H, k, B), dtype)

    @classmethod
    def initial(cls, rng: np.random.Generator, D: int, H: int) -> Array:
        """One initial W (4H, K) as in `Recurrent.initial`, but with forget bias 1, so that a new cell remembers."""
        W = super().initial(rng, D, H)
        W[2 * H : 3 * H, -1] = 1
        return W


class LSTM(LSTMCache):
    """An LSTM layer of k stacked sites, `LSTM(k, D, H, T, B, dtype, truncate=0)`; weights W (k, 4H, K)."""

    def __init__(
        self, k: int, D: int, H: int, T: int, B: int, dtype: npt.DTypeLike, truncate: int = 0
    ) -> None:
        super().__init__(k, D, H, T, B, dtype, truncate)
        # the slopes ∂h/∂c, followed by those at the gates, which become dz
        self.slopes = np.empty((T, 5, H, k, B), dtype)
        self.dz = self.slopes[:, 1:].reshape(T, 4 * H, k, B)
        # tanh(z) = 2 σ(2z) - 1: the factors of the gate g after and before the exponential
        self._scale = np.array([1, 1, 1, 2], dtype)[:, None, None, None]
        self._inner_scale = np.repeat(-self._scale, H)[:, None]
        self._V = np.empty((k, 4 * H, H + D + 1), dtype)
        self._parts = np.empty((2, H, k, B), dtype)
        # views of every time step, made once: a small network would spend most of its time on making them
        self._forward_views = [
            (
                sites_first(self.u[t]),
                sites_first(a.reshape(4 * H, k, B)),
                a,
                a[0],
                a[1:3],
                a[3],
                self.gates_and_c[t, 3:],
                self.c[t + 1],
                self.tanh_c[t],
                self.h[t + 1],
            )
            for t, a in enumerate(self.a)
        ]
        self._backward_views = [
            (t, slopes[:2], slopes[0], slopes[2:], f, sites_first(dz))
            for t, slopes, f, dz in zip(range(T), self.slopes, self.a[:, 2], self.dz, strict=True)
        ]

    @overflow_is_fine
    def forward(
        self, W: Array, x: Array, h0: Array | None = None, c0: Array | None = None
    ) -> Array:
        """W (k, 4H, K), x (T, D, k, B), h0 and c0 (H, k, B) or zero -> all outputs h[1:] (T, H, k, B)."""
        self._begin_forward(x, h0)
        self.c[0] = 0 if c0 is None else c0
        one, parts = ONE[self.dtype], self._parts
        fresh, kept = parts
        V = np.multiply(W, self._inner_scale, out=self._V)
        for u, z, gates, o, i_and_f, g, g_and_c, c, tanh_c, h in self._forward_views:
            # z = W [h[t-1]; x[t]; 1],   [o; i; f] = σ(z),   g = tanh(z) = 2 σ(2z) - 1;   σ(z) = 1/(1 + exp(-z))
            np.matmul(V, u, out=z)
            logistic(gates, self._scale)
            g -= one
            # c[t] = i ⊙ g + f ⊙ c[t-1]
            np.multiply(i_and_f, g_and_c, out=parts)
            np.add(fresh, kept, out=c)
            # h[t] = o ⊙ tanh(c[t])
            tanh(c, out=tanh_c)
            np.multiply(o, tanh_c, out=h)
        return self.h[1:]

    def backward(self, W: Array, dW: Array, dY: Array) -> tuple[Array, Array]:
        """Write the gradient of W to dW (k, 4H, K), return dh0 and dc0 (H, k, B), those at the initial state.

        dY is the upstream gradient: (T, H, k, B) at every output, or (H, k, B) at the last output only.
        """
        H, dh, dc, every = self.shape[1], self.dh, self.dc, self._begin_backward(dY)
        dc[...] = 0
        WhT, dh_of_sites = W[:, :, :H].swapaxes(1, 2), sites_first(dh)
        self._fill_slopes()
        for t, at_h, at_c, at_ifg, f, dz in reversed(self._backward_views):
            # dz_o = dh[t] ⊙ ∂h[t]/∂z_o,   dc[t] += dh[t] ⊙ ∂h[t]/∂c[t]
            at_h *= dh
            dc += at_c
            # dz_i, dz_f, dz_g = dc[t] ⊙ ∂c[t]/∂z
            at_ifg *= dc
            # dc[t-1] = dc[t] ⊙ f,   dh[t-1] = Whᵀ dz[t] + dY[t-1]
            dc *= f
            np.matmul(WhT, dz, out=dh_of_sites)
            if t and t % self.truncate == 0:
                dh[...], dc[...] = 0, 0
            if t and every:
                dh += dY[t - 1]
        self._weight_gradient(dW)
        return dh, dc

    def _fill_slopes(self) -> None:
        """The derivatives inside the steps, of all steps at once.  They do not depend on the upstream gradient.

        `slopes` (T, 5, H, k, B) := ∂h[t]/∂c[t], ∂h[t]/∂z_o, ∂c[t]/∂z_i, ∂c[t]/∂z_f and ∂c[t]/∂z_g.
        """
        at_c, at_g, at_oif = self.slopes[:, 0], self.slopes[:, 4], self.slopes[:, 1:4]
        (o, i, _, g), one = self.a.swapaxes(0, 1), ONE[self.dtype]
        # ∂h/∂c = o ⊙ (1 - tanh²(c)),   ∂c/∂z_g = i ⊙ (1 - g²)
        for slope, gate, value in ((at_c, o, self.tanh_c), (at_g, i, g)):
            np.multiply(value, value, out=slope)
            np.subtract(one, slope, out=slope)
            slope *= gate
        # ∂h/∂z_o = σ'(z_o) ⊙ tanh(c),   ∂c/∂z_i = σ'(z_i) ⊙ g,   ∂c/∂z_f = σ'(z_f) ⊙ c[t-1],   σ' = σ(1 - σ)
        np.subtract(one, self.a[:, :3], out=at_oif)
        at_oif *= self.a[:, :3]
        at_oif[:, 0] *= self.tanh_c
        at_oif[:, 1:] *= self.gates_and_c[:-1, 3:]
