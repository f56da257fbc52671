"""The layers around the recurrent ones: embedding, dropout, readout.

    k  sites, each with its own weights      H  hidden units       O  outputs
    B  samples per site                      D  length of a word's vector
    T  time steps                            V  words in the vocabulary

Inside the network arrays run (time, feature, site, sample), as in `recurrent.py`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import DTypeLike

from fgm_ref.arrays import Array, Shape
from fgm_ref.learning.params import Rng, glorot
from fgm_ref.learning.recurrent import sites_first, transposed


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
