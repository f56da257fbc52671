"""What the recurrent layers share, and the layers around them: embedding, dropout, readout.

    k  sites, each with its own weights      D  features of the input     O  outputs
    B  samples per site                      H  hidden units              V  words in the vocabulary
    T  time steps                            K  = H + D + 1               (for words, D is a vector's length)

Inside the network arrays run (time, feature, site, sample): one feature of all sites and samples is one
contiguous slab, which is what element-wise operations like, and each site's matrix (feature, sample) is one
BLAS call.

Every recurrent layer belongs to one shape (k, B, T) and owns the arrays of its forward and backward pass (its
*cache*).  What a method returns is a view into that cache, valid until the layer's next call.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from fgm_ref.arrays import Array, expect_shape
from fgm_ref.learning.params import glorot, orthogonal


def sites_first(m: Array) -> Array:
    """(feature, site, sample) seen as (site, feature, sample), a view: a matrix per site for `np.matmul`."""
    return m.swapaxes(0, 1)


class Recurrent:
    """Base of the recurrent layers: the input columns, and the products that follow the backward time loop.

    A layer has `gates` blocks of H rows in its only matrix W (k, gates·H, K), which acts on
    u[t] = [h[t-1]; x[t]; 1]: recurrent weights, input weights and bias at once.

    Public array: `h` (T+1, H, k, B), the state after 0, 1, ... T steps; h[0] is the initial one.
    """

    gates: int

    def __init__(
        self, k: int, D: int, H: int, T: int, B: int, dtype: npt.DTypeLike, truncate: int = 0
    ) -> None:
        """`truncate` > 0: the gradient stops at t = truncate, 2·truncate, ...; the state goes on."""
        rows = self.gates * H
        self.shape, self.dtype = (T, H, k, B), np.dtype(dtype)
        self.truncate = truncate or T
        self.u = np.zeros((T + 1, H + D + 1, k, B), dtype)
        self.u[:, -1] = 1
        self.h = self.u[:, :H]
        self.dz = np.empty((T, rows, k, B), dtype)  # gradient at the pre-activations z = W u
        self.dh = np.empty((H, k, B), dtype)
        self._dz_columns = np.empty((k, rows, T, B), dtype)
        self._u_columns = np.empty((k, H + D + 1, T, B), dtype)
        self._dx = np.empty((k, D, T * B), dtype)
        self._row = np.dtype((np.void, B * self.dtype.itemsize))

    @classmethod
    def initial(cls, rng: np.random.Generator, D: int, H: int) -> Array:
        """One initial W (gates·H, K): for each gate orthogonal recurrent, Glorot input weights, bias 0."""
        gates = range(cls.gates)
        parts = [
            np.hstack([orthogonal(rng, H), glorot(rng, H, D), np.zeros((H, 1))]) for _ in gates
        ]
        return np.vstack(parts)

    def _begin_forward(self, x: Array, h0: Array | None) -> None:
        """Fill u with the inputs x (T, D, k, B) and the initial state h0 (H, k, B), zero by default."""
        T, H, k, B = self.shape
        expect_shape("x", x, (T, self.u.shape[1] - H - 1, k, B))
        self.u[:T, H:-1] = x
        self.h[0] = 0 if h0 is None else h0

    def _begin_backward(self, dY: Array) -> bool:
        """Start dh at the last step's upstream gradient; say whether dY holds the gradients of all steps."""
        T, H, k, B = self.shape
        every = dY.ndim == 4
        expect_shape("dY", dY, (T, H, k, B) if every else (H, k, B))
        self.dh[...] = dY[-1] if every else dY
        return every

    def _weight_gradient(self, dW: Array) -> None:
        """Write the gradient of W to dW (k, gates·H, K): one product for all time steps, put side by side."""
        T, _, k, B = self.shape
        # a row of B samples is copied as if it were one number: short copies cost more than what they carry
        for columns, steps in ((self._dz_columns, self.dz), (self._u_columns, self.u[:T])):
            columns.view(self._row)[...] = steps.view(self._row).transpose(2, 1, 0, 3)
        # dW = Σ_t dz[t] u[t]ᵀ
        np.matmul(
            self._dz_columns.reshape(k, -1, T * B),
            self._u_columns.reshape(k, -1, T * B).swapaxes(1, 2),
            out=dW,
        )

    def input_gradient(self, W: Array) -> Array:
        """After `backward`: the gradient at x (T, D, k, B), the upstream gradient of the layer below."""
        T, H, k, B = self.shape
        # dx[t] = Wxᵀ dz[t]
        np.matmul(
            W[:, :, H:-1].swapaxes(1, 2), self._dz_columns.reshape(k, -1, T * B), out=self._dx
        )
        return self._dx.reshape(k, -1, T, B).transpose(2, 1, 0, 3)


