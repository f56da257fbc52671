"""SGD, momentum and Adam for k sites at once, on the flat parameter arrays.

    k  sites     n  parameters     P (k, n)  weights     G (k, n)  gradients

Every number is updated on its own, so that a step over all sites is the same as one step per site.  The arrays
are walked in tiles that fit into the processor's cache.  Temporary results share one array, because large arrays
that come and go are slow: the allocator returns their memory to the system and has to fetch it again.

Sites may be idle: `step(P, G, sites)` touches the rows `sites` only, and Adam counts each site's own steps.
`OPTIMIZERS` is the only list of optimisers.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from math import sqrt

import numpy as np
from numpy.typing import DTypeLike

from fgm_ref.arrays import Array, expect_shape

WHOLE = slice(None)

TILE = 1 << 14
"""Numbers per tile: five arrays of it fit into an L2 cache of 1 MiB."""


def clip_by_norm(G: Array, max_norm: float) -> Array:
    """Shrink, in place, the rows of G (k, n) longer than `max_norm`; return all lengths before, (k,).

    It is the norm of a site's whole gradient, so that the direction stays (Pascanu, Mikolov & Bengio 2013,
    algorithm 1).
    """
    squares = np.einsum("kn,kn->k", G, G, dtype=np.float64)
    norms: Array = np.sqrt(squares)
    for j in np.flatnonzero(norms > max_norm):
        G[j] *= max_norm / norms[j]
    return norms


def _rows(sites: Array | None) -> slice | Array:
    """The index that selects `sites`: all rows if it is None."""
    return WHOLE if sites is None else sites


class Optimizer(ABC):
    """Base: walks the tiles, and resets or averages the state when the sites synchronise.

    Public: `lr`, which may be changed between steps, and `state`, the named arrays (k, n) that a site would have
    to ship or drop at a synchronisation.  A method's `sites` are row numbers, an integer array; None means all
    rows.
    """

    state_names: tuple[str, ...] = ()
    counts_steps = False  # whether the state has counters besides, that belong to the whole model

    def __init__(
        self,
        lr: float,
        k: int,
        n: int,
        dtype: DTypeLike,
        clip: float | None = None,
    ) -> None:
        """`clip`: largest norm of a site's gradient; the gradients are then shrunk in place."""
        if not lr > 0:
            raise ValueError(f"lr: expected a number > 0, got {lr!r}")
        if clip is not None and not clip > 0:
            raise ValueError(f"clip: expected None or a number > 0, got {clip!r}")
        self.lr = lr
        self.clip = clip
        self.shape = (k, n)
        self.state: dict[str, Array] = {}
        for name in self.state_names:
            self.state[name] = np.zeros((k, n), dtype)
        self._flat = [array.reshape(-1) for array in self.state.values()]
        self._temporary = np.empty(min(TILE, k * n), dtype)

    def step(self, P: Array, G: Array, sites: Array | None = None) -> None:
        """Update in place the rows `sites` of P (k, n) by G (len(sites), n); all k rows without `sites`.

        P has contiguous rows, one after the other.  Raises `ValueError` for wrong shapes.
        """
        k, n = self.shape
        rows = k if sites is None else len(sites)
        expect_shape("P", P, (k, n))
        expect_shape("G", G, (rows, n))
        if not P.flags.c_contiguous:
            raise ValueError(f"P: expected contiguous rows without gaps, got strides {P.strides}")
        if self.clip is not None:
            clip_by_norm(G, self.clip)
        self._count(_rows(sites))
        p = P.reshape(-1)
        g = G.reshape(-1)
        if sites is None and self._in_step():
            self._walk(0, p, g, *self._flat)
            return
        for row, j in enumerate(range(k) if sites is None else sites):
            own = slice(j * n, (j + 1) * n)
            self._walk(j, p[own], g[row * n : (row + 1) * n], *[flat[own] for flat in self._flat])

    def _in_step(self) -> bool:
        """Hook: whether all sites have made the same number of steps, if that matters."""
        return True

    def _walk(self, site: int, *vectors: Array) -> None:
        """Update the first of the vectors p, g and the state's, tile after tile, as `site` would."""
        constants = self._constants(site)
        for begin in range(0, vectors[0].size, TILE):
            tiles = [vector[begin : begin + TILE] for vector in vectors]
            a = self._temporary[: tiles[0].size]
            self._update(constants, a, *tiles)

    def _count(self, sites: slice | Array) -> None:
        """Hook: one more step at `sites`."""

    def _constants(self, site: int) -> list[Array]:
        """Hook: the numbers that a step of this site is made with."""
        return self._numbers(self.lr)

    def _numbers(self, *numbers: float) -> list[Array]:
        """Each as an array, which is quicker to multiply with than a number."""
        dtype = self._temporary.dtype
        return [np.array(number, dtype) for number in numbers]

    @abstractmethod
    def _update(self, constants: list[Array], a: Array, p: Array, g: Array, *state: Array) -> None:
        """Hook: update one tile, p by g and the state's arrays; `a` is for temporary results."""

    def reset(self, sites: Array | None = None) -> None:
        """Forget the past of `sites`: as if freshly made."""
        rows = _rows(sites)
        for array in self.state.values():
            array[rows] = 0

    def shipped(self, sites: slice | Array = WHOLE, columns: slice = WHOLE) -> Array:
        """What each of `sites` ships when states are averaged, (len(sites), moments · columns + counters).

        The state's arrays come one after the other, then the site's counters.
        """
        moments = [array[sites, columns] for array in self.state.values()]
        counters = self._counters()[sites].astype(self._temporary.dtype)
        return np.concatenate([*moments, counters], axis=1)

    def adopt(self, row: Array, columns: slice = WHOLE) -> None:
        """Give every site the state `row`, the mean of what all have shipped."""
        end = 0
        for array in self.state.values():
            block = array[:, columns]
            begin = end
            end += block.shape[1]
            block[...] = row[begin:end]
        self._adopt_counters(row[end:])

    def _counters(self) -> Array:
        """Hook: what else a site's state consists of, (k, counters)."""
        k, _ = self.shape
        return np.empty((k, 0))

    def _adopt_counters(self, counters: Array) -> None:
        """Hook: every site takes the mean of the counters."""


