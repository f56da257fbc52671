"""What the recurrent layers share, and the layers around them: embedding, dropout, readout.

    k  sites, each with its own weights      D  features of the input     O  outputs
    B  samples per site                      H  hidden units              V  words in the vocabulary
    T  time steps                            K  = H + D + 1               (for words, D is a vector's length)

Inside the network arrays run (time, feature, site, sample).  One feature of all sites and samples is then one
contiguous slab, which suits the element-wise operations.  Each site's matrix (feature, sample) is one BLAS call.

Every recurrent layer belongs to one shape (k, B, T).  It owns the arrays of its forward and backward pass (its
*cache*).  What a method returns is a view into that cache, valid until the layer's next call.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import DTypeLike

from fgm_ref.arrays import Array, Shape, expect_shape
from fgm_ref.learning.params import Rng, glorot, orthogonal


def sites_first(m: Array) -> Array:
    """(feature, site, sample) seen as (site, feature, sample), a view: a matrix per site for `np.matmul`."""
    return m.swapaxes(0, 1)


def transposed(m: Array) -> Array:
    """(site, row, column) seen as (site, column, row), a view: each site's matrix transposed."""
    return m.swapaxes(1, 2)


class Recurrent:
    """Base of the cells: their weights and arrays, and the products that follow the backward time loop.

    The matrix W (k, gates·H, K) has a block of H rows for every gate.  It acts on u[t] = [h[t-1]; x[t]; 1]:
    recurrent weights, input weights and bias at once.  A new cell is a subclass, and a line in `spec.CELLS`.  It says

        gates       the names of its gates, in the order of W's rows
        states      the names of what it hands on from step to step, arrays (T+1, H, k, B) each
        blocks      its weights: W, and others if it has them
        forward     (*weights, x, h0=None, ...) -> h[1:] (T, H, k, B); an argument for each initial state
        backward    (*weights, *gradients, dY) -> the gradient at the initial state, or a tuple if there are several

    Public array: `h`, the state after 0, 1, ... T steps; h[0] is the initial one.
    """

    gates: tuple[str, ...]
    states: tuple[str, ...] = ("h",)

    def __init__(
        self,
        k: int,
        D: int,
        H: int,
        T: int,
        B: int,
        dtype: DTypeLike,
        truncate: int = 0,
    ) -> None:
        """`truncate` > 0: the gradient stops at t = truncate, 2·truncate, ...; the state goes on."""
        rows = len(self.gates) * H
        K = H + D + 1
        self.shape = (T, H, k, B)
        self.dtype = np.dtype(dtype)
        self.truncate = truncate or T
        self.u = np.zeros((T + 1, K, k, B), dtype)
        self.u[:, -1] = 1
        self.h = self.u[:, :H]
        self.dz = np.empty((T, rows, k, B), dtype)  # gradient at the pre-activations z = W u
        self.dh = np.empty((H, k, B), dtype)
        self._dz_columns = np.empty((k, rows, T, B), dtype)
        self._u_columns = np.empty((k, K, T, B), dtype)
        self._dx = np.empty((k, D, T * B), dtype)
        bytes_of_a_row = B * self.dtype.itemsize
        self._row = np.dtype((np.void, bytes_of_a_row))
        self._prepare()

    def _prepare(self) -> None:
        """Hook: whatever else a cell makes once and uses in every call."""

    @classmethod
    def blocks(cls, D: int, H: int) -> dict[str, Shape]:
        """The names and shapes of one site's weights, W first, in the order in which `forward` takes them."""
        rows = len(cls.gates) * H
        return {"W": (rows, H + D + 1)}

    @classmethod
    def initial(cls, rng: Rng, D: int, H: int) -> Array:
        """One initial W (gates·H, K): for each gate orthogonal recurrent, Glorot input weights, bias 0.

        All other blocks start at 0.
        """
        parts = []
        for _ in cls.gates:
            recurrent = orthogonal(rng, H)
            inputs = glorot(rng, H, D)
            bias = np.zeros((H, 1))
            parts.append(np.hstack([recurrent, inputs, bias]))
        return np.vstack(parts)

    def _begin_forward(self, x: Array, h0: Array | None) -> None:
        """Fill u with the inputs x (T, D, k, B) and the initial state h0 (H, k, B), zero by default."""
        T, H, k, B = self.shape
        K = self.u.shape[1]
        expect_shape("x", x, (T, K - H - 1, k, B))
        self.u[:T, H:-1] = x
        self.h[0] = 0 if h0 is None else h0

    def _begin_backward(self, dY: Array) -> bool:
        """Start dh at the last step's upstream gradient; say whether dY holds the gradients of all steps."""
        T, H, k, B = self.shape
        every = dY.ndim == 4
        if every:
            expect_shape("dY", dY, (T, H, k, B))
            self.dh[...] = dY[-1]
        else:
            expect_shape("dY", dY, (H, k, B))
            self.dh[...] = dY
        return every

    def _weight_gradient(self, dW: Array) -> None:
        """Write the gradient of W to dW (k, gates·H, K): one product for all time steps, put side by side."""
        T, _, k, B = self.shape
        self._put_side_by_side(self.dz, self._dz_columns)
        self._put_side_by_side(self.u[:T], self._u_columns)
        dz = self._dz_columns.reshape(k, -1, T * B)
        u = self._u_columns.reshape(k, -1, T * B)
        # dW = Σ_t dz[t] u[t]ᵀ
        np.matmul(dz, transposed(u), out=dW)

    def _put_side_by_side(self, steps: Array, columns: Array) -> None:
        """columns (k, rows, T, B) := steps (T, rows, k, B).

        A row of B samples is copied as one item, because for short rows NumPy's work per item outweighs the copy.
        """
        source = steps.view(self._row)
        target = columns.view(self._row)
        target[...] = source.transpose(2, 1, 0, 3)

    def input_gradient(self, W: Array, *more: Array) -> Array:
        """After `backward`: the gradient at x (T, D, k, B), the upstream gradient of the layer below.

        Takes all the weights, for cells in which x acts through more than W.
        """
        T, H, k, B = self.shape
        Wx = W[:, :, H:-1]
        dz = self._dz_columns.reshape(k, -1, T * B)
        # dx[t] = Wxᵀ dz[t]
        np.matmul(transposed(Wx), dz, out=self._dx)
        dx = self._dx.reshape(k, -1, T, B)
        return dx.transpose(2, 1, 0, 3)


