"""A codec: a way to write numbers, and what may be added to it."""

from dataclasses import dataclass

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.transport.codecs.plain import Coded, Float32, size
from fgm_ref.transport.codecs.sparse import Rows
from fgm_ref.transport.codecs.zipped import zipped


@dataclass(frozen=True)
class Codec:
    """How differences are written: `values` says how a number is.

    `sparse` leaves out the rows that are all zero.  With `feedback` the encoder remembers what it owes.  With `zip` the
    arrays are compressed before they are shipped.
    """

    values: Float32
    sparse: bool = False
    feedback: bool = False
    zip: bool = False

    @property
    def lossless(self) -> bool:
        """Whether what arrives is what was sent."""
        return self.values.lossless

    def encode(self, x: Array, rows: Rows | None = None, numbers: Array | None = None) -> Coded:
        """x (D,) -> the shorter of the two forms (a bit of the header says which).

        `numbers` (D,) are written in the place of x, if they are given: x then only says which rows are left out.
        """
        numbers = x if numbers is None else numbers
        dense = self.values.encode(numbers)
        if not self.sparse or rows is None:
            return dense
        return min(dense, self._encode_rows(x, rows, numbers), key=size)

    def _encode_rows(self, x: Array, rows: Rows, numbers: Array) -> Coded:
        """Which rows of x are not all zero; and of `numbers` these rows, and all that is no row."""
        changed = rows.changed(x)
        return (changed, *self.values.encode(rows.gather(numbers, changed)))

    def shipped(self, coded: Coded) -> Coded:
        """What `encode` returned -> the arrays on the wire."""
        return zipped(coded) if self.zip else coded

    def decode(self, coded: Coded, D: int, rows: Rows | None = None) -> Array:
        """What `encode` returned -> what arrives, (D,) float32."""
        if coded[0].dtype != np.int32:
            return self.values.decode(coded, D).astype(np.float32)
        assert rows is not None, "only a table has rows"
        changed, *written = coded
        numbers = self.values.decode(tuple(written), rows.length(changed, D))
        return rows.scatter(numbers.astype(np.float32), changed)

    def restore(self, coded: Coded, r: Array, rows: Rows | None = None) -> Array:
        """x̂ (D,), from what `encode` returned for x − r with `numbers` = x where nothing is lost."""
        x: Array = self.decode(coded, len(r), rows).astype(r.dtype)
        if not self.lossless:
            return r + x
        if rows is None or coded[0].dtype != np.int32:
            return x
        return rows.kept(x, r, coded[0])
