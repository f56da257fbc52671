"""Whole multiples of a scale: 8, 4 or 3 bits a number.

With L levels on each side of zero a block has

    s  =  max |x| / L                    its scale
    q  =  round(x / s)                   a whole number from −L to L
    x̂  =  q·s                            what the other end reads

A number is off by at most half a step, s/2 = max|x|/(2L).  This is the whole error: L = 127 loses 0.4 % of the block's
largest number, L = 7 loses 7 %, L = 3 loses 17 %.

`int8` is older than the others: its blocks have 256 numbers, and its scales 4 bytes.
"""

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.transport.codecs import scales
from fgm_ref.transport.codecs.bits import pack, unpack
from fgm_ref.transport.codecs.plain import Coded, Float32


class Levels(Float32):
    """Whole multiples, from −L to L, of a scale that `block` numbers share."""

    lossless = False
    L: int
    block = scales.BLOCK
    floor = scales.FLOOR

    def encode(self, x: Array) -> Coded:
        """x (D,) -> the packed q, and the scales."""
        s = self.scale(scales.largest(x, self.block) / self.L)
        q = np.rint(x / scales.divisors(s, len(x), self.block))
        return self.pack(np.clip(q, -self.L, self.L)), s

    def decode(self, coded: Coded, D: int) -> Array:
        """q·s, (D,)."""
        packed, s = coded
        return self.unpack(packed, D) * scales.spread(s.astype(np.float32), D, self.block)

    def scale(self, wanted: Array) -> Array:
        """The scales as they are shipped."""
        return scales.half(wanted)

    def pack(self, q: Array) -> Array:
        """q (D,) -> bytes."""
        return pack(q + self.L, self.bits)

    def unpack(self, packed: Array, D: int) -> Array:
        """Bytes -> q (D,)."""
        return unpack(packed, self.bits, D).astype(np.int8) - np.int8(self.L)

    @property
    def bits(self) -> int:
        """So many are needed for the 2L + 1 values of q."""
        return (2 * self.L).bit_length()


class Int8(Levels):
    """1 byte a number: 127 steps up and 127 down."""

    name = "int8"
    bytes = "D + 4·⌈D/256⌉"
    L, block = 127, 256
    share = contraction = 1 / (2 * L)
    floor = 2.0**-142  # the smallest scale in single precision is 2⁻¹⁴⁹

    def scale(self, wanted: Array) -> Array:
        """In single precision, to the nearest; cut where 127·s would be infinite."""
        longest = np.finfo(np.float32).max / np.float32(self.L)
        return np.minimum(wanted, np.nextafter(longest, np.float32(0))).astype(np.float32)

    def pack(self, q: Array) -> Array:
        """A byte each."""
        return q.astype(np.int8)

    def unpack(self, packed: Array, D: int) -> Array:
        """As they are."""
        return packed


class Int4(Levels):
    """4 bits a number: 7 steps up and 7 down."""

    name = "int4"
    bytes = "⌈D/2⌉ + 2·⌈D/64⌉"
    L = 7
    share = contraction = 1 / (2 * L)
    most = L * scales.MOST


class Int3(Levels):
    """3 bits a number: 3 steps up and 3 down."""

    name = "int3"
    bytes = "⌈3·D/8⌉ + 2·⌈D/64⌉"
    L = 3
    share = contraction = 1 / (2 * L)
    most = L * scales.MOST
