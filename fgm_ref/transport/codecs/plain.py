"""Numbers as they are, in 4 bytes or in 2; and what every way to write numbers has to say of itself."""

import numpy as np

from fgm_ref.arrays import Array

Coded = tuple[Array, ...]
"""What is shipped: its bytes are those of its arrays."""

LARGEST, LENGTH = "number", "length"
"""What an error is compared with: the greatest number max |x|, or the length ‖x‖."""


def size(coded: Coded) -> int:
    """Bytes on the wire.

    >>> size(Float16().encode(np.ones(600)))
    1200
    """
    return sum(part.nbytes for part in coded)


class Float32:
    """4 bytes a number, whatever NumPy computes in.

    What every way to write numbers says of itself.  m is the largest |x| of a block of `block` numbers:

        |x − decoded|  ≤  share·m + floor          for m ≤ most, and up to the rounding of a scale
        ‖x − decoded‖  ≤  contraction·‖x‖          in the `norm` that is named, but for floor, most and that rounding

    The second line is all that error feedback needs to know (see `feedback.py`).  `bytes` is what D numbers weigh.
    """

    name = "float32"
    bytes = "4·D"
    lossless = True
    block = 1
    share = contraction = floor = 0.0
    most = np.inf
    norm = LARGEST

    def encode(self, x: Array) -> Coded:
        """x (D,) -> 4·D bytes."""
        return (x.astype(np.float32),)

    def decode(self, coded: Coded, D: int) -> Array:
        """What `encode` was given, to 24 bits."""
        return coded[0]


class Float16(Float32):
    """2 bytes a number: 11 bits and an exponent; what is too long is cut."""

    name = "float16"
    bytes = "2·D"
    lossless = False
    share = contraction = 2**-11
    floor = 2**-25
    most = float(np.finfo(np.float16).max)  # 65,504

    def encode(self, x: Array) -> Coded:
        """x (D,) -> 2·D bytes."""
        return (np.clip(x, -self.most, self.most).astype(np.float16),)
