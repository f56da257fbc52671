"""Rows: an embedding is a table, and a site has only changed the rows of the tokens that it has seen.

What is shipped of a vector in which such a table lies: which rows are not all zero, 4 bytes each; and the numbers of
these rows and of all that is no table, written in whatever way.  Alone this loses nothing (but for the rounding of
means, see `encoder.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fgm_ref.arrays import Array


@dataclass(frozen=True)
class Rows:
    """Where a table, such as an embedding, lies in a flat vector: rows of `width` numbers."""

    start: int
    stop: int
    width: int

    @property
    def count(self) -> int:
        """The number of rows."""
        return (self.stop - self.start) // self.width

    def inside(self, where: slice) -> Rows | None:
        """The table as seen from a part of the vector; None if it is not wholly there."""
        start = where.start or 0
        stop = self.stop if where.stop is None else where.stop
        if self.start < start or self.stop > stop:
            return None
        return Rows(self.start - start, self.stop - start, self.width)

    def changed(self, x: Array) -> Array:
        """The numbers of the rows of x (D,) that are not all zero, as int32."""
        table = x[self.start : self.stop].reshape(-1, self.width)
        return np.flatnonzero(table.any(axis=1)).astype(np.int32)

    def gather(self, x: Array, changed: Array) -> Array:
        """The numbers of these rows, and of all that is no row, as one vector."""
        table = x[self.start : self.stop].reshape(-1, self.width)
        before, behind = x[: self.start], x[self.stop :]
        return np.concatenate([table[changed].ravel(), before, behind])

    def kept(self, x: Array, r: Array, changed: Array) -> Array:
        """x (D,) with the rows of r (D,) where they have not changed."""
        x = x.copy()
        table = x[self.start : self.stop].reshape(-1, self.width)
        same = np.delete(np.arange(self.count), changed)
        table[same] = r[self.start : self.stop].reshape(-1, self.width)[same]
        return x

    def length(self, changed: Array, D: int) -> int:
        """How many numbers `gather` finds in a vector of D."""
        return len(changed) * self.width + D - (self.stop - self.start)

    def scatter(self, numbers: Array, changed: Array) -> Array:
        """The inverse of `gather`: 0 in all rows that have not changed."""
        table = np.zeros((self.count, self.width), numbers.dtype)
        split = len(changed) * self.width
        table[changed] = numbers[:split].reshape(-1, self.width)
        before, behind = np.split(numbers[split:], [self.start])
        return np.concatenate([before, table.ravel(), behind])
