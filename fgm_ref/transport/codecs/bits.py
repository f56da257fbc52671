"""Small whole numbers, packed without a gap: `bits` bits each, the first one first."""

import numpy as np

from fgm_ref.arrays import Array

BYTE = 8


def pack(numbers: Array, bits: int) -> Array:
    """Whole numbers (D,) from 0 to 2^bits − 1 -> ⌈D·bits/8⌉ bytes; the last one is filled up with zeros.

    >>> pack(np.array([1, 2, 3]), bits=4).tolist(), 0x12, 0x30
    ([18, 48], 18, 48)
    """
    columns = np.unpackbits(numbers.astype(np.uint8)[:, None], axis=1)
    return np.packbits(columns[:, BYTE - bits :])


def unpack(packed: Array, bits: int, D: int) -> Array:
    """The inverse, for D numbers.

    >>> unpack(np.array([18, 48], np.uint8), bits=4, D=3).tolist()
    [1, 2, 3]
    """
    columns = np.unpackbits(packed, count=D * bits).reshape(D, bits)
    wide = np.zeros((D, BYTE), np.uint8)
    wide[:, BYTE - bits :] = columns
    return np.packbits(wide, axis=1)[:, 0]
