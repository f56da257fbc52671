"""Three values: every number is −s, 0 or s.

    s  =  0.7·max |x|                    the scale of a block
    q  =  round(x / s)                   −1, 0 or 1
    x̂  =  q·s

With s = max|x| a number could be off by half of that.  A smaller s is nearer to the many and farther from the few: the
worst case is max(s/2, max|x| − s), which is least at two thirds of the largest number.  0.7 is next to it and leaves
out a few more small numbers.

A digit has three values, which is log₂ 3 = 1.585 bits.  Five digits have 3⁵ = 243 values and fit into a byte, 1.6 bits
each.

Source: Wen et al. 2017, "TernGrad", which draws q at random so that the mean is right; here feedback does that.
"""

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.transport.codecs import scales
from fgm_ref.transport.codecs.plain import Coded, Float32

SHARE = 0.7
POWERS = np.array([81, 27, 9, 3, 1], np.uint8)
"""What a digit counts for, by its place in the byte."""


class Ternary(Float32):
    """−s, 0 or s, five of them in a byte: 1.6 bits a number, 1.85 with the scales."""

    name = "ternary"
    bytes = "⌈D/5⌉ + 2·⌈D/64⌉"
    lossless = False
    block, floor, most = scales.BLOCK, scales.FLOOR, scales.MOST / SHARE
    share = contraction = max(SHARE / 2, 1 - SHARE)

    def encode(self, x: Array) -> Coded:
        """x (D,) -> ⌈D/5⌉ bytes of digits, and the scales."""
        s = scales.half(SHARE * scales.largest(x))
        q = np.rint(x / scales.divisors(s, len(x)))
        return pack(np.clip(q, -1, 1)), s

    def decode(self, coded: Coded, D: int) -> Array:
        """q·s, (D,)."""
        packed, s = coded
        return unpack(packed, D) * scales.spread(s.astype(np.float32), D)


def pack(q: Array) -> Array:
    """Digits (D,) of −1, 0 and 1 -> ⌈D/5⌉ bytes; the last one is filled up with zeros.

    >>> pack(np.array([-1, -1, -1, 0, 1, 1])).tolist(), [3 + 2, 2 * 81 + 27 + 9 + 3 + 1]
    ([5, 202], [5, 202])
    """
    digits = np.pad(q, (0, -len(q) % len(POWERS))).astype(np.int8) + np.int8(1)
    columns = digits.astype(np.uint8).reshape(-1, len(POWERS))
    return columns @ POWERS


def unpack(packed: Array, D: int) -> Array:
    """The inverse, for D digits.

    >>> unpack(np.array([5, 202], np.uint8), 6).tolist()
    [-1, -1, -1, 0, 1, 1]
    """
    digits = packed[:, None] // POWERS % 3
    return digits.ravel()[:D].astype(np.int8) - np.int8(1)
