"""One situation that a safe function can be asked about."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.safe.function import Maker, Round, SafeFunction
from fgm_ref.safe.own import adopt

ULPS = 4
"""By so many units of the last place a case trembles."""

TOLD = 12
"""Of many steps, a φ that moves is told about so many."""


@dataclass(frozen=True, eq=False)
class Case:
    """Reference E (D,), radius R, drifts X (n, D), and what a φ that moves or is private is told besides.

    `ended` rounds have ended, the last one after `last` steps, and went by g (D,) per step.  Of the `t` steps of this
    round, site i has made own[i]; own (n,).  `blocks` are the layers.  All arrays of numbers have the dtype of E.
    `make` makes the safe function that is asked.
    """

    E: Array
    R: float
    X: Array
    g: Array
    own: Array
    t: int = 0
    ended: int = 0
    last: int = 1
    blocks: tuple[slice, ...] = ()
    make: Maker | None = None

    @property
    def D(self) -> int:
        """The dimensions."""
        return len(self.E)

    @property
    def eps(self) -> float:
        """The distance from 1 to the next number."""
        kind = np.finfo(self.E.dtype)
        return float(kind.eps)

    @property
    def time(self) -> int:
        """Steps since the round started; at least as many as any site has made."""
        return max(self.t, int(self.own.max(initial=0)))

    @property
    def round(self) -> Round:
        """What the sites are told when the round starts."""
        if not self.ended:
            return Round(self.blocks)
        return Round(self.blocks, self.ended, self.last, self.g)

    def begun(self) -> SafeFunction:
        """The safe function when the round starts."""
        return self.copy().bare()

    def bare(self) -> SafeFunction:
        """The same, made of these very arrays, which it had better not change."""
        assert self.make is not None, "a case is asked about a safe function"
        made = self.make(self.E, self.R)
        zone = adopt(made, self.E, self.R)
        zone.begin(self.round)
        return zone

    def zone(self, rows: int | None = None) -> SafeFunction:
        """The safe function now; with `rows`, all rows belong to the first site."""
        zone = self.begun()
        own = self.own.copy()
        if rows is not None:
            own = np.full(rows, own[0])
        self.pass_time(zone, own)
        return zone

    def pass_time(self, zone: SafeFunction, own: Array) -> None:
        """Let the steps pass one by one, as in a run; only a φ that moves is told."""
        if not zone.moves:
            return
        for t in self.moments():
            zone.advance(t, own * t // self.time)
        if self.time:
            zone.advance(self.time, own)

    def moments(self) -> Iterator[int]:
        """The times before now at which φ has been told."""
        stride = 1 + self.time // TOLD
        return iter(range(stride, self.time, stride))

    def of(self, make: Maker) -> Case:
        """The same case, of the safe functions that `make` makes."""
        return replace(self, make=make)

    def at(self, X: Array) -> Case:
        """The same sites, with drifts X."""
        return replace(self, X=self.typed(X))

    def typed(self, X: Array) -> Array:
        """X in the precision of the case."""
        return np.asarray(X, self.E.dtype)

    def sites(self, which: Any) -> Case:
        """Some sites, in this order; the time stays the same."""
        X = self.X[which]
        own = self.own[which]
        return replace(self, X=X, own=own, t=self.time)

    def cast(self, dtype: Any) -> Case:
        """The same case in another precision."""
        E = self.E.astype(dtype)
        X = self.X.astype(dtype)
        g = self.g.astype(dtype)
        return replace(self, E=E, X=X, g=g)

    def copy(self) -> Case:
        """The same case in other arrays."""
        arrays = self.cast(self.E.dtype)
        return replace(arrays, own=self.own.copy())

    def trembling(self, rng: np.random.Generator) -> Case:
        """The same case, with all numbers changed by a few units of the last place."""

        def changed(array: Array) -> Array:
            shift = ULPS * self.eps * rng.uniform(-1, 1, array.shape)
            return np.asarray(array * (1 + shift), array.dtype)

        E = changed(self.E)
        R = float(changed(np.array(self.R)))
        X = changed(self.X)
        g = changed(self.g)
        return replace(self, E=E, R=R, X=X, g=g)


def phi(zone: SafeFunction, X: Array) -> Array:
    """φ of a copy of X."""
    return np.asarray(zone(X.copy()), float)


def excess(zone: SafeFunction, X: Array) -> float:
    """The excess of a copy of X."""
    return float(zone.excess(X.copy()))