class Embedding:
    """A learnt vector for every word: x = E[token].

    But it does not handle padding: word 0 is a word like any other.
    """

    @staticmethod
    def forward(E: Array, tokens: Array) -> Array:
        """E (k, V, D), tokens (k, B, T) integers -> (k, B, T, D).  `IndexError` for a token >= V."""
        site = np.arange(len(E))[:, None, None]
        result: Array = E[site, tokens]
        return result

    @staticmethod
    def backward(dE: Array, tokens: Array, dx: Array) -> None:
        """Write the gradient of E to dE (k, V, D): each word's sum of dx (T, D, k, B) over its places."""
        k, V, D = dE.shape
        rows = dx.transpose(2, 3, 0, 1).reshape(-1, D)
        word = (np.arange(k)[:, None, None] * V + tokens).ravel()  # site and token as one number
        order = np.argsort(word, kind="stable")
        word = word[order]
        first = np.flatnonzero(np.diff(word, prepend=-1))  # where the places of the next word begin
        dE[...] = 0
        dE[np.divmod(word[first], V)] = np.add.reduceat(rows[order], first, axis=0)


class Dropout:
    """Inverted dropout (Srivastava et al. 2014): y = x ⊙ mask.

    The mask is 0 with probability `rate` and 1/(1 - rate) otherwise, so that the mean of y is x.
    """

    def __init__(self, shape: tuple[int, int, int, int], rate: float, dtype: npt.DTypeLike) -> None:
        """`shape` (T, H, k, B) of the values to mask."""
        self.rate = rate
        self.mask = np.empty(shape, dtype)
        self.y = np.empty(shape, dtype)

    def forward(self, x: Array, rngs: Sequence[np.random.Generator]) -> Array:
        """x (T, H, k, B) -> y; site j draws its mask from rngs[j], whatever the other sites do."""
        T, H, _, B = self.mask.shape
        for j, rng in enumerate(rngs):
            self.mask[:, :, j] = rng.random((T, H, B), np.float32) >= self.rate
        self.mask *= 1 / (1 - self.rate)
        return np.multiply(x, self.mask, out=self.y)

    def backward(self, dy: Array) -> Array:
        """Upstream gradient dy (T, H, k, B) -> dx, through the mask of the last `forward`."""
        return np.multiply(dy, self.mask, out=self.y)


class Readout:
    """The linear layer on top, z = W [h; 1], for `steps` time steps (1: the last, T: every one)."""

    def __init__(self, k: int, H: int, O: int, steps: int, B: int, dtype: npt.DTypeLike) -> None:
        """All steps and samples of a site lie side by side: M = steps·B columns."""
        self.v = np.ones((H + 1, k, steps, B), dtype)  # [h; 1]
        self.z = np.empty((O, k, steps * B), dtype)
        self.dz = np.empty((O, k, steps * B), dtype)
        self.dh = np.empty((H, k, steps * B), dtype)

    @staticmethod
    def initial(rng: np.random.Generator, H: int, O: int) -> Array:
        """One initial W (O, H+1): Glorot, bias 0."""
        return np.hstack([glorot(rng, O, H), np.zeros((O, 1))])

    def forward(self, W: Array, h: Array) -> Array:
        """W (k, O, H+1), h (steps, H, k, B) -> z (O, k, M): logits or predictions."""
        self.v[:-1] = h.transpose(1, 2, 0, 3)
        # z = W [h; 1]
        np.matmul(W, sites_first(self.v.reshape(*self.v.shape[:2], -1)), out=sites_first(self.z))
        return self.z

    def backward(self, W: Array, dW: Array) -> Array:
        """Given `self.dz` (O, k, M), write dW (k, O, H+1) and return dh (steps, H, k, B)."""
        H, (_, k, steps, B) = len(self.dh), self.v.shape
        # dW = dz [h; 1]ᵀ      dh = Whᵀ dz
        np.matmul(
            sites_first(self.dz), sites_first(self.v.reshape(H + 1, k, -1)).swapaxes(1, 2), out=dW
        )
        np.matmul(W[:, :, :H].swapaxes(1, 2), sites_first(self.dz), out=sites_first(self.dh))
        return self.dh.reshape(H, k, steps, B).transpose(2, 0, 1, 3)