class Embedding:
    """A learnt vector for every word: x = E[token].

    But it does not handle padding: word 0 is a word like any other.
    """

    @staticmethod
    def forward(E: Array, tokens: Array) -> Array:
        """E (k, V, D), tokens (k, B, T) integers -> (k, B, T, D).  `IndexError` for a token >= V."""
        site = np.arange(len(E))[:, None, None]
        return np.asarray(E[site, tokens])

    @staticmethod
    def backward(dE: Array, tokens: Array, dx: Array) -> None:
        """Write the gradient of E to dE (k, V, D): each word's sum of dx (T, D, k, B) over its places."""
        k, V, D = dE.shape
        dx = dx.transpose(2, 3, 0, 1)  # (k, B, T, D), as the tokens are
        rows = dx.reshape(-1, D)
        site = np.arange(k)[:, None, None]
        word = (site * V + tokens).ravel()  # site and token as one number
        order = np.argsort(word, kind="stable")
        word = word[order]
        steps = np.diff(word, prepend=-1)
        first = np.flatnonzero(steps)  # where the places of the next word begin
        sums = np.add.reduceat(rows[order], first, axis=0)
        site_and_token = np.divmod(word[first], V)
        dE[...] = 0
        dE[site_and_token] = sums


class Dropout:
    """Inverted dropout (Srivastava et al. 2014): y = x ⊙ mask.

    The mask is 0 with probability `rate` and 1/(1 - rate) otherwise, so that the mean of y is x.
    """

    def __init__(self, shape: Shape, rate: float, dtype: DTypeLike) -> None:
        """`shape` (T, H, k, B) of the values to mask."""
        self.rate = rate
        self.mask = np.empty(shape, dtype)
        self.y = np.empty(shape, dtype)

    def forward(self, x: Array, rngs: Sequence[Rng]) -> Array:
        """x (T, H, k, B) -> y; site j draws its mask from rngs[j], whatever the other sites do."""
        T, H, _, B = self.mask.shape
        for j, rng in enumerate(rngs):
            drawn = rng.random((T, H, B), np.float32)
            self.mask[:, :, j] = drawn >= self.rate
        self.mask *= 1 / (1 - self.rate)
        return np.multiply(x, self.mask, out=self.y)

    def backward(self, dy: Array) -> Array:
        """Upstream gradient dy (T, H, k, B) -> dx, through the mask of the last `forward`."""
        return np.multiply(dy, self.mask, out=self.y)


class Readout:
    """The linear layer on top, z = W [h; 1], for `steps` time steps (1: the last, T: every one)."""

    def __init__(self, k: int, H: int, O: int, steps: int, B: int, dtype: DTypeLike) -> None:
        """All steps and samples of a site lie side by side: M = steps·B columns."""
        M = steps * B
        self.v = np.ones((H + 1, k, steps, B), dtype)  # [h; 1]
        self.z = np.empty((O, k, M), dtype)
        self.dz = np.empty((O, k, M), dtype)
        self.dh = np.empty((H, k, M), dtype)
        columns = self.v.reshape(H + 1, k, M)
        self._v_columns = sites_first(columns)

    @staticmethod
    def initial(rng: Rng, H: int, O: int) -> Array:
        """One initial W (O, H+1): Glorot, bias 0."""
        weights = glorot(rng, O, H)
        bias = np.zeros((O, 1))
        return np.hstack([weights, bias])

    def forward(self, W: Array, h: Array) -> Array:
        """W (k, O, H+1), h (steps, H, k, B) -> z (O, k, M): logits or predictions."""
        self.v[:-1] = h.transpose(1, 2, 0, 3)
        # z = W [h; 1]
        np.matmul(W, self._v_columns, out=sites_first(self.z))
        return self.z

    def backward(self, W: Array, dW: Array) -> Array:
        """Given `self.dz` (O, k, M), write dW (k, O, H+1) and return dh (steps, H, k, B)."""
        H = len(self.dh)
        _, k, steps, B = self.v.shape
        Wh = W[:, :, :H]
        dz = sites_first(self.dz)
        # dW = dz [h; 1]ᵀ      dh = Whᵀ dz
        np.matmul(dz, transposed(self._v_columns), out=dW)
        np.matmul(transposed(Wh), dz, out=sites_first(self.dh))
        dh = self.dh.reshape(H, k, steps, B)
        return dh.transpose(2, 0, 1, 3)
