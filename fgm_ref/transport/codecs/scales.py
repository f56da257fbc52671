"""Scales: what neighbours in a vector share, so that each of them needs only a few bits.

A vector is cut into blocks of numbers.  A block has one scale s, a positive number; each of its numbers is written as
a small multiple of s.  One huge number spoils its own block and no other.

The scales of few-bit codecs are shipped in half precision, 2 bytes for 64 numbers.  A half has 11 significant bits; it
ends at 65,504, and below 2⁻¹⁴ its steps stay 2⁻²⁴.  So a scale is rounded *up*:

    s  ≤  half(s)  ≤  s·(1 + 2⁻¹⁰) + 2⁻²⁴        for 0 < s ≤ 65,504

No number then lies beyond the multiple that was meant for the largest one, and only an all-zero block has the scale
0.  A scale beyond 65,504 is cut to that, and so are the numbers of its block.
"""

import numpy as np

from fgm_ref.arrays import Array

BLOCK = 64
"""Numbers that share a scale, in the codecs of few bits."""

MOST = float(np.finfo(np.float16).max)
"""The largest half: 65,504."""

FLOOR = 2**-25
"""Half of the smallest half: what a number can be off by because its scale cannot be smaller."""


def starts(D: int, block: int = BLOCK) -> Array:
    """Where each block of D numbers begins."""
    return np.arange(0, D, block)


def largest(x: Array, block: int = BLOCK) -> Array:
    """max |x| of each block, x (D,) -> (⌈D/block⌉,)."""
    return np.asarray(np.maximum.reduceat(np.abs(x), starts(len(x), block)))


def mean(x: Array, block: int = BLOCK) -> Array:
    """mean |x| of each block, x (D,) -> (⌈D/block⌉,)."""
    where = starts(len(x), block)
    counts = np.diff(where, append=len(x))
    return np.asarray(np.add.reduceat(np.abs(x) / spread(counts, len(x), block), where))


def half(scales: Array) -> Array:
    """Scales in half precision, rounded up; 65,504 at most.

    >>> half(np.array([0.0, 1e-30, 0.1, 1e30])).tolist()
    [0.0, 5.960464477539063e-08, 0.10003662109375, 65504.0]
    """
    wanted = np.minimum(scales, MOST)
    nearest = wanted.astype(np.float16)
    # positive halves are in the order of their bits, so the next one is one bit pattern further
    up = nearest.view(np.uint16) + (nearest < wanted)
    return up.astype(np.uint16).view(np.float16)


def spread(scales: Array, D: int, block: int = BLOCK) -> Array:
    """Its scale for each of D numbers, (⌈D/block⌉,) -> (D,)."""
    return np.repeat(scales, block)[:D]


def divisors(scales: Array, D: int, block: int = BLOCK) -> Array:
    """What each of D numbers is divided by: its scale, or 1 where the block is all zero."""
    return spread(np.where(scales > 0, scales, 1), D, block)
