"""Codecs: how a model or a drift is written on the wire, and what the other end reads.

    float32     4 bytes a number: the run without a codec, bit for bit
    float16     2 bytes a number
    int8        1 byte a number, and for every 256 numbers one scale of 4 bytes
    sparse      only those rows of an embedding that differ from what the receiver knows, 4 bytes for each index,
                if that is shorter; alone it loses nothing (but for the rounding of means, see `encoder.py`)
    ef          error feedback: what a message could not say is added to the sender's next one

They are combined with a plus: `sparse+int8+ef`.  What is billed is the size of the arrays that `encode` returns.

Source of the feedback: Seide et al. 2014, "1-Bit Stochastic Gradient Descent"; Karimireddy et al. 2019, "Error
Feedback Fixes SignSGD".  `encoder.py` says what is encoded: differences from what both ends know.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fgm_ref.arrays import Array

Coded = tuple[Array, ...]
"""What is shipped: its bytes are those of its arrays."""

BLOCK = 256  # numbers that share a scale
LEVELS = 127  # a number is written as a whole one from −127 to 127


def size(coded: Coded) -> int:
    """Bytes on the wire.

    >>> size(Int8().encode(np.ones(600))), size(Float16().encode(np.ones(600)))
    (612, 1200)
    """
    return sum(part.nbytes for part in coded)


class Float32:
    """A number is a number: 4 bytes, whatever NumPy computes in."""

    lossless = True

    def encode(self, x: Array) -> Coded:
        """x (D,) -> 4·D bytes."""
        return (x.astype(np.float32),)

    def decode(self, coded: Coded) -> Array:
        """What `encode` was given, to 24 bits."""
        return coded[0]


class Float16(Float32):
    """Half precision: 11 bits and an exponent; what is too long is cut."""

    lossless = False

    def encode(self, x: Array) -> Coded:
        """x (D,) -> 2·D bytes; |x − decoded| ≤ 2⁻¹¹|x| + 2⁻²⁵ up to the largest half, 65,504."""
        most = np.finfo(np.float16).max
        return (np.clip(x, -most, most).astype(np.float16),)


class Int8(Float32):
    """Whole multiples of a scale, which every block of 256 numbers has its own of."""

    lossless = False

    def encode(self, x: Array) -> Coded:
        """x (D,) -> D + 4·⌈D/256⌉ bytes; |x − decoded| ≤ max|x|/254 with the largest number of the block."""
        if not len(x):
            return np.empty(0, np.int8), np.empty(0, np.float32)
        # s = max|x|/127 of the block;  q = x/s, rounded to the nearest
        starts = np.arange(0, len(x), BLOCK)
        largest = np.maximum.reduceat(np.abs(x), starts)
        scales = (largest / LEVELS).astype(np.float32)
        divisors = np.where(scales > 0, scales, 1)
        q = np.rint(x / self._spread(divisors, len(x)))
        return np.clip(q, -LEVELS, LEVELS).astype(np.int8), scales

    def decode(self, coded: Coded) -> Array:
        """q·s."""
        q, scales = coded
        return q * self._spread(scales, len(q))

    @staticmethod
    def _spread(scales: Array, D: int) -> Array:
        """A block's scale for each of its numbers."""
        return np.repeat(scales, BLOCK)[:D]


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


VALUES: dict[str, type[Float32]] = {"float32": Float32, "float16": Float16, "int8": Int8}


@dataclass(frozen=True)
class Codec:
    """How differences are written.  `sparse` leaves out the rows that are all zero."""

    values: Float32
    sparse: bool = False
    feedback: bool = False

    @property
    def lossless(self) -> bool:
        """Whether what arrives is what was sent."""
        return self.values.lossless

    def encode(self, x: Array, rows: Rows | None = None) -> Coded:
        """x (D,) -> what is shipped: the shorter of the two forms (a bit of the header says which)."""
        dense = self.values.encode(x)
        if not self.sparse or rows is None:
            return dense
        return min(dense, self._encode_rows(x, rows), key=size)

    def _encode_rows(self, x: Array, rows: Rows) -> Coded:
        """The numbers of the rows that are not all zero, those of the rows' values and of all that is no row."""
        table = x[rows.start : rows.stop].reshape(-1, rows.width)
        changed = np.flatnonzero(table.any(axis=1)).astype(np.int32)
        before, behind = x[: rows.start], x[rows.stop :]
        numbers = np.concatenate([table[changed].ravel(), before, behind])
        return (changed, *self.values.encode(numbers))

    def decode(self, coded: Coded, D: int, rows: Rows | None = None) -> Array:
        """What arrives, (D,) float32."""
        if coded[0].dtype != np.int32:
            return self.values.decode(coded).astype(np.float32)
        assert rows is not None, "only a table has rows"
        changed = coded[0]
        values = self.values.decode(coded[1:]).astype(np.float32)
        table = np.zeros((rows.count, rows.width), np.float32)
        split = len(changed) * rows.width
        table[changed] = values[:split].reshape(-1, rows.width)
        before, behind = np.split(values[split:], [rows.start])
        return np.concatenate([before, table.ravel(), behind])


def parse_codec(text: str) -> Codec | None:
    """The codec by its name; None for float32, where there is nothing to encode.

    >>> parse_codec("float32"), parse_codec("sparse").lossless, parse_codec("int8+ef").feedback
    (None, True, True)
    """
    words = text.split("+")
    values = [word for word in words if word in VALUES]
    extras = [word for word in words if word not in VALUES]
    repeated = len(values) > 1 or len(set(extras)) < len(extras)
    if repeated or not set(extras) <= {"sparse", "ef"}:
        raise ValueError(
            f"codec: expected one of {', '.join(VALUES)}, with sparse+ in front or +ef behind; "
            f"got {text!r}"
        )
    numbers = VALUES[values[0] if values else "float32"]()
    codec = Codec(numbers, sparse="sparse" in extras, feedback="ef" in extras)
    if codec.lossless and codec.feedback:
        raise ValueError(
            f"codec: expected ef with float16 or int8, which make an error; got {text!r}"
        )
    return codec if codec.sparse or not codec.lossless else None