class SGD(Optimizer):
    """Plain stochastic gradient descent, p ← p - lr g (Robbins & Monro 1951)."""

    def _update(self, constants: list[Array], a: Array, p: Array, g: Array, *state: Array) -> None:
        (lr,) = constants
        # p ← p - lr g
        np.multiply(g, lr, out=a)
        p -= a


class Momentum(Optimizer):
    """Heavy ball (Polyak 1964): v ← μ v + g, p ← p - lr v."""

    state_names = ("v",)

    def __init__(
        self,
        lr: float,
        k: int,
        n: int,
        dtype: DTypeLike,
        clip: float | None = None,
        momentum: float = 0.9,
    ) -> None:
        super().__init__(lr, k, n, dtype, clip)
        if not 0 <= momentum < 1:
            raise ValueError(f"momentum: expected 0 <= momentum < 1, got {momentum!r}")
        self.momentum = momentum

    def _update(self, constants: list[Array], a: Array, p: Array, g: Array, *state: Array) -> None:
        (lr,) = constants
        (v,) = state
        # v ← μ v + g,   p ← p - lr v
        v *= self.momentum
        v += g
        np.multiply(v, lr, out=a)
        p -= a


class Adam(Optimizer):
    """Adam (Kingma & Ba 2015, algorithm 1), the bias corrections folded into the step as in their section 2.

    The moments are kept as plain sums, m = Σ_s b1^(t-s) g_s and v = Σ_s b2^(t-s) g_s².  The paper's have factors
    1 - b1 and 1 - b2 before the sums; here these are folded into the step as well.
    """

    state_names = ("m", "v")
    counts_steps = True
    b1, b2, eps = 0.9, 0.999, 1e-8

    def __init__(
        self, lr: float, k: int, n: int, dtype: DTypeLike, clip: float | None = None
    ) -> None:
        super().__init__(lr, k, n, dtype, clip)
        self.powers = np.ones((2, k))  # b1^t and b2^t, with each site's own number of steps t
        self._bases = np.array([[self.b1], [self.b2]])

    def _count(self, sites: slice | Array) -> None:
        self.powers[:, sites] *= self._bases

    def _in_step(self) -> bool:
        first, last = self.powers[0, 0], self.powers[0, -1]
        return bool(first == last and (self.powers[0] == first).all())

    def _constants(self, site: int) -> list[Array]:
        """b1, b2, and with r = √((1 - b2)/(1 - b2^t)): the rate lr (1 - b1)/((1 - b1^t) r), and eps/r."""
        power1, power2 = self.powers[:, site].tolist()
        r = sqrt((1 - self.b2) / (1 - power2))
        rate = self.lr * (1 - self.b1) / ((1 - power1) * r)
        return self._numbers(self.b1, self.b2, rate, self.eps / r)

    def _update(self, constants: list[Array], a: Array, p: Array, g: Array, *state: Array) -> None:
        b1, b2, rate, eps = constants
        m, v = state
        # m ← b1 m + g
        m *= b1
        m += g
        # v ← b2 v + g²
        np.multiply(g, g, out=a)
        v *= b2
        v += a
        # p ← p - rate m / (√v + eps)
        np.sqrt(v, out=a)
        a += eps
        np.divide(m, a, out=a)
        a *= rate
        p -= a

    def reset(self, sites: Array | None = None) -> None:
        """Forget the past of `sites`, their numbers of steps included."""
        super().reset(sites)
        self.powers[:, _rows(sites)] = 1

    # A moment is m = Σ_s b^(t-s) g_s, and the sum of its weights is (1 - b^t)/(1 - b).  The mean of the sites'
    # moments is again such a sum, whose weights add up to the mean of theirs.  So the mean of 1 - b^t keeps the
    # correction exact.

    def _counters(self) -> Array:
        """1 - b1^t and 1 - b2^t, (k, 2): in proportion to the sums of the weights in m and in v."""
        return 1 - self.powers.T

    def _adopt_counters(self, counters: Array) -> None:
        self.powers[...] = 1 - counters.astype(np.float64)[:, None]


OPTIMIZERS: dict[str, type[Optimizer]] = {"adam": Adam, "momentum": Momentum, "sgd": SGD}


def make_optimizer(
    name: str,
    lr: float,
    k: int,
    n: int,
    dtype: DTypeLike,
    clip: float | None = None,
    **options: float,
) -> Optimizer:
    """The optimiser of this name in `OPTIMIZERS`, for k sites of n parameters.

    `options` are what only some optimisers have, such as `momentum`.  Raises `ValueError` for an unknown name and
    for numbers that cannot be.
    """
    if name not in OPTIMIZERS:
        *others, last = [repr(known) for known in reversed(OPTIMIZERS)]
        raise ValueError(f"name: expected {', '.join(others)} or {last}, got {name!r}")
    return OPTIMIZERS[name](lr, k, n, dtype, clip, **options)
