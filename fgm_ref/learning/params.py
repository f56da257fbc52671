"""One flat parameter vector per site, and the names of its parts.

The protocols monitor *one vector* per site.  The layers want matrices.  A `Layout` says which slice of the
vector is which matrix, and `Layout.views` hands the matrices out as views.  So a drift is the difference of
two flat arrays, and a synchronisation is a mean over axis 0.

Also here: the two distributions from which the initial weights are drawn.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

import numpy as np

from fgm_ref.arrays import Array, Shape

Rng = np.random.Generator


class Layout:
    """Names for the slices of a flat vector.

    >>> layout = Layout({"W": (2, 3), "b": (2,)})
    >>> layout.size, layout.slice_of("b")
    (8, slice(6, 8, None))
    """

    def __init__(self, shapes: Mapping[str, Shape]) -> None:
        """`shapes`: the shape of every block, in the order in which the blocks lie in the vector."""
        self.shapes: dict[str, Shape] = dict(shapes)
        self._slices: dict[str, slice] = {}
        self.size = 0
        for name, shape in self.shapes.items():
            begin = self.size
            self.size += prod(shape)
            self._slices[name] = slice(begin, self.size)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the blocks, in order."""
        return tuple(self.shapes)

    @property
    def slices(self) -> tuple[slice, ...]:
        """Where the blocks lie, in order."""
        return tuple(self._slices.values())

    def slice_of(self, name: str) -> slice:
        """Where block `name` lies in the flat vector; `ValueError` for an unknown name."""
        if name not in self._slices:
            raise ValueError(f"name: expected one of {self.names}, got {name!r}")
        return self._slices[name]

    def views(self, P: Array) -> dict[str, Array]:
        """P (k, n) -> every block as a view (k, *shape): what is written to a view is written to P.

        Raises `ValueError` if P does not have n columns, or if its rows are not contiguous (no views then).
        """
        if P.ndim != 2 or P.shape[1] != self.size:
            raise ValueError(f"P: expected shape (k, {self.size}), got {P.shape}")
        if P.strides[1] != P.itemsize:
            raise ValueError(f"P: expected contiguous rows, got strides {P.strides}")
        k = len(P)
        views = {}
        for name, where in self._slices.items():
            views[name] = P[:, where].reshape(k, *self.shapes[name])
        return views


def glorot(rng: Rng, rows: int, columns: int) -> Array:
    """(rows, columns) uniform with variance 2/(rows + columns): Glorot & Bengio 2010, equation 16."""
    limit = np.sqrt(6 / (rows + columns))
    return rng.uniform(-limit, limit, (rows, columns))


def orthogonal(rng: Rng, n: int) -> Array:
    """(n, n) a random rotation or reflection: keeps a state's length (Saxe, McClelland & Ganguli 2014).

    Every rotation is equally likely.  Q alone does not have that property, hence the signs.
    """
    Q, R = np.linalg.qr(rng.standard_normal((n, n)))
    signs = np.sign(np.diag(R))
    return np.asarray(Q * signs)
