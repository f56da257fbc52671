"""One bit: of every number only its sign is told, and of a block of 64 how long they are on average.

    s  =  mean |x|                       the scale of a block
    x̂  =  s if x ≥ 0, else −s            so sign(0) = +1: there is no bit for nothing

Of all s this one is nearest to the block: ‖x − s·sign(x)‖² is least at the mean of |x|.  With n numbers it is then

    ‖x − x̂‖²  =  ‖x‖² − n·s²  ≤  (1 − 1/n)·‖x‖²              for n·s = ‖x‖₁ ≥ ‖x‖

So one message may say next to nothing, if one number of a block is large and all others are small: the large one
arrives as a small one, and the small ones arrive as large as that.  But it always says *something*, by at least a 64th
of the squared length, and that is enough for feedback.  Without feedback `sign` is of little use.

Source: Karimireddy et al. 2019, "Error Feedback Fixes SignSGD"; Seide et al. 2014, "1-Bit Stochastic Gradient Descent".
"""

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.transport.codecs import scales
from fgm_ref.transport.codecs.bits import pack, unpack
from fgm_ref.transport.codecs.plain import LENGTH, Coded, Float32


class Sign(Float32):
    """1 bit a number: −s or s."""

    name = "sign"
    bytes = "⌈D/8⌉ + 2·⌈D/64⌉"
    lossless = False
    block, floor, most = scales.BLOCK, 2 * scales.FLOOR, scales.MOST
    share = 1.0
    contraction = (1 - 1 / scales.BLOCK) ** 0.5
    norm = LENGTH

    def encode(self, x: Array) -> Coded:
        """x (D,) -> ⌈D/8⌉ bytes of signs, and the scales."""
        return pack(x >= 0, bits=1), scales.half(scales.mean(x))

    def decode(self, coded: Coded, D: int) -> Array:
        """s·sign(x), (D,)."""
        packed, s = coded
        signs = 2 * unpack(packed, 1, D).astype(np.int8) - 1
        return signs * scales.spread(s.astype(np.float32), D)
